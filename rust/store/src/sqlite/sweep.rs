//! Sweeping: what is over is dropped, what a human is asked about or a plan needs stays.

use std::collections::BTreeSet;

use flowai_core::approvals::Approval;
use flowai_core::plans::{PlanInstance, PlanStatus};
use flowai_core::references::Handle;
use flowai_core::store::StoreError;
use serde_json::Value;

use super::rows::{Row, Rows, text};
use super::table::{APPROVALS, CURRENT_PLANS, ENTRIES, PLANS, loaded, stored, word};

/// How long an approval is kept after its expiry, and a plan after it last changed: 30 days.
const RETENTION_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How much is written, at least, from one sweep to the next.
pub(super) const WRITTEN_MIN: usize = 64;

/// What keeps rows that are over.
#[derive(Default)]
struct Needed {
    /// By tenant and handle.
    pins: BTreeSet<(String, String)>,
    /// The plans that somebody is asked about.
    plans: BTreeSet<(String, String)>,
}

impl Rows<'_> {
    /// Drops what is over; tells how much.
    pub(super) fn sweep(&self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        let end = before.saturating_sub(RETENTION_MS);
        let approvals = self.select(&APPROVALS, "expires_at <= ?1", &[end.into()])?;
        approvals.iter().try_for_each(|row| self.drop(&APPROVALS, row))?;
        let mut needed = self.asked_about(before)?;
        let plans = self.drop_plans(before, &mut needed)?;
        let over = self.select(&ENTRIES, "expires_at <= ?1", &[before.into()])?;
        let pinned: BTreeSet<String> = pinned.iter().map(Handle::to_string).collect();
        let is_needed =
            |row: &&Row| pinned.contains(&row.id) || needed.pins.contains(&(row.tenant.clone(), row.id.clone()));
        let over: Vec<&Row> = over.iter().filter(|row| !is_needed(row)).collect();
        over.iter().try_for_each(|row| self.drop(&ENTRIES, row))?;
        Ok(approvals.len().saturating_add(plans).saturating_add(over.len()))
    }

    /// What a human is asked about.
    fn asked_about(&self, before: i64) -> Result<Needed, StoreError> {
        let mut needed = Needed::default();
        for row in self.select(&APPROVALS, "status = 'pending' AND expires_at > ?1", &[before.into()])? {
            let bound = self.typed::<Approval>(&row)?.value.bound;
            pin(&row.tenant, &bound.subject, &mut needed.pins);
            needed.plans.extend(bound.plan_id.map(|plan| (row.tenant.clone(), plan)));
        }
        Ok(needed)
    }

    /// A plan is old once it has not changed for long, nothing of it runs and nobody is asked about it.
    fn drop_plans(&self, before: i64, needed: &mut Needed) -> Result<usize, StoreError> {
        let mut dropped = 0_usize;
        for row in self.select(&PLANS, "1", &[])? {
            let since = self.unchanged_since(&row, before)?;
            let runs = row.cells.get(1) == Some(&word(&PlanStatus::Executing));
            let asked = needed.plans.contains(&(row.tenant.clone(), row.id.clone()));
            if runs || asked || before.saturating_sub(since) < RETENTION_MS {
                let plan = self.typed::<PlanInstance>(&row)?.value;
                if !plan.status().is_final() {
                    pin(&row.tenant, plan.body(), &mut needed.pins);
                }
            } else {
                self.drop(&PLANS, &row)?;
                dropped = dropped.saturating_add(1);
            }
        }
        self.run(
            "DELETE FROM unchanged WHERE NOT EXISTS
            (SELECT 1 FROM plans WHERE plans.tenant = unchanged.tenant AND plans.id = unchanged.id)",
            &[],
        )?;
        let lone = "NOT EXISTS
            (SELECT 1 FROM plans WHERE plans.tenant = current_plans.tenant AND plans.id = current_plans.plan_id)";
        for row in self.select(&CURRENT_PLANS, lone, &[])? {
            self.drop(&CURRENT_PLANS, &row)?;
        }
        Ok(dropped)
    }

    /// When a sweep first saw the version that stands.
    fn unchanged_since(&self, row: &Row, before: i64) -> Result<i64, StoreError> {
        let named = [text(&row.tenant), text(&row.id), stored(row.version).into()];
        let sql = "SELECT since FROM unchanged WHERE tenant = ?1 AND id = ?2 AND version = ?3";
        if let Some(since) = self.number(sql, &named)? {
            return Ok(since);
        }
        self.touched.borrow_mut().is_noted = true;
        let [tenant, id, version] = named;
        self.run("INSERT OR REPLACE INTO unchanged VALUES (?1, ?2, ?3, ?4)", &[tenant, id, version, before.into()])?;
        Ok(before)
    }

    /// How many rows a sweep looks at.
    pub(super) fn swept_rows(&self) -> Result<usize, StoreError> {
        let sql =
            "SELECT (SELECT count(*) FROM entries) + (SELECT count(*) FROM approvals) + (SELECT count(*) FROM plans)";
        let count = self.number(sql, &[])?.map(loaded).unwrap_or_default();
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

/// Collects the references that a value names.
fn pin(tenant: &str, value: &Value, pins: &mut BTreeSet<(String, String)>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if let Ok(handle) = Handle::read(value) {
            pins.insert((tenant.to_owned(), handle.to_string()));
        }
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
