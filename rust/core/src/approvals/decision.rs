//! Decisions: what a human said, who, when.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plans::Settlement;

/// What was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// Yes.
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
    /// The write in doubt did not happen and has to run.
    RunAgain,
    /// The write in doubt counts as failed.
    Failed {
        /// Why.
        reason: String,
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

    /// What it says about a write in doubt; a no counts as a failure.
    #[must_use]
    pub fn settlement(&self) -> Option<Settlement> {
        match self {
            Self::Happened { result } => Some(Settlement::Happened(result.clone())),
            Self::RunAgain => Some(Settlement::Rerun),
            Self::Failed { reason } | Self::Reject { reason } => Some(Settlement::Abandon(reason.clone())),
            Self::Approve { .. } => None,
        }
    }

    /// Why, where the verdict itself says so.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Reject { reason } | Self::Failed { reason } => Some(reason),
            Self::Approve { .. } | Self::Happened { .. } | Self::RunAgain => None,
        }
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
    /// Whether a handler of the user's said it in place of a human.
    #[serde(default)]
    pub by_handler: bool,
    /// Why, beside a verdict that holds no reason itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When, in milliseconds since the epoch.
    pub at: i64,
}

impl Decision {
    /// Why it was decided so, where somebody said it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.verdict.reason().or(self.reason.as_deref())
    }
}
