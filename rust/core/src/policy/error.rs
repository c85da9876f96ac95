//! What can be wrong with a rule before it is ever evaluated.

use thiserror::Error;

/// A rule that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The expression is not CEL.
    #[error("`{expression}` is not a CEL expression: {message}")]
    Syntax {
        /// The expression as written.
        expression: String,
        /// What the parser objected to.
        message: String,
    },
    /// The expression is longer than a rule may be.
    #[error("a rule of {bytes} bytes is longer than {limit}")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long a rule may be.
        limit: usize,
    },
    /// The expression nests deeper than a rule may.
    #[error("a rule nests deeper than {limit} levels")]
    TooNested {
        /// How deep it may nest.
        limit: usize,
    },
}
