//! What a store refuses.

use thiserror::Error;

use crate::json::JsonError;

/// Why a store did not take or give something.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else wrote in between, or the writer is stale.
    #[error("`{key}` is at {actual}, not at {expected}")]
    Stale {
        /// What was to be written.
        key: String,
        /// The version that the writer knew.
        expected: u64,
        /// The version that stands.
        actual: u64,
    },
    /// A batch writes the same thing twice.
    #[error("the batch writes `{key}` twice")]
    WrittenTwice {
        /// What it writes twice.
        key: String,
    },
    /// The journal is not the one that was written.
    #[error("the journal of `{run_id}` is broken at record {seq}")]
    Broken {
        /// The run.
        run_id: String,
        /// The first record that does not follow.
        seq: u64,
    },
    /// A value has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The medium failed.
    #[error("the store failed: {message}")]
    Medium {
        /// What it said.
        message: String,
    },
}

impl StoreError {
    /// Whether reading again and writing anew may succeed.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }
}
