//! Sweeping: what is over is dropped, what a human is asked about or a plan needs stays.

use std::collections::BTreeSet;

use flowai_core::approvals::Approval;
use flowai_core::plans::PlanInstance;
use flowai_core::references::Handle;
use flowai_core::store::StoreError;
use serde_json::Value;

use super::PostgresStore;
use super::cell::loaded;
use super::draft::Draft;
use super::fault::{Answer, Fault};
use super::group::Others;
use super::read::Rows;
use super::row::Row;
use super::session::{Query, Session};
use super::table::{APPROVALS, ENTRIES, Kept, PLANS, Table};
use super::texts::COLLECT;

/// How long an approval is kept after its expiry, and a plan after it last changed: 30 days.
const RETENTION_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How much is written, at least, from one sweep to the next.
pub(super) const WRITTEN_MIN: usize = 64;

/// Remembers since when a plan has stood as it does, as far as sweeps can tell.
const WATCH: &str = "INSERT INTO unchanged (tenant, id, version, since)
    SELECT tenant, id, version, $1::bigint FROM plans
        WHERE NOT EXISTS (SELECT 1 FROM unchanged AS old
            WHERE old.tenant = plans.tenant AND old.id = plans.id AND old.version = plans.version)
        ORDER BY tenant, id
    ON CONFLICT (tenant, id) DO UPDATE SET version = excluded.version, since = excluded.since";

/// The plans that have not changed since then, and of which nothing runs.
const OLD_PLANS: &str = "status <> 'EXECUTING' AND EXISTS (SELECT 1 FROM unchanged
        WHERE unchanged.tenant = plans.tenant AND unchanged.id = plans.id
            AND unchanged.version = plans.version AND unchanged.since <= $1)
    ORDER BY tenant, id FOR NO KEY UPDATE";

const UNWATCH: &str = "DELETE FROM unchanged WHERE NOT EXISTS
    (SELECT 1 FROM plans WHERE plans.tenant = unchanged.tenant AND plans.id = unchanged.id)";

/// What threads mean by plans that are gone. What it says has no text, so nothing else goes with it.
const UNNAME: &str = "DELETE FROM current_plans WHERE NOT EXISTS
    (SELECT 1 FROM plans WHERE plans.tenant = current_plans.tenant AND plans.id = current_plans.plan_id)";

impl PostgresStore {
    pub(super) fn drop_old(&mut self, before: i64, pinned: &[Handle]) -> Answer<usize> {
        self.transact(Others::Wait, &async |session: &Session, draft: &mut Draft<'_>| {
            let end = before.saturating_sub(RETENTION_MS);
            let rows = Rows { session, sealer: draft.sealer };
            let watch = Query::new(WATCH, vec![Box::new(before)]);
            session.one(watch).await?;
            let old_plans = old(&rows, &PLANS, OLD_PLANS, end).await?;
            let approvals = old(&rows, &APPROVALS, &over("expires_at"), end).await?;
            let entries = old(&rows, &ENTRIES, &over("expires_at"), before).await?;
            let asked = typed::<Approval>(&rows, "status = 'pending' AND expires_at > $1", before).await?;
            let about: BTreeSet<_> = asked
                .iter()
                .filter_map(|(tenant, value)| Some((tenant.clone(), value.bound.plan_id.clone()?)))
                .collect();
            let gone: Vec<Row> =
                old_plans.into_iter().filter(|row| !about.contains(&(row.tenant.clone(), row.id.clone()))).collect();
            let mut pins = pins(&asked);
            if !entries.is_empty() {
                pins.extend(needed(&rows, &gone).await?);
            }
            let named: BTreeSet<String> = pinned.iter().map(Handle::to_string).collect();
            let is_over = |row: &Row| !named.contains(&row.id) && !pins.contains(&(row.tenant.clone(), row.id.clone()));
            let entries: Vec<Row> = entries.into_iter().filter(is_over).collect();
            let all = [(&PLANS, gone), (&APPROVALS, approvals), (&ENTRIES, entries)];
            let count = all.iter().map(|(_, rows)| rows.len()).sum();
            for (table, row) in all.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (*table, row))) {
                draft.found.insert((table.order(), row.tenant.clone(), row.id.clone()), Ok(row.clone()));
                draft.drop(table, row);
            }
            draft.settle(true);
            draft.more.extend([UNWATCH, UNNAME, COLLECT].map(Query::plain));
            Ok(count)
        })
    }

    /// How many rows a sweep looks at.
    pub(super) fn swept_rows(&self) -> Result<usize, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM entries) + (SELECT count(*) FROM approvals)
            + (SELECT count(*) FROM plans)";
        let count = self.read(&async |rows: &Rows<'_>| {
            let found = rows.session.one(Query::plain(sql)).await?;
            Ok(found.first().map(|row| row.try_get::<_, i64>(0)).transpose()?.unwrap_or_default())
        })?;
        Ok(usize::try_from(loaded(count)).unwrap_or(usize::MAX))
    }
}

fn over(column: &str) -> String {
    format!("{column} <= $1 ORDER BY tenant, id FOR NO KEY UPDATE")
}

/// Rows that a time ends.
async fn old(rows: &Rows<'_>, table: &Table, condition: &str, time: i64) -> Answer<Vec<Row>> {
    rows.sound(table, Query::new(table.select(condition), vec![Box::new(time)])).await
}

/// The values of such rows, with their tenants.
async fn typed<T: Kept>(rows: &Rows<'_>, condition: &str, time: i64) -> Answer<Vec<(String, T)>> {
    let mut values = Vec::new();
    for row in old(rows, T::table(), condition, time).await? {
        match rows.typed::<T>(&row).await {
            Ok(found) => values.push((row.tenant, found.value)),
            Err(Fault::Store(StoreError::Changed { .. })) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(values)
}

fn pins(asked: &[(String, Approval)]) -> BTreeSet<(String, String)> {
    let mut pins = BTreeSet::new();
    for (tenant, approval) in asked {
        pin(tenant, &approval.bound.subject, &mut pins);
    }
    pins
}

/// The references that plans need which stay and are not over.
async fn needed(rows: &Rows<'_>, gone: &[Row]) -> Answer<BTreeSet<(String, String)>> {
    let mut pins = BTreeSet::new();
    let condition = "status NOT IN ('EXECUTED', 'FAILED') AND version > $1";
    for (tenant, plan) in typed::<PlanInstance>(rows, condition, 0).await? {
        if !gone.iter().any(|row| row.tenant == tenant && row.id == plan.id()) {
            pin(&tenant, plan.body(), &mut pins);
        }
    }
    Ok(pins)
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
