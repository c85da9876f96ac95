//! Batches: what becomes durable together or not at all.

use serde_json::Value;

use super::keys::{Fence, HistoryKey, RunRow};
use crate::approvals::Approval;
use crate::budget::Spent;
use crate::plans::PlanInstance;
use crate::references::Entry;

/// One thing to write. Versions and numbers are those that the writer last read.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a batch holds few writes, and not for long")]
pub enum Write {
    /// Records at the end of a run's journal.
    Append {
        /// Whose run.
        tenant: String,
        /// Which run.
        run_id: String,
        /// The number of the last record before these.
        after: u64,
        /// The records.
        records: Vec<Value>,
    },
    /// A run's row.
    Run {
        /// The version that stands; 0 for a new run.
        version: u64,
        /// The row.
        row: RunRow,
    },
    /// Messages of a history, in place of those from a number on.
    History {
        /// Whose history.
        key: HistoryKey,
        /// How many earlier messages stay.
        keep: usize,
        /// The messages after them.
        messages: Vec<Value>,
    },
    /// A plan.
    Plan {
        /// The version that stands; 0 for a new plan.
        version: u64,
        /// The plan.
        plan: PlanInstance,
    },
    /// The plan of its type that a thread means when it names none.
    CurrentPlan {
        /// Whose thread.
        tenant: String,
        /// Which thread.
        thread: String,
        /// The plan's type.
        plan: String,
        /// The plan.
        plan_id: String,
    },
    /// An approval.
    Approval {
        /// The version that stands; 0 for a new approval.
        version: u64,
        /// The approval.
        approval: Approval,
    },
    /// What a thread has used.
    Spending {
        /// The version that stands; 0 for a thread that used nothing yet.
        version: u64,
        /// Whose thread.
        tenant: String,
        /// Which thread.
        thread: String,
        /// All that it has used.
        spent: Spent,
    },
    /// A reference; equal content is renewed and keeps one body.
    Reference(Entry),
    /// A value that is found by the digest of its canonical form; equal values are kept once.
    Content {
        /// Whose value.
        tenant: String,
        /// The value.
        body: Value,
    },
}

/// What becomes durable together, in the order given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// The writes; a later one builds on an earlier one of the same thing.
    pub writes: Vec<Write>,
    /// The claim under which they are made, where they are those of a run's owner.
    pub fence: Option<Fence>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The batch under a claim.
    #[must_use]
    pub fn under(mut self, fence: Option<Fence>) -> Self {
        self.fence = fence;
        self
    }

    /// The batch with all that another one writes, under the claim of either.
    #[must_use]
    pub fn then(mut self, more: Self) -> Self {
        self.writes.extend(more.writes);
        self.fence = more.fence.or(self.fence);
        self
    }

    /// The batch with one more write.
    #[must_use]
    pub fn with(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }
}

impl Write {
    /// Names what is written, for messages and for finding it twice.
    #[must_use]
    pub fn key(&self) -> String {
        let parts: Vec<&str> = match self {
            Self::Append { tenant, run_id, .. } => vec!["journal", tenant, run_id],
            Self::Run { row, .. } => vec!["run", &row.tenant, &row.run_id],
            Self::History { key, .. } => vec!["history", &key.tenant, &key.thread, &key.agent],
            Self::Plan { plan, .. } => vec!["plan", plan.tenant(), plan.id()],
            Self::CurrentPlan { tenant, thread, plan, .. } => vec!["current plan", tenant, thread, plan],
            Self::Approval { approval, .. } => {
                vec!["approval", &approval.bound.tenant, &approval.id]
            }
            Self::Spending { tenant, thread, .. } => vec!["spending", tenant, thread],
            Self::Reference(entry) => {
                vec!["reference", &entry.tenant, &entry.handle.kind, &entry.handle.id]
            }
            Self::Content { tenant, .. } => vec!["content", tenant],
        };
        // Debug quotes each part, so that no two keys read alike.
        parts.iter().map(|part| format!("{part:?}")).collect::<Vec<_>>().join(" ")
    }
}
