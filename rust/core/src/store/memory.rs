//! A store in memory: ordered maps, gone with the process.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::batch::{Batch, Write};
use super::beside::check_beside;
use super::damage::Damage;
use super::error::StoreError;
use super::keys::{Fence, Head, HistoryKey, RunFilter, RunRow, StoredRecord, Versioned};
use super::shelf::Store;
use super::verify::{chained, genesis};
use crate::approvals::{Approval, ApprovalStatus};
use crate::budget::Spent;
use crate::json::{Digest, digest};
use crate::plans::PlanInstance;
use crate::references::{Entry, Handle};

/// Tenant, then id.
pub(super) type Key = (String, String);

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
    pub(super) journals: BTreeMap<Key, Vec<StoredRecord>>,
    pub(super) runs: BTreeMap<Key, Versioned<RunRow>>,
    pub(super) histories: BTreeMap<HistoryKey, Vec<Value>>,
    pub(super) plans: BTreeMap<Key, Versioned<PlanInstance>>,
    /// By tenant, thread and type; without a type, the one that was stored last.
    pub(super) current_plans: BTreeMap<(String, String, Option<String>), String>,
    pub(super) approvals: BTreeMap<Key, Versioned<Approval>>,
    spending: BTreeMap<Key, Versioned<Spent>>,
    pub(super) references: BTreeMap<(String, Handle), Entry>,
    contents: BTreeMap<(String, Digest), Value>,
    /// What was written since the last sweep.
    pub(super) written: usize,
    /// Each plan's version at the first sweep that saw it, and when that was.
    pub(super) unchanged: BTreeMap<Key, (u64, i64)>,
}

impl Store for MemoryStore {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.check_fence(batch.fence.as_ref())?;
        if has_twins(&batch.writes) {
            // Writes that build on one another are tried on a copy, so that a refused one leaves nothing behind.
            let mut trial = self.clone();
            batch.writes.into_iter().try_for_each(|write| trial.commit_alone(vec![write]))?;
            *self = trial;
            return Ok(());
        }
        self.commit_alone(batch.writes)
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

    fn check(&self) -> Result<Vec<Damage>, StoreError> {
        let mut found = Vec::new();
        for (tenant, run_id) in self.journals.keys() {
            Damage::note(&mut found, Damage::name("journal", tenant, run_id), self.verified(tenant, run_id))?;
        }
        Ok(found)
    }

    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        Ok(self.runs.get(&key(tenant, run_id)).cloned())
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        let mut found: Vec<_> = self.runs.values().filter(|row| filter.takes(&row.value)).cloned().collect();
        let age = |row: &Versioned<RunRow>| (row.value.started_at, row.value.run_id.clone());
        found.sort_by_cached_key(age);
        Ok(found)
    }

    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError> {
        let is_theirs =
            |row: &&mut Versioned<RunRow>| row.value.owner.as_deref() == Some(owner) && row.value.status.is_active();
        self.runs.values_mut().filter(is_theirs).for_each(|row| row.value.lease_until = until);
        Ok(())
    }

    fn content(&self, tenant: &str, digest: &Digest) -> Result<Option<Value>, StoreError> {
        Ok(self.contents.get(&(tenant.to_owned(), *digest)).cloned())
    }

    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        Ok(self.erase(tenant, thread))
    }

    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        Ok(self.histories.get(key).cloned().unwrap_or_default())
    }

    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError> {
        Ok(self.plans.get(&key(tenant, plan_id)).cloned())
    }

    fn current_plan(&self, tenant: &str, thread: &str, plan: Option<&str>) -> Result<Option<String>, StoreError> {
        let key = (tenant.to_owned(), thread.to_owned(), plan.map(str::to_owned));
        Ok(self.current_plans.get(&key).cloned())
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

    fn spending(&self, tenant: &str, thread: &str) -> Result<Option<Versioned<Spent>>, StoreError> {
        Ok(self.spending.get(&key(tenant, thread)).cloned())
    }

    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        Ok(self.references.get(&(tenant.to_owned(), handle.clone())).cloned())
    }

    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        Ok(self.drop_old(before, pinned))
    }

    fn tend(&mut self, now: i64) -> Result<(), StoreError> {
        if self.is_due() { self.sweep(now, &[]).map(|_| ()) } else { Ok(()) }
    }
}

