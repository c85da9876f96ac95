//! A store that writes behind: what is written is visible at once, and a thread makes it durable in groups.

mod overlay;
mod queue;
mod view;

use std::process;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::json::Digest;
use flowai_core::plans::PlanInstance;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{
    Batch, Damage, Head, Herald, HistoryKey, RunFilter, RunRow, Store, StoreError, StoredRecord, Versioned, Write,
};
use serde_json::Value;

use self::queue::{Job, Queue, State, closed};
use self::view::key;
use crate::medium::Medium;

/// How long the store waits, when it is dropped, for what was queued.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes behind a medium: one thread makes durable, in groups, what everybody sees already.
///
/// # Laws
/// - What was submitted is read back at once, by whoever reads from this store.
/// - A herald hears of its batch once that is durable, or will never be; no lock is held meanwhile.
/// - Reading never waits for the disk to take what is written.
pub struct Behind {
    reader: Box<dyn Store>,
    queue: Arc<Queue>,
    writer: Option<thread::JoinHandle<()>>,
    ended: mpsc::Receiver<()>,
    process: u32,
}

impl Behind {
    /// Over a medium, and another view of the same.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`] when there can be no thread.
    pub fn new(medium: Box<dyn Medium>, reader: Box<dyn Store>) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::default());
        let (end, ended) = mpsc::channel::<()>();
        let (theirs, mut medium) = (Arc::clone(&queue), medium);
        let work = move || {
            queue::write(&theirs, &mut *medium);
            drop((medium, end));
        };
        let writer = thread::Builder::new().name("flowai-store".to_owned()).spawn(work);
        let writer = writer.map_err(|fault| StoreError::Medium { message: format!("no thread to write: {fault}") })?;
        Ok(Self { reader, queue, writer: Some(writer), ended, process: process::id() })
    }

    /// The thread that writes is not there in a forked child, and a lock may be held for ever.
    fn live(&self) -> Result<(), StoreError> {
        if self.process == process::id() {
            return Ok(());
        }
        let message = "the store was opened before this process was forked; open it anew";
        Err(StoreError::Medium { message: message.to_owned() })
    }

    /// Reads what is visible.
    fn see<T>(&self, look: impl FnOnce(&State, &dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.live()?;
        look(&self.queue.lock(), &*self.reader)
    }

    /// Makes a batch visible with what its run staged, and queues it.
    fn enqueue(&mut self, run_id: Option<&str>, batch: Batch, herald: Herald) -> Result<(), (StoreError, Herald)> {
        if let Err(fault) = self.live() {
            return Err((fault, herald));
        }
        let mut state = self.queue.lock();
        if state.is_closed {
            return Err((closed(), herald));
        }
        let ticket = state.ticket();
        let (mut tickets, staged) = run_id.and_then(|run_id| state.staged.remove(run_id)).unwrap_or_default();
        if let Err(fault) = state.overlay.write(&*self.reader, ticket, &batch) {
            state.overlay.remove(&|other| tickets.contains(&other));
            return Err((fault, herald));
        }
        tickets.push(ticket);
        state.queue.push_back(Job::Batch(tickets, staged.then(batch), herald));
        self.queue.ring();
        Ok(())
    }

    /// Lets the writer do something, and waits for what it gives.
    fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut dyn Medium) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.live()?;
        let (answer, answered) = mpsc::channel();
        let task = move |medium: &mut dyn Medium| drop(answer.send(work(medium)));
        {
            let mut state = self.queue.lock();
            if state.is_closed {
                return Err(closed());
            }
            state.queue.push_back(Job::Task(Box::new(task)));
            self.queue.ring();
        }
        answered.recv().unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let Some(writer) = self.writer.take() else { return };
        if self.process != process::id() {
            // Neither the thread nor its connection are this process's.
            std::mem::forget((writer, Arc::clone(&self.queue)));
            return;
        }
        self.queue.lock().is_closed = true;
        self.queue.ring();
        // The writer itself may drop the store, in a herald.
        if writer.thread().id() != thread::current().id() {
            let _ = self.ended.recv_timeout(PATIENCE);
        }
    }
}

