//! What an approval refuses.

use thiserror::Error;

use crate::json::JsonError;

/// Why an answer or a call is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApprovalFault {
    /// No such approval.
    #[error("no approval `{id}`")]
    Unknown {
        /// The id that was named.
        id: String,
    },
    /// Another tenant's; it reads like an unknown one.
    #[error("no approval `{id}`")]
    Foreign {
        /// The id that was named.
        id: String,
    },
    /// Nobody answered in time.
    #[error("approval `{id}` expired")]
    Expired {
        /// The approval.
        id: String,
    },
    /// Nobody needs the answer any more.
    #[error("approval `{id}` was withdrawn: {why}")]
    Withdrawn {
        /// The approval.
        id: String,
        /// Why.
        why: String,
    },
    /// It was answered otherwise before.
    #[error("approval `{id}` was answered otherwise before")]
    Conflict {
        /// The approval.
        id: String,
    },
    /// The answer does not fit what was asked.
    #[error("the answer does not fit approval `{id}`: {message}")]
    Unfit {
        /// The approval.
        id: String,
        /// What does not fit.
        message: String,
    },
    /// Nobody approved it.
    #[error("approval `{id}` is not granted")]
    NotGranted {
        /// The approval.
        id: String,
    },
    /// The call is not the one that was approved.
    #[error("approval `{id}` was given for something else")]
    Altered {
        /// The approval.
        id: String,
    },
    /// Its call was let out before.
    #[error("approval `{id}` was used before")]
    Used {
        /// The approval.
        id: String,
    },
    /// The subject has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
}
