//! The inbox of a session: news from any thread, until the driver comes for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::journal::Teller;
use flowai_core::machine::AskId;
use flowai_core::position::Position;
use flowai_core::session::Session as Core;
use flowai_core::store::StoreError;
use flowai_core::value::{Outcome, Value};
use flowai_interp_live::Alarm;
use flowai_interp_live::providers::Piece;
use serde_json::Value as Json;
use tokio::task::AbortHandle;

use crate::bell::{Rope, runtime};
use crate::deltas::SharedDeltas;

/// News for a session, from any thread.
pub enum News {
    Answered(AskId, Outcome),
    WorkedOut(AskId, Json),
    Ruled(AskId, Value),
    Cancel(Option<String>),
    Told(Position, EventBody),
    /// What happened on the way of a call; of one that is over it means nothing.
    ToldOf(AskId, EventBody),
    /// A piece of an answer: of which call and attempt, its number, and what it says.
    Shown(AskId, u32, u32, Piece),
    Tick,
    /// What became of a batch that the store was given.
    Settled(u64, Result<(), StoreError>),
    /// Somebody else has written to the store.
    Changed,
}

impl News {
    /// Tells the run.
    pub fn read(self, core: &mut Core, deltas: &SharedDeltas) {
        let deltas = || deltas.lock().unwrap_or_else(PoisonError::into_inner);
        match self {
            Self::Answered(id, outcome) => core.complete(id, outcome),
            Self::WorkedOut(id, turn) => core.work_out(id, &turn),
            Self::Ruled(id, ruling) => core.rule(id, Ok(ruling)),
            Self::Cancel(reason) => core.cancel(reason),
            Self::Told(position, body) => core.tell_at(Teller::Desk, position, body),
            Self::ToldOf(id, body) => {
                let position = deltas().position(id);
                if let Some(position) = position {
                    core.tell_at(Teller::Desk, position, body);
                }
            }
            Self::Shown(id, attempt, index, piece) => deltas().show(core, id, attempt, index, piece),
            Self::Tick => core.tick(),
            Self::Settled(number, result) => core.settled(number, result),
            Self::Changed => core.notice(),
        }
    }
}

/// Where news waits until the driver comes for it.
#[derive(Default)]
pub struct Inbox {
    news: Mutex<VecDeque<News>>,
}

impl Inbox {
    /// Takes news; a piece that follows its neighbour before anybody came for that one is joined to it.
    pub fn put(&self, news: News) {
        let mut waiting = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        match (waiting.back_mut(), news) {
            (Some(News::Shown(of, earlier, _, Piece::Text(text))), News::Shown(id, attempt, _, Piece::Text(more)))
            | (
                Some(News::Shown(of, earlier, _, Piece::Thinking(text))),
                News::Shown(id, attempt, _, Piece::Thinking(more)),
            ) if (*of, *earlier) == (id, attempt) => text.push_str(&more),
            (_, news) => waiting.push_back(news),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub fn take(&self) -> Option<News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// The rope to pull for a run and the run's number, once a loop drives it; the bell belongs to the loop.
pub type HungRope = Arc<Mutex<Option<(Weak<Rope>, u64)>>>;

/// Says that there is news, where a loop drives the run.
pub fn ring(rope: &HungRope) {
    let hung = rope.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((rope, run)) = hung.as_ref()
        && let Some(rope) = rope.upgrade()
    {
        rope.ring(*run);
    }
}

/// Sleeps on tokio and rings the bell of the loop that drives the run.
pub struct Sleeper {
    inbox: Arc<Inbox>,
    rope: HungRope,
    /// What still sleeps; nothing sleeps on when nobody waits for it.
    asleep: BTreeMap<AskId, AbortHandle>,
}

impl Sleeper {
    pub fn new(inbox: &Arc<Inbox>, rope: &HungRope) -> Self {
        Self { inbox: Arc::clone(inbox), rope: Arc::clone(rope), asleep: BTreeMap::new() }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.asleep.values().for_each(AbortHandle::abort);
    }
}

impl Alarm for Sleeper {
    fn sleep(&mut self, id: AskId, wait_ms: i64) {
        let (inbox, rope) = (Arc::clone(&self.inbox), Arc::clone(&self.rope));
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        let Ok(runtime) = runtime() else {
            inbox.put(News::Answered(
                id,
                Err(Fault::new(FaultKind::EffectFailed, "the timer threads cannot be started")),
            ));
            return;
        };
        let sleeping = runtime.spawn(async move {
            // A timer of tokio is a millisecond coarse, and a sleep of nothing is only a turn for others.
            if wait.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(wait).await;
            }
            inbox.put(News::Answered(id, Ok(Value::null())));
            ring(&rope);
        });
        self.asleep.insert(id, sleeping.abort_handle());
    }

    fn forget(&mut self, id: AskId) {
        if let Some(sleeping) = self.asleep.remove(&id) {
            sleeping.abort();
        }
    }
}
