//! Writing: how each thing of a batch becomes rows of a draft.

use flowai_core::json::digest;
use flowai_core::references::Entry;
use flowai_core::store::{Batch, Fence, Head, HistoryKey, RunRow, StoreError, Write, chained, check_beside, genesis};
use serde_json::{Value, json};

use super::cell::{Cell, loaded};
use super::draft::{Draft, Place};
use super::fault::medium;
use super::row::{Row, changed, short};
use super::table::{APPROVALS, CONTENTS, CURRENT_PLANS, ENTRIES, HEADS, HISTORIES, Kept, PLANS, RUNS, SPENDING, Table};
use crate::seal::Sealer;

/// The rows that a batch looks at.
pub(super) fn places(batch: &Batch) -> Vec<Place> {
    let fence = batch.fence.iter().map(|fence| place(&RUNS, &fence.tenant, &fence.run_id));
    fence.chain(batch.writes.iter().flat_map(touched)).collect()
}

fn touched(write: &Write) -> Vec<Place> {
    match write {
        Write::Append { tenant, run_id, .. } => vec![place(&HEADS, tenant, run_id)],
        Write::Run { row, .. } => vec![place(&RUNS, &row.tenant, &row.run_id)],
        Write::History { key, .. } => vec![place(&HISTORIES, &key.tenant, &history_id(key))],
        Write::Plan { plan, .. } => vec![place(&PLANS, plan.tenant(), plan.id())],
        Write::CurrentPlan { tenant, thread, plan, .. } => {
            [None, Some(plan.as_str())].map(|plan| place(&CURRENT_PLANS, tenant, &current_id(thread, plan))).to_vec()
        }
        Write::Approval { approval, .. } => vec![place(&APPROVALS, &approval.bound.tenant, &approval.id)],
        Write::Spending { tenant, thread, .. } => vec![place(&SPENDING, tenant, thread)],
        Write::Reference(entry) => vec![place(&ENTRIES, &entry.tenant, &entry.handle.to_string())],
        // A value without a digest is refused when it is written.
        Write::Content { tenant, body } => {
            digest(body).map(|digest| place(&CONTENTS, tenant, &digest.to_string())).into_iter().collect()
        }
    }
}

fn place(table: &Table, tenant: &str, id: &str) -> Place {
    (table.order(), tenant.to_owned(), id.to_owned())
}

