//! What can be wrong with a value that shall become canonical JSON.

use thiserror::Error;

/// Why a value has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A number lies outside what a double can hold and is no integer.
    #[error("number `{text}` is too large for JSON")]
    NumberTooLarge {
        /// The number as it was written.
        text: String,
    },
    /// The value nests deeper than [`DEPTH_MAX`](crate::json::DEPTH_MAX).
    #[error("value nests deeper than {limit} levels")]
    TooDeep {
        /// The deepest nesting that is accepted.
        limit: usize,
    },
    /// A digest was read that is not 64 lower-case hexadecimal digits.
    #[error("`{text}` is not a digest")]
    NotADigest {
        /// The text as it was read.
        text: String,
    },
}

impl JsonError {
    /// Says what to do about it, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NumberTooLarge { .. } => "send it as a string",
            Self::TooDeep { .. } => "flatten the value or store it as a reference",
            Self::NotADigest { .. } => "a digest is 64 lower-case hexadecimal digits",
        }
    }
}
