//! Keys and rows: the tenant is part of each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::Digest;

/// Whose history it is: one for each tenant, thread and agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryKey {
    /// The tenant.
    pub tenant: String,
    /// The thread.
    pub thread: String,
    /// The agent.
    pub agent: String,
}

/// The end of a run's journal. Number 0 stands for an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The number of the last record.
    pub seq: u64,
    /// The digest of the chain up to it.
    pub digest: Digest,
}

/// One record of a journal, with its link in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRecord {
    /// Its number in the run, from 1.
    pub seq: u64,
    /// The digest of the chain up to and including it.
    pub digest: Digest,
    /// The record.
    pub record: Value,
}

/// A value with the number of times it was written; 0 stands for never.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versioned<T> {
    /// How often it was written.
    pub version: u64,
    /// What was written last.
    pub value: T,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Somebody drives it.
    Running,
    /// It waits for a human.
    Paused,
    /// It gave its output.
    Finished,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl RunStatus {
    /// Whether the run keeps its thread busy.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// One run, as the store lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRow {
    /// Whose it is.
    pub tenant: String,
    /// Its id.
    pub run_id: String,
    /// Its thread, when it has one.
    #[serde(default)]
    pub thread: Option<String>,
    /// The id by which a repeated call joins it.
    #[serde(default)]
    pub request_id: Option<String>,
    /// Where it stands.
    pub status: RunStatus,
    /// What its interpreter keeps with it: spec digest, loop state, output.
    #[serde(default)]
    pub body: Value,
}
