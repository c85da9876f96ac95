//! What a reference refuses.

use thiserror::Error;

use crate::json::JsonError;

/// Why there is no reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReferenceFault {
    /// Unknown, expired or another tenant's: nobody can tell which from the outside.
    #[error("no reference `{handle}`")]
    NotFound {
        /// The handle as it was given.
        handle: String,
    },
    /// The glimpse is larger than a model should see.
    #[error("the glimpse of `{kind}` has {bytes} bytes, more than {limit}")]
    GlimpseTooLarge {
        /// The kind of the reference.
        kind: String,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The text or object is no handle.
    #[error("`{text}` is not a handle")]
    NotAHandle {
        /// What was given.
        text: String,
    },
    /// The value has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
}

impl ReferenceFault {
    /// Says what to do about it, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } => Some("store the value again and use the new handle"),
            Self::GlimpseTooLarge { .. } => Some("show counts and a few examples instead of the value"),
            Self::NotAHandle { .. } => Some("a handle is `{\"kind\": ..., \"id\": ...}` or `Kind:id`"),
            Self::Json(fault) => Some(fault.hint()),
        }
    }
}