impl Draft<'_> {
    /// Takes a batch, whole or not at all.
    pub fn attempt(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let taken = self.check_fence(batch.fence.as_ref());
        let taken = taken.and_then(|()| batch.writes.iter().try_for_each(|write| self.apply(write)));
        self.settle(taken.is_ok());
        taken
    }

    /// Refuses a batch whose run was claimed in between.
    fn check_fence(&self, fence: Option<&Fence>) -> Result<(), StoreError> {
        let Some(Fence { tenant, run_id, epoch: expected }) = fence else { return Ok(()) };
        let actual = self.row(&RUNS, tenant, run_id)?.map_or(0, |row| loaded(row.number(3)));
        let fenced = || StoreError::Fenced { run_id: run_id.clone(), expected: *expected, actual };
        if actual == *expected { Ok(()) } else { Err(fenced()) }
    }

    fn apply(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Append { tenant, run_id, after, records } => {
                self.append(write.key(), tenant, run_id, *after, records.clone())
            }
            Write::Run { version, row } => self.put_run(write.key(), *version, row),
            Write::History { key, keep, messages } => self.put_history(key, *keep, messages),
            Write::Plan { version, plan } => self.put_kept(write.key(), *version, (plan.tenant(), plan.id()), plan),
            Write::Approval { version, approval } => {
                self.put_kept(write.key(), *version, (&approval.bound.tenant, &approval.id), approval)
            }
            Write::Spending { version, tenant, thread, spent } => {
                self.put_kept(write.key(), *version, (tenant, thread), spent)
            }
            Write::CurrentPlan { tenant, thread, plan, plan_id } => {
                self.put_current(tenant, thread, None, plan_id)?;
                self.put_current(tenant, thread, Some(plan), plan_id)
            }
            Write::Reference(entry) => self.put_entry(entry),
            Write::Content { tenant, body } => self.put_content(tenant, body),
        }
    }

    fn append(
        &mut self,
        named: String,
        tenant: &str,
        run_id: &str,
        after: u64,
        records: Vec<Value>,
    ) -> Result<(), StoreError> {
        let head = self.row(&HEADS, tenant, run_id)?.map(head_of).transpose()?;
        let head = head.unwrap_or_else(|| Head { seq: 0, digest: genesis(tenant, run_id) });
        fresh(named, after, head.seq)?;
        let records = chained(head, records)?;
        let Some(end) = records.last().map(|last| Row::plain(tenant, run_id, last.seq, Vec::new())) else {
            return Ok(());
        };
        let digest = records.last().map(|last| last.digest);
        for mut stored in records {
            let body = self.folded(tenant, stored.record.take().unwrap_or_default());
            self.trial.records.insert((tenant.to_owned(), run_id.to_owned(), stored.seq), (stored, body));
        }
        self.put(&HEADS, end, json!(digest))
    }

    fn put_run(&mut self, named: String, version: u64, row: &RunRow) -> Result<(), StoreError> {
        check_beside(version, row, |filter| Ok(self.run_ids(filter)))?;
        let stands = self.row(&RUNS, &row.tenant, &row.run_id)?.map_or(0, |older| older.version);
        fresh(named, version, stands)?;
        let loose = lease(self.sealer, &row.tenant, &row.run_id, row.lease_until).to_vec();
        let plain = Row::plain(&row.tenant, &row.run_id, version.saturating_add(1), row.cells());
        // The lease stands beside the row, where it is renewed.
        let value = json_of(&RunRow { lease_until: 0, ..row.clone() })?;
        self.put(&RUNS, Row { loose, ..plain }, value)
    }

    fn put_kept<T: Kept>(
        &mut self,
        named: String,
        version: u64,
        key: (&str, &str),
        value: &T,
    ) -> Result<(), StoreError> {
        let (tenant, id) = key;
        fresh(named, version, self.row(T::table(), tenant, id)?.map_or(0, |older| older.version))?;
        let row = Row::plain(tenant, id, version.saturating_add(1), value.cells());
        self.put(T::table(), row, json_of(value)?)
    }

    fn put_current(&mut self, tenant: &str, thread: &str, plan: Option<&str>, plan_id: &str) -> Result<(), StoreError> {
        let id = current_id(thread, plan);
        let version = next(self.row(&CURRENT_PLANS, tenant, &id)?);
        let row = Row::plain(tenant, &id, version, vec![Cell::text(thread), Cell::text(plan_id)]);
        self.put(&CURRENT_PLANS, row, Value::Null)
    }

    /// Equal content has an equal body, so that only its end is looked at.
    fn put_entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let id = entry.handle.to_string();
        let older = self.row(&ENTRIES, &entry.tenant, &id)?;
        let expires_at = older.map_or(entry.expires_at, |older| older.number(0).max(entry.expires_at));
        let row = Row::plain(&entry.tenant, &id, next(older), vec![Cell::Number(expires_at)]);
        let body = std::str::from_utf8(&entry.body).map_err(|_| changed(&ENTRIES, &entry.tenant, &id))?;
        self.put(&ENTRIES, row, json!([entry.handle, body, entry.glimpse, entry.schema]))
    }

    fn put_content(&mut self, tenant: &str, body: &Value) -> Result<(), StoreError> {
        let id = digest(body)?.to_string();
        if self.row(&CONTENTS, tenant, &id)?.is_some() {
            return Ok(());
        }
        self.put(&CONTENTS, Row::plain(tenant, &id, 1, Vec::new()), body.clone())
    }

    fn put_history(&mut self, whose: &HistoryKey, keep: usize, messages: &[Value]) -> Result<(), StoreError> {
        let (tenant, id, keep) = (whose.tenant.as_str(), history_id(whose), number(keep));
        let older = self.row(&HISTORIES, tenant, &id)?;
        let (version, held) = (next(older), older.map_or(Ok(0), length)?);
        if keep > held {
            return Err(StoreError::Stale { key: format!("history {whose:?}"), expected: keep, actual: held });
        }
        if keep < held {
            self.trial.cut(tenant, &id, keep);
        }
        for (place, message) in (keep..).zip(messages) {
            let body = self.folded(tenant, message.clone());
            self.trial.messages.insert((tenant.to_owned(), id.clone(), place), body);
        }
        let row = Row::plain(tenant, &id, version, vec![Cell::text(&whose.thread)]);
        self.put(&HISTORIES, row, json!(keep.saturating_add(number(messages.len()))))
    }
}

/// A lease and its seal.
pub(super) fn lease(sealer: &Sealer, tenant: &str, run_id: &str, until: i64) -> [Cell; 2] {
    let parts = [b"lease".as_slice(), tenant.as_bytes(), run_id.as_bytes(), &until.to_be_bytes()];
    [Cell::Number(until), Cell::Bytes(short(&sealer.seal(&parts)).to_vec())]
}

/// The end of a journal, as its row tells it.
pub(super) fn head_of(row: &Row) -> Result<Head, StoreError> {
    let changed = || changed(&HEADS, &row.tenant, &row.id);
    let (digest, _): (_, Vec<Value>) = serde_json::from_str(&row.body).map_err(|_| changed())?;
    Ok(Head { seq: row.version, digest })
}

/// How many messages a history has.
pub(super) fn length(row: &Row) -> Result<u64, StoreError> {
    let body: Result<(u64, Vec<Value>), _> = serde_json::from_str(&row.body);
    body.map(|(length, _)| length).map_err(|_| changed(&HISTORIES, &row.tenant, &row.id))
}

/// The id of a history's rows.
pub(super) fn history_id(key: &HistoryKey) -> String {
    json!([key.thread, key.agent]).to_string()
}

/// The id of the row that tells which plan a thread means.
pub(super) fn current_id(thread: &str, plan: Option<&str>) -> String {
    json!([thread, plan]).to_string()
}

fn next(older: Option<&Row>) -> u64 {
    older.map_or(1, |older| older.version.saturating_add(1))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn fresh(key: String, expected: u64, actual: u64) -> Result<(), StoreError> {
    if expected == actual { Ok(()) } else { Err(StoreError::Stale { key, expected, actual }) }
}

fn json_of(value: &impl serde::Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|fault| medium(&fault.to_string()))
}
