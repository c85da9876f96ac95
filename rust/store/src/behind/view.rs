//! What is visible: the medium, and over it what is not durable yet.

use std::collections::BTreeSet;

use flowai_core::approvals::{Approval, ApprovalStatus};
use flowai_core::json::digest;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{
    Batch, Fence, Head, HistoryKey, RunFilter, RunRow, RunStatus, Store, StoreError, StoredRecord, Versioned, Write,
    chained, check_beside,
};
use serde_json::Value;

use super::overlay::{Key, Overlay, Ticket};

pub(super) fn key(tenant: &str, id: &str) -> Key {
    (tenant.to_owned(), id.to_owned())
}

impl Overlay {
    /// The records that follow those of the medium.
    pub fn journal(&self, medium: Vec<StoredRecord>, key: &Key, after: u64) -> Vec<StoredRecord> {
        let mut records = medium;
        for record in self.records.all(key).flatten() {
            // The medium may have what is about to leave the overlay.
            if record.seq > records.last().map_or(after, |last| last.seq) {
                records.push(record.clone());
            }
        }
        records
    }

    pub fn head(&self, reader: &dyn Store, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        let last = self.records.last(&key(tenant, run_id)).and_then(|records| records.last());
        match last {
            Some(last) => Ok(Head { seq: last.seq, digest: last.digest }),
            None => reader.head(tenant, run_id),
        }
    }

    pub fn run(&self, reader: &dyn Store, tenant: &str, id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        self.runs.last(&key(tenant, id)).map_or_else(|| reader.run(tenant, id), |row| Ok(Some(row.clone())))
    }

    pub fn list_runs(&self, reader: &dyn Store, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        let mut rows = reader.runs(filter)?;
        let named = |row: &RunRow| (row.tenant.clone(), row.run_id.clone());
        rows.retain(|row| self.runs.last(&named(&row.value)).is_none());
        rows.extend(self.runs.tops().map(|(_, row)| row).filter(|row| filter.takes(&row.value)).cloned());
        rows.sort_by_cached_key(|row| (row.value.started_at, row.value.run_id.clone(), row.value.tenant.clone()));
        Ok(rows)
    }

    /// Those of the medium, but for the runs of which something is not durable yet: each of these is looked at.
    pub fn unattended(&self, reader: &dyn Store, now: i64) -> Result<Vec<Key>, StoreError> {
        let asked = self.approvals.tops().map(|((tenant, _), row)| key(tenant, &row.value.bound.run_id));
        let touched: BTreeSet<Key> = self.runs.tops().map(|(key, _)| key.clone()).chain(asked).collect();
        let mut found = reader.unattended(now)?;
        found.retain(|key| !touched.contains(key));
        for key in touched {
            if let Some(row) = self.run(reader, &key.0, &key.1)?
                && self.is_unattended(reader, &row.value, now)?
            {
                found.push(key);
            }
        }
        Ok(found)
    }

    fn is_unattended(&self, reader: &dyn Store, row: &RunRow, now: i64) -> Result<bool, StoreError> {
        if row.status != RunStatus::Paused {
            return Ok(row.status.is_active());
        }
        let asked = self.pending(reader, &row.tenant, row.thread.as_deref())?;
        Ok(!asked.iter().any(|asked| asked.value.bound.run_id == row.run_id && asked.value.expires_at > now))
    }

    pub fn pending(
        &self,
        reader: &dyn Store,
        tenant: &str,
        thread: Option<&str>,
    ) -> Result<Vec<Versioned<Approval>>, StoreError> {
        let mut rows = reader.pending_approvals(tenant, thread)?;
        rows.retain(|row| self.approvals.last(&key(tenant, &row.value.id)).is_none());
        let wanted = |row: &&Versioned<Approval>| {
            let of_thread = thread.is_none() || row.value.thread_id.as_deref() == thread;
            row.value.bound.tenant == tenant && row.value.status == ApprovalStatus::Pending && of_thread
        };
        rows.extend(self.approvals.tops().map(|(_, row)| row).filter(wanted).cloned());
        rows.sort_by(|one, two| (one.value.asked_at, &one.value.id).cmp(&(two.value.asked_at, &two.value.id)));
        Ok(rows)
    }

    pub fn history(&self, reader: &dyn Store, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        let mut messages = reader.history(key)?;
        // Written once more over a medium that has it already, a change gives the same.
        for (keep, more) in self.histories.all(key) {
            messages.truncate(*keep);
            messages.extend(more.iter().cloned());
        }
        Ok(messages)
    }

    fn length(&self, reader: &dyn Store, key: &HistoryKey) -> Result<usize, StoreError> {
        match self.histories.last(key) {
            Some((keep, more)) => Ok(keep.saturating_add(more.len())),
            None => reader.history(key).map(|messages| messages.len()),
        }
    }

