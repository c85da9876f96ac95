//! What a plan refuses.

use thiserror::Error;

use super::actor::Part;
use super::status::{ActionStatus, PlanStatus};
use super::table::{PlanEvent, StepEvent};
use crate::json::{Digest, JsonError};
use crate::schema::SchemaFault;

/// A move that a plan does not make.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The table has no such row.
    #[error("a {} plan does not take `{event:?}` by {by}", from.map_or_else(|| "new".to_owned(), |from| from.to_string()))]
    IllegalMove {
        /// Where the plan stands.
        from: Option<PlanStatus>,
        /// Who asked.
        by: Part,
        /// For what.
        event: PlanEvent,
    },
    /// The table of actions has no such row.
    #[error("action {index} is {from} and does not take `{event:?}`")]
    IllegalStep {
        /// Which action.
        index: usize,
        /// Where it stands.
        from: ActionStatus,
        /// What was asked.
        event: StepEvent,
    },
    /// The digest is not the one of the revision that stands.
    #[error("revision {revision} has the digest {actual}, not {given}")]
    StaleDigest {
        /// The revision that stands.
        revision: u64,
        /// Its digest.
        actual: Digest,
        /// The digest that was given.
        given: Digest,
    },
    /// The plan has no such action.
    #[error("the plan has no action {index}")]
    UnknownAction {
        /// Which one was named.
        index: usize,
    },
    /// An edit names a place that the plan does not have, or is no object.
    #[error("the edit of `{place}` does not fit the plan")]
    EditMisplaced {
        /// What the edit named.
        place: String,
    },
    /// The body does not fit the plan's schema.
    #[error("the body does not fit the plan's schema: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    BodyInvalid {
        /// Each place that does not fit.
        faults: Vec<SchemaFault>,
    },
    /// The plan cannot end while these actions are not settled.
    #[error("actions {indexes:?} are not settled")]
    NotSettled {
        /// Which ones.
        indexes: Vec<usize>,
    },
    /// The plan is performed action by action, or is not, contrary to what was asked.
    #[error("the plan's calls are not bound to its actions in that way")]
    WrongBinding,
    /// The body has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
}

impl PlanError {
    /// Says what to do about it, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::IllegalMove { from: Some(PlanStatus::Draft), event: PlanEvent::Begin, .. } => {
                Some("the plan has to be approved first")
            }
            Self::IllegalMove { from: Some(from), event: PlanEvent::Store, .. } if from.is_final() => {
                Some("store a new plan")
            }
            Self::StaleDigest { .. } => Some("the plan changed since it was shown; ask again"),
            Self::NotSettled { .. } => Some("answer the approvals of kind `in_doubt` first"),
            Self::Json(fault) => Some(fault.hint()),
            Self::IllegalMove { .. }
            | Self::IllegalStep { .. }
            | Self::UnknownAction { .. }
            | Self::EditMisplaced { .. }
            | Self::BodyInvalid { .. }
            | Self::WrongBinding => None,
        }
    }
}
