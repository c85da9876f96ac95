//! The queue between those who write and the thread that makes it durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use flowai_core::store::{Batch, Herald, StoreError};

use super::overlay::{Overlay, Ticket};
use crate::medium::Medium;

/// Work for the writer that is no batch.
pub(super) type Task = Box<dyn FnOnce(&mut dyn Medium) + Send>;

/// What waits for the writer.
pub(super) enum Job {
    /// A batch, with the tickets under which it is visible.
    Batch(Vec<Ticket>, Batch, Herald),
    Task(Task),
}

/// What writers and readers share.
#[derive(Default)]
pub(super) struct State {
    pub overlay: Overlay,
    /// What each run staged, with its tickets.
    pub staged: BTreeMap<String, (Vec<Ticket>, Batch)>,
    pub queue: VecDeque<Job>,
    /// The time that was told last, until the writer has tended the medium by it.
    pub now: Option<i64>,
    pub is_closed: bool,
    tickets: Ticket,
}

impl State {
    pub fn ticket(&mut self) -> Ticket {
        self.tickets = self.tickets.saturating_add(1);
        self.tickets
    }
}

/// The state, and the bell by which the writer is woken.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

impl Queue {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ring(&self) {
        self.bell.notify_one();
    }
}

/// How many batches become durable together, at most.
const GROUP_MAX: usize = 1_024;

/// Makes durable what is queued, until the queue is closed.
pub(super) fn write(queue: &Arc<Queue>, medium: &mut dyn Medium) {
    let _closing = Closing(Arc::clone(queue));
    while let Some((jobs, now)) = next(queue) {
        let (mut tickets, mut batches, mut heralds) = (Vec::new(), Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Batch(under, batch, herald) => {
                    tickets.extend(under);
                    batches.push(batch);
                    heralds.push(herald);
                }
                Job::Task(task) => {
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(medium)));
                }
            }
        }
        if !batches.is_empty() {
            let outcomes = medium.commit_group(batches);
            let gone: BTreeSet<Ticket> = tickets.into_iter().collect();
            queue.lock().overlay.remove(&|ticket| gone.contains(&ticket));
            heralds.into_iter().zip(outcomes).for_each(|(herald, outcome)| tell(herald, outcome));
        }
        if let Some(now) = now {
            // A sweep that fails leaves more behind than need be, and is tried again.
            let _ = medium.tend(now);
        }
    }
}

/// A herald that panics is the caller's fault and does not end the writer.
fn tell(herald: Herald, outcome: Result<(), StoreError>) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| herald(outcome)));
}

/// All batches that are queued, or one task; none when nothing will come any more.
fn next(queue: &Queue) -> Option<(Vec<Job>, Option<i64>)> {
    let mut state = queue.lock();
    while state.queue.is_empty() {
        if let Some(now) = state.now.take() {
            return Some((Vec::new(), Some(now)));
        }
        if state.is_closed {
            return None;
        }
        state = queue.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let is_batch = |job: &Job| matches!(job, Job::Batch(..));
    let count = state.queue.iter().take(GROUP_MAX).take_while(|job| is_batch(job)).count().max(1);
    let jobs = state.queue.drain(..count).collect();
    Some((jobs, state.now.take()))
}

/// Tells those who still wait when the writer has ended, however it did.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        let left: Vec<Job> = {
            let mut state = self.0.lock();
            state.is_closed = true;
            state.queue.drain(..).collect()
        };
        for job in left {
            if let Job::Batch(_, _, herald) = job {
                tell(herald, Err(closed()));
            }
        }
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Medium { message: "the store is closed".to_owned() }
}
