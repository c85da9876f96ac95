//! The inbox of a session: news from any thread, until the driver comes for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::AskId;
use flowai_core::position::Position;
use flowai_core::value::{Outcome, Value};
use flowai_interp_live::Alarm;
use serde_json::Value as Json;

use crate::bell::{Rope, runtime};

/// News for a session, from any thread.
pub enum News {
    Answered(AskId, Outcome),
    WorkedOut(AskId, Json),
    Cancel(Option<String>),
    Told(Position, EventBody),
    Tick,
}

/// Where news waits until the driver comes for it.
#[derive(Default)]
pub struct Inbox {
    news: Mutex<VecDeque<News>>,
}

impl Inbox {
    pub fn put(&self, news: News) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).push_back(news);
    }

    pub fn is_empty(&self) -> bool {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub fn take(&self) -> Option<News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// The rope to pull for a run and the run's number, once a loop drives it.
pub type HungRope = Arc<Mutex<Option<(Arc<Rope>, u64)>>>;

/// Sleeps on tokio and rings the bell of the loop that drives the run.
pub struct Sleeper {
    pub inbox: Arc<Inbox>,
    pub rope: HungRope,
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
        drop(runtime.spawn(async move {
            // A timer of tokio is a millisecond coarse, and a sleep of nothing is only a turn for others.
            if wait.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(wait).await;
            }
            inbox.put(News::Answered(id, Ok(Value::null())));
            if let Some((rope, run)) = rope.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                rope.ring(*run);
            }
        }));
    }
}
