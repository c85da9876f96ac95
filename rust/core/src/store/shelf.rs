//! The trait that every store implements.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::batch::Batch;
use super::damage::{Damage, look_at_runs};
use super::error::StoreError;
use super::keys::{Head, HistoryKey, RunFilter, RunRow, RunStatus, StoredRecord, Versioned};
use super::verify::verify;
use crate::approvals::Approval;
use crate::budget::Spent;
use crate::json::Digest;
use crate::plans::PlanInstance;
use crate::references::{Entry, Handle};

/// Is told, from any thread, what became of a batch.
pub type Herald = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Keeps journals, runs, histories, plans, approvals and references.
///
/// Every key holds its tenant. A store neither reads the clock nor draws ids, and
/// what it gives is what was committed.
///
/// # Laws
///
/// Each is a function in [`LAWS`](super::LAWS) that takes a fresh store.
///
/// - a batch is visible whole, or, when `commit` fails, not at all; its writes build on one another.
/// - what was committed is read back unchanged, and journals in their order.
/// - of two writers that read the same version, one is refused as stale.
/// - once a run was claimed again, a batch under the older claim is refused.
/// - two runs share neither a thread while both are active, nor the call that began them.
/// - a journal is chained: each record's digest follows from the one before.
/// - another tenant's key reads like one that was never written.
/// - what a thread used is kept, and no writer undoes another's.
/// - equal references share one body and live until the later expiry.
/// - a value is found by its digest, by its tenant only.
/// - what a thread's runs said can be erased; their chains still verify.
/// - a run that waits for no human is found, a run that waits is not.
/// - a check of the whole names each thing that is not what was written, and nothing else.
pub trait Store: Send {
    /// Makes a batch durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] when any of it was written in between, [`StoreError::Fenced`] when its run was
    /// claimed in between, [`StoreError::Json`], [`StoreError::Medium`].
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// Whether what is committed outlives the process, so that runs have to keep their journals.
    fn is_durable(&self) -> bool {
        false
    }

    /// Makes writes of a run visible, and durable together with what the run submits next.
    ///
    /// # Errors
    ///
    /// As `commit`.
    fn stage(&mut self, _run_id: &str, batch: Batch) -> Result<(), StoreError> {
        self.commit(batch)
    }

    /// Makes a batch of a run visible, with all that it staged, and says when that is durable.
    ///
    /// What was submitted before becomes durable before, or not at all.
    fn submit(&mut self, _run_id: &str, batch: Batch, herald: Herald) {
        herald(self.commit(batch));
    }

    /// Forgets what a run staged and did not submit, as if its process had died.
    fn abandon(&mut self, _run_id: &str) {}

    /// The records of a run after a number, in order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError>;

    /// The end of a run's journal; number 0 for one that was never written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError>;

    /// The whole journal of a run, once its chain was checked up to the end that the store remembers for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`], [`StoreError::Medium`].
    fn verified(&self, tenant: &str, run_id: &str) -> Result<Vec<StoredRecord>, StoreError> {
        let records = self.journal(tenant, run_id, 0)?;
        verify(tenant, run_id, &records, &self.head(tenant, run_id)?)?;
        Ok(records)
    }

    /// Looks at everything that is kept, and names each thing that is not what was written.
    ///
    /// It reads the whole store, and nobody has to wait for it. Without a method of its own a store looks at the runs
    /// that it lists, and at their journals.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn check(&self) -> Result<Vec<Damage>, StoreError> {
        look_at_runs(self)
    }

    /// A run's row.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError>;

    /// The runs that a filter takes, in the order in which they began, then of their ids.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError>;

    /// The tenants and ids of the runs that are not over and that wait for no human, or for one who did not answer in
    /// time; whoever drives them, and whether or not the rest of their rows is sound; in no order.
    ///
    /// A store that may hold very many waiting runs finds the others without looking at each.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn unattended(&self, now: i64) -> Result<Vec<(String, String)>, StoreError> {
        let statuses = vec![RunStatus::Running, RunStatus::Paused];
        let mut waiting = BTreeMap::new();
        let mut found = Vec::new();
        for row in self.runs(&RunFilter { statuses, ..RunFilter::default() })? {
            let RunRow { tenant, run_id, status, .. } = row.value;
            if status == RunStatus::Paused && !waiting.contains_key(&tenant) {
                let asked = self.pending_approvals(&tenant, None)?.into_iter().map(|asked| asked.value);
                let asked = asked.filter(|asked| asked.expires_at > now).map(|asked| asked.bound.run_id);
                waiting.insert(tenant.clone(), asked.collect::<BTreeSet<_>>());
            }
            if status == RunStatus::Running || !waiting.get(&tenant).is_some_and(|runs| runs.contains(&run_id)) {
                found.push((tenant, run_id));
            }
        }
        Ok(found)
    }

    /// Lets the leases of all active runs of an owner last until then; their versions stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError>;

    /// A number that is another one after somebody else has written to the same medium.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn changes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// A value by the digest of its canonical form.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`], [`StoreError::Changed`].
    fn content(&self, tenant: &str, digest: &Digest) -> Result<Option<Value>, StoreError>;

    /// Erases what the runs of a thread recorded, said and stored, as far as they are over; digests stay.
    /// Tells how many records lost their bodies.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError>;

    /// The messages of a history; none for one that was never written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError>;

    /// A plan.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError>;

    /// The id of the plan of a type that a thread means when it names none; without a type, of the last that was stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn current_plan(&self, tenant: &str, thread: &str, plan: Option<&str>) -> Result<Option<String>, StoreError>;

    /// An approval.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn approval(&self, tenant: &str, approval_id: &str) -> Result<Option<Versioned<Approval>>, StoreError>;

    /// The pending approvals of a tenant, of one thread or of all, in the order they were asked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn pending_approvals(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<Approval>>, StoreError>;

    /// What a thread has used; none where nothing was ever written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn spending(&self, tenant: &str, thread: &str) -> Result<Option<Versioned<Spent>>, StoreError>;

    /// A reference, expired or not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError>;

    /// Drops what is over at a time: references that expired and that no pin holds, approvals long past
    /// their expiry, plans that have not changed for long; tells how much.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError>;

    /// Is told the time by whoever has just written; sweeps now and then, after so many writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn tend(&mut self, now: i64) -> Result<(), StoreError>;
}
