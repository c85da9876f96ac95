//! A store in memory: ordered maps, gone with the process.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::batch::{Batch, Write};
use super::error::StoreError;
use super::keys::{Head, HistoryKey, RunRow, StoredRecord, Versioned};
use super::shelf::Store;
use super::verify::{genesis, link};
use crate::approvals::{Approval, ApprovalStatus};
use crate::plans::PlanInstance;
use crate::references::{Entry, Handle};

/// Tenant, then id.
type Key = (String, String);

/// Keeps everything in ordered maps.
///
/// # Examples
///
/// ```
/// use flowai_core::store::{Batch, MemoryStore, Store, Write};
/// use serde_json::json;
///
/// let mut store = MemoryStore::default();
/// let (tenant, run_id) = ("acme".to_owned(), "run-1".to_owned());
/// store.commit(Batch::new().with(Write::Append { tenant, run_id, after: 0, records: vec![json!({"asked": 1})] }))?;
/// assert_eq!(store.journal("acme", "run-1", 0)?.len(), 1);
/// assert!(store.journal("other", "run-1", 0)?.is_empty());
/// # Ok::<(), flowai_core::store::StoreError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    journals: BTreeMap<Key, Vec<StoredRecord>>,
    runs: BTreeMap<Key, Versioned<RunRow>>,
    histories: BTreeMap<HistoryKey, Vec<Value>>,
    plans: BTreeMap<Key, Versioned<PlanInstance>>,
    current_plans: BTreeMap<Key, String>,
    approvals: BTreeMap<Key, Versioned<Approval>>,
    references: BTreeMap<(String, Handle), Entry>,
}

impl Store for MemoryStore {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let mut keys = BTreeSet::new();
        let mut ready = Vec::with_capacity(batch.writes.len());
        for write in batch.writes {
            if !keys.insert(write.key()) {
                return Err(StoreError::WrittenTwice { key: write.key() });
            }
            ready.push(self.prepare(write)?);
        }
        for ready in ready {
            self.apply(ready);
        }
        Ok(())
    }

    fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let records = self.journals.get(&key(tenant, run_id)).map(Vec::as_slice).unwrap_or_default();
        let start = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(records.get(start..).unwrap_or_default().to_vec())
    }

    fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        let last = self.journals.get(&key(tenant, run_id)).and_then(|records| records.last());
        let empty = || Head { seq: 0, digest: genesis(tenant, run_id) };
        Ok(last.map_or_else(empty, |last| Head { seq: last.seq, digest: last.digest }))
    }

    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        Ok(self.runs.get(&key(tenant, run_id)).cloned())
    }

    fn runs(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        let of_thread = |row: &&Versioned<RunRow>| thread.is_none() || row.value.thread.as_deref() == thread;
        Ok(self.runs.values().filter(|row| row.value.tenant == tenant).filter(of_thread).cloned().collect())
    }

    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        Ok(self.histories.get(key).cloned().unwrap_or_default())
    }

    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError> {
        Ok(self.plans.get(&key(tenant, plan_id)).cloned())
    }

    fn current_plan(&self, tenant: &str, thread: &str) -> Result<Option<String>, StoreError> {
        Ok(self.current_plans.get(&key(tenant, thread)).cloned())
    }

    fn approval(&self, tenant: &str, approval_id: &str) -> Result<Option<Versioned<Approval>>, StoreError> {
        Ok(self.approvals.get(&key(tenant, approval_id)).cloned())
    }

    fn pending_approvals(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<Approval>>, StoreError> {
        let pending = |row: &&Versioned<Approval>| {
            let of_thread = thread.is_none() || row.value.thread_id.as_deref() == thread;
            row.value.bound.tenant == tenant && row.value.status == ApprovalStatus::Pending && of_thread
        };
        let mut found: Vec<_> = self.approvals.values().filter(pending).cloned().collect();
        found.sort_by(|one, two| (one.value.asked_at, &one.value.id).cmp(&(two.value.asked_at, &two.value.id)));
        Ok(found)
    }

    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        Ok(self.references.get(&(tenant.to_owned(), handle.clone())).cloned())
    }

    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        let held = self.references.len();
        self.references.retain(|(_, handle), entry| entry.is_live(before) || pinned.contains(handle));
        Ok(held.saturating_sub(self.references.len()))
    }
}

