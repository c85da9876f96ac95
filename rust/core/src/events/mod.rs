//! The events: what happened, told in the past tense.

mod body;
mod project;
mod usage;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use body::{EventBody, RequestedCall};
pub use project::Projector;
pub use usage::Totals;

/// One thing that happened, with where and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number within the run, from 1; transient events have none.
    pub seq: Option<u64>,
    /// The run.
    pub run_id: Arc<str>,
    /// The conversation, when there is one.
    pub thread_id: Option<Arc<str>>,
    /// The tenant.
    pub tenant: Option<Arc<str>>,
    /// The agent whose loop was at work.
    pub agent: Option<Arc<str>>,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Where in the program.
    pub position: Arc<str>,
    /// The position of the ask around it.
    pub parent: Option<Arc<str>>,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}
