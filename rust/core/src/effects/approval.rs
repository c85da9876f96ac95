//! The question for a human.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::approvals::{ApprovalKind, Bound};
use crate::value::Value;

/// Show a subject to a human; answers with the subject as approved.
pub struct AwaitApproval {
    /// What the approval is about.
    pub kind: ApprovalKind,
    /// One line for the reviewer.
    pub title: String,
    /// What would run; the approved form of it comes back.
    pub subject: Value,
    /// The rule that asks.
    pub rule: String,
    /// Everything that the answer is bound to; absent until the machine asks.
    pub bound: Option<Box<Bound>>,
    /// The JSON Schema that the subject fits, edited or not.
    pub schema: Option<Arc<Json>>,
    /// How long the question stands.
    pub expires_in_ms: Option<i64>,
}
