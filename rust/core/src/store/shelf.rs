//! The trait that every store implements.

use serde_json::Value;

use super::batch::Batch;
use super::error::StoreError;
use super::keys::{Head, HistoryKey, RunRow, StoredRecord, Versioned};
use crate::approvals::Approval;
use crate::plans::PlanInstance;
use crate::references::{Entry, Handle};

/// Keeps journals, runs, histories, plans, approvals and references.
///
/// Every key holds its tenant. A store neither reads the clock nor draws ids, and
/// what it gives is what was committed.
///
/// # Laws
///
/// Each is a function in [`LAWS`](super::LAWS) that takes a fresh store.
///
/// - a batch is visible whole, or, when `commit` fails, not at all.
/// - what was committed is read back unchanged, and journals in their order.
/// - of two writers that read the same version, one is refused as stale.
/// - a journal is chained: each record's digest follows from the one before.
/// - another tenant's key reads like one that was never written.
/// - equal references share one body and live until the later expiry.
pub trait Store: Send {
    /// Makes a batch durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] when any of it was written in between,
    /// [`StoreError::WrittenTwice`], [`StoreError::Json`], [`StoreError::Medium`].
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError>;

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

    /// A run's row.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError>;

    /// The runs of a tenant, of one thread or of all, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn runs(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<RunRow>>, StoreError>;

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

    /// The id of the plan that a thread means when it names none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn current_plan(&self, tenant: &str, thread: &str) -> Result<Option<String>, StoreError>;

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

    /// A reference, expired or not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError>;

    /// Drops references that expired before a time and that no pin holds; tells how many.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError>;
}