/// A write whose preconditions hold and whose digests are taken: applying it cannot fail.
enum Ready {
    Records(Key, Vec<StoredRecord>),
    Content((String, Digest), Value),
    Plain(Box<Write>),
}

impl MemoryStore {
    fn check_fence(&self, fence: Option<&Fence>) -> Result<(), StoreError> {
        let Some(Fence { tenant, run_id, epoch: expected }) = fence else { return Ok(()) };
        let actual = self.runs.get(&key(tenant, run_id)).map_or(0, |row| row.value.epoch);
        let fenced = || StoreError::Fenced { run_id: run_id.clone(), expected: *expected, actual };
        if actual == *expected { Ok(()) } else { Err(fenced()) }
    }

    /// Takes writes of different things: all of them, or none.
    fn commit_alone(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        let ready = writes.into_iter().map(|write| self.prepare(write)).collect::<Result<Vec<_>, _>>()?;
        for ready in ready {
            self.written = self.written.saturating_add(1);
            self.apply(ready);
        }
        Ok(())
    }

    fn prepare(&self, write: Write) -> Result<Ready, StoreError> {
        let named = write.key();
        let stands = match &write {
            Write::Append { tenant, run_id, .. } => self.head(tenant, run_id)?.seq,
            Write::Run { row, .. } => version(self.runs.get(&key(&row.tenant, &row.run_id))),
            Write::Plan { plan, .. } => version(self.plans.get(&key(plan.tenant(), plan.id()))),
            Write::Approval { approval, .. } => version(self.approvals.get(&key(&approval.bound.tenant, &approval.id))),
            Write::Spending { tenant, thread, .. } => version(self.spending.get(&key(tenant, thread))),
            Write::History { key, keep, .. } => {
                return self.check_history(key, *keep).map(|()| Ready::Plain(Box::new(write)));
            }
            Write::Content { tenant, body } => {
                return Ok(Ready::Content((tenant.clone(), digest(body)?), body.clone()));
            }
            Write::CurrentPlan { .. } | Write::Reference(_) => {
                return Ok(Ready::Plain(Box::new(write)));
            }
        };
        match write {
            Write::Append { tenant, run_id, after, records } => {
                fresh(named, after, stands)?;
                let head = self.head(&tenant, &run_id)?;
                Ok(Ready::Records(key(&tenant, &run_id), chained(head, records)?))
            }
            Write::Run { version, row } => {
                check_beside(version, &row, |filter| {
                    Ok(self.runs(filter)?.into_iter().map(|other| other.value.run_id).collect())
                })?;
                fresh(named, version, stands)?;
                Ok(Ready::Plain(Box::new(Write::Run { version, row })))
            }
            Write::Plan { version, .. } | Write::Approval { version, .. } | Write::Spending { version, .. } => {
                fresh(named, version, stands)?;
                Ok(Ready::Plain(Box::new(write)))
            }
            Write::History { .. } | Write::CurrentPlan { .. } | Write::Reference(_) | Write::Content { .. } => {
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

    fn apply(&mut self, ready: Ready) {
        let write = match ready {
            Ready::Records(key, records) => {
                return self.journals.entry(key).or_default().extend(records);
            }
            Ready::Content(key, body) => return drop(self.contents.insert(key, body)),
            Ready::Plain(write) => *write,
        };
        match write {
            Write::Append { .. } | Write::Content { .. } => {}
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
            Write::CurrentPlan { tenant, thread, plan, plan_id } => {
                self.current_plans.insert((tenant.clone(), thread.clone(), None), plan_id.clone());
                self.current_plans.insert((tenant, thread, Some(plan)), plan_id);
            }
            Write::Spending { version, tenant, thread, spent } => {
                put(&mut self.spending, key(&tenant, &thread), version, spent);
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

/// Whether two writes are of the same thing; of contents any number may be.
fn has_twins(writes: &[Write]) -> bool {
    let mut keys = BTreeSet::new();
    // What a run may share with others depends on each run of its tenant.
    let thing = |write: &Write| match write {
        Write::Run { row, .. } => format!("runs {:?}", row.tenant),
        write => write.key(),
    };
    writes.len() > 1 && writes.iter().any(|write| !matches!(write, Write::Content { .. }) && !keys.insert(thing(write)))
}

pub(super) fn key(tenant: &str, id: &str) -> Key {
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
