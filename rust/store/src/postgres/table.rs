//! The tables of versioned rows: what stands in columns of its own, to be found by.

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::plans::PlanInstance;
use flowai_core::store::RunRow;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cell::{Cell, Kind};

/// One table. Its names are ours alone, so that they may stand in SQL.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name.
    pub name: &'static str,
    /// What one row is, for messages.
    pub noun: &'static str,
    /// What rows are found by; the seal covers it.
    pub columns: &'static [(&'static str, Kind)],
    /// What changes without a new version, outside of the seal.
    pub loose: &'static [(&'static str, Kind)],
}

const fn table(name: &'static str, noun: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, noun, columns, loose: &[] }
}

pub(super) static RUNS: Table = Table {
    name: "runs",
    noun: "run",
    columns: &[
        ("thread", Kind::Text),
        ("request_id", Kind::Text),
        ("status", Kind::Text),
        ("epoch", Kind::Number),
        ("owner", Kind::Text),
        ("started_at", Kind::Number),
    ],
    loose: &[("lease_until", Kind::Number), ("lease_seal", Kind::Bytes)],
};
pub(super) static HEADS: Table = table("heads", "head", &[]);
pub(super) static HISTORIES: Table = table("histories", "history", &[("thread", Kind::Text)]);
pub(super) static PLANS: Table = table("plans", "plan", &[("thread", Kind::Text), ("status", Kind::Text)]);
pub(super) static CURRENT_PLANS: Table =
    table("current_plans", "current plan", &[("thread", Kind::Text), ("plan_id", Kind::Text)]);
pub(super) static APPROVALS: Table = table(
    "approvals",
    "approval",
    &[
        ("run_id", Kind::Text),
        ("thread", Kind::Text),
        ("status", Kind::Text),
        ("asked_at", Kind::Number),
        ("expires_at", Kind::Number),
    ],
);
pub(super) static SPENDING: Table = table("spending", "spending", &[]);
pub(super) static ENTRIES: Table = table("entries", "reference", &[("expires_at", Kind::Number)]);
pub(super) static CONTENTS: Table = table("contents", "content", &[]);

/// Every table of versioned rows, in the order in which transactions lock them: nobody waits in a circle.
pub(super) static TABLES: [&Table; 9] =
    [&RUNS, &HEADS, &HISTORIES, &PLANS, &CURRENT_PLANS, &APPROVALS, &SPENDING, &ENTRIES, &CONTENTS];

impl Table {
    /// Its place among the tables.
    pub fn order(&self) -> usize {
        TABLES.iter().position(|table| table.name == self.name).unwrap_or(TABLES.len())
    }

    /// The columns beside those that every table has.
    pub fn own(&self) -> impl Iterator<Item = &(&'static str, Kind)> {
        self.columns.iter().chain(self.loose)
    }

    /// Every column, as SQL names them in a row.
    pub fn names(&self) -> String {
        let all = ["tenant", "id", "version", "body", "seal"].into_iter().chain(self.own().map(|(name, _)| *name));
        all.collect::<Vec<_>>().join(", ")
    }

    /// Reads the rows of which a condition in SQL holds.
    pub fn select(&self, condition: &str) -> String {
        format!("SELECT {} FROM {} WHERE {condition}", self.names(), self.name)
    }
}

/// A value that is kept whole in a row of its own.
pub(super) trait Kept: Serialize + DeserializeOwned {
    /// Where.
    fn table() -> &'static Table;

    /// What it is found by, in the order of the table's columns.
    fn cells(&self) -> Vec<Cell>;
}

impl Kept for RunRow {
    fn table() -> &'static Table {
        &RUNS
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Text(self.thread.clone()),
            Cell::Text(self.request_id.clone()),
            word(&self.status),
            Cell::number(self.epoch),
            Cell::Text(self.owner.clone()),
            Cell::Number(self.started_at),
        ]
    }
}

impl Kept for PlanInstance {
    fn table() -> &'static Table {
        &PLANS
    }

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.thread()), word(&self.status())]
    }
}

impl Kept for Approval {
    fn table() -> &'static Table {
        &APPROVALS
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.bound.run_id),
            Cell::Text(self.thread_id.clone()),
            word(&self.status),
            Cell::Number(self.asked_at),
            Cell::Number(self.expires_at),
        ]
    }
}

impl Kept for Spent {
    fn table() -> &'static Table {
        &SPENDING
    }

    fn cells(&self) -> Vec<Cell> {
        Vec::new()
    }
}

/// A unit variant as its name.
pub(super) fn word(value: &impl Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => Cell::Text(Some(text)),
        _ => Cell::Text(None),
    }
}
