//! What a store refuses.

use serde_json::{Value, json};
use thiserror::Error;

use super::beside::Beside;
use crate::fault::{Fault, FaultKind};
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
    /// Somebody else has claimed the run.
    #[error("the run `{run_id}` was claimed by somebody else: it is at epoch {actual}, not at {expected}")]
    Fenced {
        /// The run.
        run_id: String,
        /// The epoch of the writer's claim.
        expected: u64,
        /// The epoch that stands; 0 for a run that is not there.
        actual: u64,
    },
    /// A run was to begin that may not begin beside another one.
    #[error("{what} `{run_id}`")]
    Taken {
        /// What it is about the other run.
        what: Beside,
        /// The other run.
        run_id: String,
    },
    /// What is stored was written by a newer release, or by something else.
    #[error("{message}")]
    Foreign {
        /// What was found.
        message: String,
    },
    /// A row is not the one that was written.
    #[error("{key} is not what was written")]
    Changed {
        /// Which row.
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

    /// Whether what is stored is not what was written, as against a store that could not be asked.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Changed { .. } | Self::Foreign { .. })
    }

    /// What a program or a caller hears of it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let kind = match self {
            Self::Broken { .. } | Self::Changed { .. } => FaultKind::JournalBroken,
            Self::Taken { what: Beside::Thread(_), .. } => FaultKind::ThreadBusy,
            Self::Taken { what: Beside::Call(_), .. } => FaultKind::RunOwned,
            _ => FaultKind::StorageError,
        };
        let fault = Fault::new(kind, self.to_string())
            .detail(self.run_id().map_or(Value::Null, |run_id| json!({"run_id": run_id})));
        match self.hint() {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }

    fn run_id(&self) -> Option<&str> {
        match self {
            Self::Fenced { run_id, .. } | Self::Taken { run_id, .. } | Self::Broken { run_id, .. } => Some(run_id),
            _ => None,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Broken { .. } | Self::Changed { .. } => {
                Some("nothing of it was used, and the rest of the store is; restore the run from a backup")
            }
            Self::Taken { what: Beside::Thread(_), .. } => Some("wait for it, or pass `queue=True`"),
            Self::Taken { what: Beside::Call(_), .. } => Some("`runtime.events(run_id)` tells how far it is"),
            Self::Fenced { .. } => Some("this process was too slow to renew its lease; the other one goes on"),
            _ => None,
        }
    }
}