    pub fn reference(&self, reader: &dyn Store, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        let older = reader.reference(tenant, handle)?;
        let key = (tenant.to_owned(), handle.clone());
        let newer = self.references.all(&key).cloned();
        Ok(older.into_iter().chain(newer).reduce(Entry::renewed))
    }

    /// Makes a batch visible, if it may be; a refused one leaves nothing behind.
    pub fn write(&mut self, reader: &dyn Store, ticket: Ticket, batch: &Batch) -> Result<(), StoreError> {
        self.check_fence(reader, batch.fence.as_ref())?;
        let written = batch.writes.iter().try_for_each(|write| self.put(reader, ticket, write));
        if written.is_err() {
            self.remove(&|other| other == ticket);
        }
        written
    }

    fn check_fence(&self, reader: &dyn Store, fence: Option<&Fence>) -> Result<(), StoreError> {
        let Some(Fence { tenant, run_id, epoch: expected }) = fence else { return Ok(()) };
        let actual = self.run(reader, tenant, run_id)?.map_or(0, |row| row.value.epoch);
        let fenced = || StoreError::Fenced { run_id: run_id.clone(), expected: *expected, actual };
        if actual == *expected { Ok(()) } else { Err(fenced()) }
    }

    fn put(&mut self, reader: &dyn Store, ticket: Ticket, write: &Write) -> Result<(), StoreError> {
        let named = || write.key();
        match write {
            Write::Append { tenant, run_id, after, records } => {
                let head = self.head(reader, tenant, run_id)?;
                fresh(named, *after, head.seq)?;
                let records = chained(head, records.clone())?;
                if !records.is_empty() {
                    self.records.push(ticket, key(tenant, run_id), records);
                }
            }
            Write::Run { version, row } => {
                check_beside(*version, row, |filter| {
                    Ok(self.list_runs(reader, filter)?.into_iter().map(|other| other.value.run_id).collect())
                })?;
                fresh(named, *version, version_of(self.run(reader, &row.tenant, &row.run_id)?.as_ref()))?;
                self.runs.push(ticket, key(&row.tenant, &row.run_id), next(*version, row));
            }
            Write::History { key, keep, messages } => self.put_history(reader, ticket, key, (*keep, messages))?,
            Write::Plan { version, plan } => {
                let key = key(plan.tenant(), plan.id());
                let stands = match self.plans.last(&key) {
                    Some(row) => row.version,
                    None => version_of(reader.plan(&key.0, &key.1)?.as_ref()),
                };
                fresh(named, *version, stands)?;
                self.plans.push(ticket, key, next(*version, plan));
            }
            Write::Approval { version, approval } => {
                let key = key(&approval.bound.tenant, &approval.id);
                let stands = match self.approvals.last(&key) {
                    Some(row) => row.version,
                    None => version_of(reader.approval(&key.0, &key.1)?.as_ref()),
                };
                fresh(named, *version, stands)?;
                self.approvals.push(ticket, key, next(*version, approval));
            }
            Write::Spending { version, tenant, thread, spent } => {
                let key = key(tenant, thread);
                let stands = match self.spending.last(&key) {
                    Some(row) => row.version,
                    None => version_of(reader.spending(tenant, thread)?.as_ref()),
                };
                fresh(named, *version, stands)?;
                self.spending.push(ticket, key, next(*version, spent));
            }
            Write::CurrentPlan { tenant, thread, plan, plan_id } => {
                for plan in [None, Some(plan.clone())] {
                    self.current_plans.push(ticket, (tenant.clone(), thread.clone(), plan), plan_id.clone());
                }
            }
            Write::Reference(entry) => {
                self.references.push(ticket, (entry.tenant.clone(), entry.handle.clone()), entry.clone());
            }
            Write::Content { tenant, body } => {
                self.contents.push(ticket, (tenant.clone(), digest(body)?), body.clone());
            }
        }
        Ok(())
    }

    fn put_history(
        &mut self,
        reader: &dyn Store,
        ticket: Ticket,
        key: &HistoryKey,
        (keep, messages): (usize, &[Value]),
    ) -> Result<(), StoreError> {
        let held = self.length(reader, key)?;
        if keep > held {
            let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            let key = format!("history {key:?}");
            return Err(StoreError::Stale { key, expected: number(keep), actual: number(held) });
        }
        self.histories.push(ticket, key.clone(), (keep, messages.to_vec()));
        Ok(())
    }
}

fn next<T: Clone>(version: u64, value: &T) -> Versioned<T> {
    Versioned { version: version.saturating_add(1), value: value.clone() }
}

fn version_of<T>(row: Option<&Versioned<T>>) -> u64 {
    row.map_or(0, |row| row.version)
}

fn fresh(key: impl Fn() -> String, expected: u64, actual: u64) -> Result<(), StoreError> {
    if expected == actual { Ok(()) } else { Err(StoreError::Stale { key: key(), expected, actual }) }
}
