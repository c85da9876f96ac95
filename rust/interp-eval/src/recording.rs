//! A recording: the records of a run in JSON.

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::journal::Record;
pub use flowai_core::journal::{Entry, Failure, Outcome, Revive};
use flowai_core::json::decode;
use flowai_core::machine::RunContext;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The version of the format; a newer one is refused.
pub const VERSION: u32 = 1;

/// One run, as it was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The version of the format.
    pub version: u32,
    /// The run.
    pub run_id: String,
    /// The conversation, when there was one.
    pub thread_id: Option<String>,
    /// The tenant.
    pub tenant: String,
    /// When it began, in milliseconds.
    pub started_at: i64,
    /// The seed of its schedule, when there was one.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Whether sleeps were answered by someone; otherwise they pass in virtual time, and are not replayed.
    #[serde(default)]
    pub real_time: bool,
    /// The run that this one left, where it is a fork of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// What happened, in one total order.
    pub entries: Vec<Entry>,
}

/// Where a fork left another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The run that it left.
    pub run_id: String,
    /// The first position that was answered anew.
    pub position: String,
}

/// How a run was scheduled, so that a replay is scheduled alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// When it began, in milliseconds.
    pub started_at: i64,
    /// The seed, when there was one.
    pub seed: Option<u64>,
    /// Whether sleeps were answered by someone.
    pub real_time: bool,
}

impl Recording {
    /// The recording of a run.
    ///
    /// # Errors
    /// [`FaultKind::ValueNotJson`] when a value of it has no JSON form.
    pub fn of(context: &RunContext, schedule: Schedule, records: &[Record]) -> Result<Self, Fault> {
        let mut entries = Vec::with_capacity(records.len());
        records.iter().try_for_each(|record| Entry::write(record, &mut entries))?;
        let RunContext { run_id, thread_id, tenant, .. } = context.clone();
        let Schedule { started_at, seed, real_time } = schedule;
        Ok(Self { version: VERSION, run_id, thread_id, tenant, started_at, seed, real_time, parent: None, entries })
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// [`FaultKind::StorageError`] when it is none, or of a newer version.
    pub fn read(written: Json) -> Result<Self, Fault> {
        let version = written.get("version").and_then(Json::as_u64);
        if version.is_some_and(|version| version > u64::from(VERSION)) {
            let message =
                format!("the recording has version {}, and this release reads {VERSION}", version.unwrap_or_default());
            return Err(Fault::new(FaultKind::StorageError, message)
                .hint("replay it with the release that recorded it, or a newer one"));
        }
        decode(written).map_err(|error| Fault::new(FaultKind::StorageError, format!("this is no recording: {error}")))
    }
}