/// A write whose preconditions hold and whose digests are taken: applying it cannot fail.
enum Ready {
    Records(Key, Vec<StoredRecord>),
    Plain(Box<Write>),
}

impl MemoryStore {
    fn prepare(&self, write: Write) -> Result<Ready, StoreError> {
        let named = write.key();
        let stands = match &write {
            Write::Append { tenant, run_id, .. } => self.head(tenant, run_id)?.seq,
            Write::Run { row, .. } => version(self.runs.get(&key(&row.tenant, &row.run_id))),
            Write::Plan { plan, .. } => version(self.plans.get(&key(plan.tenant(), plan.id()))),
            Write::Approval { approval, .. } => version(self.approvals.get(&key(&approval.bound.tenant, &approval.id))),
            Write::History { key, keep, .. } => {
                return self.check_history(key, *keep).map(|()| Ready::Plain(Box::new(write)));
            }
            Write::CurrentPlan { .. } | Write::Reference(_) => {
                return Ok(Ready::Plain(Box::new(write)));
            }
        };
        match write {
            Write::Append { tenant, run_id, after, records } => {
                fresh(named, after, stands)?;
                self.chain(&tenant, &run_id, records)
            }
            Write::Run { version, .. } | Write::Plan { version, .. } | Write::Approval { version, .. } => {
                fresh(named, version, stands)?;
                Ok(Ready::Plain(Box::new(write)))
            }
            Write::History { .. } | Write::CurrentPlan { .. } | Write::Reference(_) => {
                Ok(Ready::Plain(Box::new(write)))
            }
        }
    }

    fn check_history(&self, key: &HistoryKey, keep: usize) -> Result<(), StoreError> {
        let held = self.histories.get(key).map_or(0, Vec::len);
        if keep <= held {
            return Ok(());
        }
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Err(StoreError::Stale { key: format!("history {key:?}"), expected: number(keep), actual: number(held) })
    }

    fn chain(&self, tenant: &str, run_id: &str, records: Vec<Value>) -> Result<Ready, StoreError> {
        let mut head = self.head(tenant, run_id)?;
        let mut chained = Vec::with_capacity(records.len());
        for record in records {
            head = Head { seq: head.seq.saturating_add(1), digest: link(&head.digest, &record)? };
            chained.push(StoredRecord { seq: head.seq, digest: head.digest, record });
        }
        Ok(Ready::Records(key(tenant, run_id), chained))
    }

    fn apply(&mut self, ready: Ready) {
        let write = match ready {
            Ready::Records(key, records) => {
                return self.journals.entry(key).or_default().extend(records);
            }
            Ready::Plain(write) => *write,
        };
        match write {
            Write::Append { .. } => {}
            Write::Run { version, row } => {
                put(&mut self.runs, key(&row.tenant, &row.run_id), version, row);
            }
            Write::Plan { version, plan } => {
                put(&mut self.plans, key(plan.tenant(), plan.id()), version, plan);
            }
            Write::Approval { version, approval } => {
                put(&mut self.approvals, key(&approval.bound.tenant, &approval.id), version, approval);
            }
            Write::History { key, keep, messages } => {
                let history = self.histories.entry(key).or_default();
                history.truncate(keep);
                history.extend(messages);
            }
            Write::CurrentPlan { tenant, thread, plan_id } => {
                self.current_plans.insert((tenant, thread), plan_id);
            }
            Write::Reference(entry) => self.renew(entry),
        }
    }

    fn renew(&mut self, entry: Entry) {
        let key = (entry.tenant.clone(), entry.handle.clone());
        let renewed = match self.references.remove(&key) {
            Some(older) => older.renewed(entry),
            None => entry,
        };
        self.references.insert(key, renewed);
    }
}

fn key(tenant: &str, id: &str) -> Key {
    (tenant.to_owned(), id.to_owned())
}

fn version<T>(row: Option<&Versioned<T>>) -> u64 {
    row.map_or(0, |row| row.version)
}

fn fresh(key: String, expected: u64, actual: u64) -> Result<(), StoreError> {
    if expected == actual { Ok(()) } else { Err(StoreError::Stale { key, expected, actual }) }
}

fn put<T>(rows: &mut BTreeMap<Key, Versioned<T>>, key: Key, version: u64, value: T) {
    rows.insert(key, Versioned { version: version.saturating_add(1), value });
}
