//! Sweeping a store in memory, so that a process that lives for long does not keep everything.

use std::collections::BTreeSet;

use serde_json::Value;

use super::memory::{Key, MemoryStore};
use crate::approvals::{Approval, ApprovalStatus};
use crate::plans::{PlanInstance, PlanStatus};
use crate::references::Handle;

/// How long an approval is kept after its expiry, and a plan after it last changed: 30 days.
pub(super) const RETENTION_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How much is written, at least, from one sweep to the next.
const WRITTEN_MIN: usize = 64;

impl MemoryStore {
    /// Whether so much was written since the last sweep that another one costs little beside it.
    pub(super) fn is_due(&self) -> bool {
        let rows = self.references.len().saturating_add(self.approvals.len()).saturating_add(self.plans.len());
        self.written >= WRITTEN_MIN.max(rows / 2)
    }

    /// Drops what is over; tells how much.
    pub(super) fn drop_old(&mut self, before: i64, pinned: &[Handle]) -> usize {
        self.written = 0;
        let held = self.references.len().saturating_add(self.approvals.len()).saturating_add(self.plans.len());
        self.approvals.retain(|_, row| before < row.value.expires_at.saturating_add(RETENTION_MS));
        self.drop_plans(before);
        let pins = self.pins(before);
        self.references.retain(|(tenant, handle), entry| {
            entry.is_live(before) || pinned.contains(handle) || pins.contains(&(tenant.clone(), handle.clone()))
        });
        let left = self.references.len().saturating_add(self.approvals.len()).saturating_add(self.plans.len());
        held.saturating_sub(left)
    }

    /// A plan is old once it has not changed for long, nothing of it runs and nobody is asked about it.
    fn drop_plans(&mut self, before: i64) {
        let asked: BTreeSet<Key> = self.waiting(before).filter_map(plan_of).collect();
        let (unchanged, plans) = (&mut self.unchanged, &mut self.plans);
        plans.retain(|key, row| {
            let (version, since) = unchanged.entry(key.clone()).or_insert((row.version, before));
            if *version != row.version {
                (*version, *since) = (row.version, before);
            }
            let runs = row.value.status() == PlanStatus::Executing;
            runs || asked.contains(key) || before.saturating_sub(*since) < RETENTION_MS
        });
        unchanged.retain(|key, _| plans.contains_key(key));
        self.current_plans.retain(|(tenant, ..), plan_id| plans.contains_key(&(tenant.clone(), plan_id.clone())));
    }

    /// The references that a human is asked about or that a plan still needs.
    fn pins(&self, before: i64) -> BTreeSet<(String, Handle)> {
        let mut pins = BTreeSet::new();
        for approval in self.waiting(before) {
            pin(&approval.bound.tenant, &approval.bound.subject, &mut pins);
        }
        let live = self.plans.values().map(|row| &row.value).filter(|plan: &&PlanInstance| !plan.status().is_final());
        live.for_each(|plan| pin(plan.tenant(), plan.body(), &mut pins));
        pins
    }

    fn waiting(&self, before: i64) -> impl Iterator<Item = &Approval> {
        let waits =
            move |approval: &&Approval| approval.status == ApprovalStatus::Pending && before < approval.expires_at;
        self.approvals.values().map(|row| &row.value).filter(waits)
    }
}

fn plan_of(approval: &Approval) -> Option<Key> {
    Some((approval.bound.tenant.clone(), approval.bound.plan_id.clone()?))
}

fn pin(tenant: &str, value: &Value, pins: &mut BTreeSet<(String, Handle)>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if let Ok(handle) = Handle::read(value) {
            pins.insert((tenant.to_owned(), handle));
        }
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
