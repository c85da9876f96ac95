//! What an approval binds: every part of the call that was shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{Digest, JsonError, digest};

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// A tool call.
    Tool,
    /// A plan's step from draft to approved.
    Plan,
    /// A write whose outcome was lost.
    InDoubt,
    /// A program that asks by itself.
    Program,
}

impl std::fmt::Display for ApprovalKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Tool => "tool",
            Self::Plan => "plan",
            Self::InDoubt => "in_doubt",
            Self::Program => "program",
        })
    }
}

/// Everything that an approval is for; its digest changes with each field.
///
/// # Examples
///
/// ```
/// use flowai_core::approvals::{ApprovalKind, Bound};
/// use serde_json::json;
///
/// let bound = Bound { subject: json!({"row": 1}), ..Bound::new(ApprovalKind::Tool, "acme", "run-1", "3", "always") };
/// let other = Bound { subject: json!({"row": 2}), ..bound.clone() };
/// assert_ne!(bound.digest()?, other.digest()?);
/// # Ok::<(), flowai_core::json::JsonError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// What waits.
    pub kind: ApprovalKind,
    /// Whose it is.
    pub tenant: String,
    /// The run.
    pub run_id: String,
    /// Where in the run, without attempts: a retry is the same call.
    pub position: String,
    /// The tool, for calls.
    pub tool: Option<String>,
    /// The version of the tool's schema.
    pub schema_version: Option<String>,
    /// What would run: a call's arguments, a plan's body, a program's subject.
    pub subject: Value,
    /// The plan, for plans and their actions.
    pub plan_id: Option<String>,
    /// The plan's revision.
    pub plan_revision: Option<u64>,
    /// The digest of that revision.
    #[serde(default)]
    pub plan_digest: Option<String>,
    /// The plan's action, for a write in doubt.
    #[serde(default)]
    pub action: Option<usize>,
    /// The rule that asked.
    pub rule: String,
}

impl Bound {
    /// A binding that names no tool, plan or subject yet.
    #[must_use]
    pub fn new(kind: ApprovalKind, tenant: &str, run_id: &str, position: &str, rule: &str) -> Self {
        Self {
            kind,
            tenant: tenant.to_owned(),
            run_id: run_id.to_owned(),
            position: position.to_owned(),
            tool: None,
            schema_version: None,
            subject: Value::Null,
            plan_id: None,
            plan_revision: None,
            plan_digest: None,
            action: None,
            rule: rule.to_owned(),
        }
    }

    /// The idempotency key of the call at this place.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.run_id, self.position)
    }

    /// The digest that a decision has to name.
    ///
    /// # Errors
    ///
    /// [`JsonError`] when the subject has no canonical form.
    pub fn digest(&self) -> Result<Digest, JsonError> {
        let fields = serde_json::to_value(self).unwrap_or(Value::Null);
        digest(&fields)
    }
}
