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
    /// The digest of the record's canonical form, which the chain is made of.
    pub content: Digest,
    /// The record; none where it was erased, which leaves the chain whole.
    pub record: Option<Value>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How often it was claimed; whoever claimed it last may write its journal.
    #[serde(default)]
    pub epoch: u64,
    /// The process that drives it, when one does.
    #[serde(default)]
    pub owner: Option<String>,
    /// Until when nobody else may claim it, in milliseconds; the owner renews it.
    #[serde(default)]
    pub lease_until: i64,
    /// When it began, in milliseconds.
    #[serde(default)]
    pub started_at: i64,
    /// What is needed to go on with it: what it runs, the digest of its spec, how it ended.
    #[serde(default)]
    pub body: Value,
}

impl RunRow {
    /// Whether somebody else may claim it: it is not over, and nobody drives it or the lease is over.
    #[must_use]
    pub fn is_free(&self, now: i64) -> bool {
        self.status.is_active() && (self.owner.is_none() || self.lease_until <= now)
    }
}

/// Proof of a claim: a batch with it is refused once somebody else has claimed the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Whose run.
    pub tenant: String,
    /// Which run.
    pub run_id: String,
    /// The epoch of the claim.
    pub epoch: u64,
}

/// Which runs to list; what is absent or empty narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Whose runs.
    pub tenant: Option<String>,
    /// Of which thread.
    pub thread: Option<String>,
    /// Which call began it.
    pub request_id: Option<String>,
    /// Where they stand.
    pub statuses: Vec<RunStatus>,
}

impl RunFilter {
    /// The runs of a tenant.
    #[must_use]
    pub fn of(tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..Self::default() }
    }

    /// Those of one thread.
    #[must_use]
    pub fn in_thread(self, thread: &str) -> Self {
        Self { thread: Some(thread.to_owned()), ..self }
    }

    /// Those that stand so.
    #[must_use]
    pub fn standing(self, statuses: &[RunStatus]) -> Self {
        Self { statuses: statuses.to_vec(), ..self }
    }

    /// Whether a run is one of them.
    #[must_use]
    pub fn takes(&self, row: &RunRow) -> bool {
        self.tenant.as_ref().is_none_or(|tenant| *tenant == row.tenant)
            && (self.thread.is_none() || self.thread == row.thread)
            && (self.request_id.is_none() || self.request_id == row.request_id)
            && (self.statuses.is_empty() || self.statuses.contains(&row.status))
    }
}
