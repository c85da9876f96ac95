//! Decisions: what a human said, who, when.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// Yes; for a write in doubt: run it.
    Approve {
        /// The plan's actions to perform; `None` for all.
        #[serde(default)]
        actions: Option<BTreeSet<usize>>,
        /// Edits, by action index or field name.
        #[serde(default)]
        edits: BTreeMap<String, Value>,
    },
    /// No; for a write in doubt: it counts as failed.
    Reject {
        /// Why; the planner or model is told.
        reason: String,
    },
    /// The write in doubt did happen.
    Happened {
        /// With this result.
        #[serde(default)]
        result: Value,
    },
}

impl Verdict {
    /// Yes, as it stands.
    #[must_use]
    pub fn approve() -> Self {
        Self::Approve { actions: None, edits: BTreeMap::new() }
    }

    /// No, and why.
    #[must_use]
    pub fn reject(reason: &str) -> Self {
        Self::Reject { reason: reason.to_owned() }
    }

    /// Whether the subject was changed with it.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        matches!(self, Self::Approve { actions, edits } if actions.is_some() || !edits.is_empty())
    }
}

/// A verdict with who gave it and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What was said.
    pub verdict: Verdict,
    /// Who said it.
    #[serde(default)]
    pub principal: Option<String>,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}
