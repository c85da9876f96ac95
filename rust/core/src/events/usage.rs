//! The running totals of one run.

use serde::{Deserialize, Serialize};

use crate::effects::Usage;

/// What a run has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Tokens.
    pub run: Usage,
    /// Model calls that were answered.
    pub model_calls: u64,
    /// Tool calls that began.
    pub tool_calls: u64,
}