impl Store for Behind {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let (tell, told) = mpsc::channel();
        let herald = Box::new(move |outcome| drop(tell.send(outcome)));
        self.enqueue(None, batch, herald).map_err(|(fault, _)| fault)?;
        told.recv().unwrap_or_else(|_| Err(closed()))
    }

    fn is_durable(&self) -> bool {
        self.reader.is_durable()
    }

    fn stage(&mut self, run_id: &str, batch: Batch) -> Result<(), StoreError> {
        self.live()?;
        let mut state = self.queue.lock();
        let ticket = state.ticket();
        state.overlay.write(&*self.reader, ticket, &batch)?;
        let (mut tickets, staged) = state.staged.remove(run_id).unwrap_or_default();
        tickets.push(ticket);
        state.staged.insert(run_id.to_owned(), (tickets, staged.then(batch)));
        Ok(())
    }

    fn submit(&mut self, run_id: &str, batch: Batch, herald: Herald) {
        let Err((fault, herald)) = self.enqueue(Some(run_id), batch, herald) else { return };
        let mut state = if self.live().is_ok() { self.queue.lock() } else { return herald(Err(fault)) };
        if state.is_closed {
            drop(state);
            return herald(Err(fault));
        }
        // The writer tells it: the caller may hold a lock that the herald wants.
        state.queue.push_back(Job::Task(Box::new(move |_| herald(Err(fault)))));
        self.queue.ring();
    }

    fn abandon(&mut self, run_id: &str) {
        if self.live().is_err() {
            return;
        }
        let mut state = self.queue.lock();
        if let Some((tickets, _)) = state.staged.remove(run_id) {
            state.overlay.remove(&|ticket| tickets.contains(&ticket));
        }
    }

    fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        self.see(|state, reader| {
            let medium = reader.journal(tenant, run_id, after)?;
            Ok(state.overlay.journal(medium, &key(tenant, run_id), after))
        })
    }

    fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        self.see(|state, reader| state.overlay.head(reader, tenant, run_id))
    }

    fn verified(&self, tenant: &str, run_id: &str) -> Result<Vec<StoredRecord>, StoreError> {
        self.see(|state, reader| {
            let medium = reader.verified(tenant, run_id)?;
            Ok(state.overlay.journal(medium, &key(tenant, run_id), 0))
        })
    }

    fn check(&self) -> Result<Vec<Damage>, StoreError> {
        // What is not durable yet is not looked at, so that no lock is held meanwhile.
        self.live()?;
        self.reader.check()
    }

    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        self.see(|state, reader| state.overlay.run(reader, tenant, run_id))
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        self.see(|state, reader| state.overlay.list_runs(reader, filter))
    }

    fn unattended(&self, now: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.see(|state, reader| state.overlay.unattended(reader, now))
    }

    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError> {
        self.live()?;
        let is_theirs = |row: &RunRow| row.owner.as_deref() == Some(owner) && row.status.is_active();
        {
            let mut state = self.queue.lock();
            state.overlay.runs.each(&mut |row| {
                if is_theirs(&row.value) {
                    row.value.lease_until = until;
                }
            });
            // What is staged becomes durable later, and must not shorten the lease by then.
            let staged = state.staged.values_mut().flat_map(|(_, batch)| &mut batch.writes);
            staged.for_each(|write| match write {
                Write::Run { row, .. } if is_theirs(row) => row.lease_until = until,
                _ => {}
            });
        }
        let owner = owner.to_owned();
        self.ask(move |medium| medium.renew(&owner, until))
    }

    fn changes(&self) -> Result<u64, StoreError> {
        self.live()?;
        self.reader.changes()
    }

    fn content(&self, tenant: &str, digest: &Digest) -> Result<Option<Value>, StoreError> {
        self.see(|state, reader| {
            let written = state.overlay.contents.last(&(tenant.to_owned(), *digest));
            written.map_or_else(|| reader.content(tenant, digest), |body| Ok(Some(body.clone())))
        })
    }

    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        let (tenant, thread) = (tenant.to_owned(), thread.to_owned());
        self.ask(move |medium| medium.erase_thread(&tenant, &thread))
    }

    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        self.see(|state, reader| state.overlay.history(reader, key))
    }

    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError> {
        self.see(|state, reader| {
            let written = state.overlay.plans.last(&key(tenant, plan_id));
            written.map_or_else(|| reader.plan(tenant, plan_id), |row| Ok(Some(row.clone())))
        })
    }

    fn current_plan(&self, tenant: &str, thread: &str, plan: Option<&str>) -> Result<Option<String>, StoreError> {
        self.see(|state, reader| {
            let key = (tenant.to_owned(), thread.to_owned(), plan.map(str::to_owned));
            let written = state.overlay.current_plans.last(&key);
            written.map_or_else(|| reader.current_plan(tenant, thread, plan), |plan_id| Ok(Some(plan_id.clone())))
        })
    }

    fn approval(&self, tenant: &str, approval_id: &str) -> Result<Option<Versioned<Approval>>, StoreError> {
        self.see(|state, reader| {
            let written = state.overlay.approvals.last(&key(tenant, approval_id));
            written.map_or_else(|| reader.approval(tenant, approval_id), |row| Ok(Some(row.clone())))
        })
    }

    fn pending_approvals(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<Approval>>, StoreError> {
        self.see(|state, reader| state.overlay.pending(reader, tenant, thread))
    }

    fn spending(&self, tenant: &str, thread: &str) -> Result<Option<Versioned<Spent>>, StoreError> {
        self.see(|state, reader| {
            let written = state.overlay.spending.last(&key(tenant, thread));
            written.map_or_else(|| reader.spending(tenant, thread), |row| Ok(Some(row.clone())))
        })
    }

    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        self.see(|state, reader| state.overlay.reference(reader, tenant, handle))
    }

    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        let pinned = pinned.to_vec();
        self.ask(move |medium| medium.sweep(before, &pinned))
    }

    fn tend(&mut self, now: i64) -> Result<(), StoreError> {
        self.live()?;
        self.queue.lock().now = Some(now);
        self.queue.ring();
        Ok(())
    }
}
