//! The tables of versioned rows: what stands in columns of its own, to be found by.

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::plans::PlanInstance;
use flowai_core::store::RunRow;
use rusqlite::types::Value as Cell;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One table. Its names are ours alone, so that they may stand in SQL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    /// Its name.
    pub name: &'static str,
    /// What one row is, for messages.
    pub noun: &'static str,
    /// What rows are found by; the seal covers it.
    pub columns: &'static [&'static str],
    /// What changes without a new version, outside of the seal.
    pub loose: &'static [&'static str],
}

const fn table(name: &'static str, noun: &'static str, columns: &'static [&'static str]) -> Table {
    Table { name, noun, columns, loose: &[] }
}

pub(super) const RUNS: Table = Table {
    name: "runs",
    noun: "run",
    columns: &["thread", "request_id", "status", "epoch", "owner", "started_at"],
    loose: &["lease_until", "lease_seal"],
};
pub(super) const PLANS: Table = table("plans", "plan", &["thread", "status"]);
pub(super) const APPROVALS: Table =
    table("approvals", "approval", &["run_id", "thread", "status", "asked_at", "expires_at"]);
pub(super) const SPENDING: Table = table("spending", "spending", &[]);
pub(super) const HISTORIES: Table = table("histories", "history", &["thread"]);
pub(super) const CURRENT_PLANS: Table = table("current_plans", "current plan", &["thread", "plan_id"]);
pub(super) const ENTRIES: Table = table("entries", "reference", &["expires_at"]);
pub(super) const CONTENTS: Table = table("contents", "content", &[]);

/// Every table of versioned rows.
pub(super) const TABLES: [Table; 8] = [RUNS, PLANS, APPROVALS, SPENDING, HISTORIES, CURRENT_PLANS, ENTRIES, CONTENTS];

/// A value that is kept whole in a row of its own.
pub(super) trait Kept: Serialize + DeserializeOwned {
    /// Where.
    const TABLE: Table;

    /// What it is found by, in the order of the table's columns.
    fn cells(&self) -> Vec<Cell>;
}

impl Kept for RunRow {
    const TABLE: Table = RUNS;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.thread.clone().into(),
            self.request_id.clone().into(),
            word(&self.status),
            stored(self.epoch).into(),
            self.owner.clone().into(),
            self.started_at.into(),
        ]
    }
}

impl Kept for PlanInstance {
    const TABLE: Table = PLANS;

    fn cells(&self) -> Vec<Cell> {
        vec![self.thread().to_owned().into(), word(&self.status())]
    }
}

impl Kept for Approval {
    const TABLE: Table = APPROVALS;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.bound.run_id.clone().into(),
            self.thread_id.clone().into(),
            word(&self.status),
            self.asked_at.into(),
            self.expires_at.into(),
        ]
    }
}

impl Kept for Spent {
    const TABLE: Table = SPENDING;

    fn cells(&self) -> Vec<Cell> {
        Vec::new()
    }
}

/// A unit variant as its name.
pub(super) fn word(value: &impl Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text.into(),
        _ => Cell::Null,
    }
}

/// A number as SQLite keeps it; none of ours is as large as its bound.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as it was before it was kept.
pub(super) fn loaded(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
