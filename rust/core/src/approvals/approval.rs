//! One approval, from asked to used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bound::Bound;
use super::decision::{Decision, Verdict};
use super::error::ApprovalFault;
use super::render::escaped;
use crate::json::Digest;
use crate::plans::apply_edits;

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// Nobody answered yet.
    Pending,
    /// Somebody said yes.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Nobody answered in time, which counts as no.
    Expired,
    /// Nobody needs the answer any more.
    Withdrawn,
}

/// Something that waits, or waited, for a human.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Its id, drawn by the interpreter.
    pub id: String,
    /// What it is for.
    pub bound: Bound,
    /// The digest of `bound` when it was asked.
    pub digest: Digest,
    /// The JSON Schema that its subject fits, edited or not.
    #[serde(default)]
    pub schema: Option<Value>,
    /// The thread, when the run has one.
    #[serde(default)]
    pub thread_id: Option<String>,
    /// The agent that asked, when it was one.
    #[serde(default)]
    pub agent: Option<String>,
    /// One line for the approver.
    pub title: String,
    /// What the approver sees, escaped.
    #[serde(default)]
    pub cards: Vec<Value>,
    /// When it was asked, in milliseconds since the epoch.
    pub asked_at: i64,
    /// When it stops waiting.
    pub expires_at: i64,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// What was answered.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// Whether its call was let out.
    #[serde(default)]
    pub used: bool,
    /// Why nobody needs the answer any more.
    #[serde(default)]
    pub withdrawn: Option<String>,
}

impl Approval {
    /// Asks: the digest is taken of what is bound, and the approver sees the same.
    ///
    /// # Errors
    ///
    /// [`ApprovalFault::Json`] when the subject has no canonical form.
    pub fn ask(id: &str, bound: Bound, title: &str, asked_at: i64, expires_in_ms: i64) -> Result<Self, ApprovalFault> {
        Ok(Self {
            id: id.to_owned(),
            digest: bound.digest()?,
            cards: vec![escaped(&bound.subject)],
            bound,
            schema: None,
            thread_id: None,
            agent: None,
            title: super::escape(title),
            asked_at,
            expires_at: asked_at.saturating_add(expires_in_ms),
            status: ApprovalStatus::Pending,
            decision: None,
            used: false,
            withdrawn: None,
        })
    }

    /// The subject as approved: edits applied. A plan's edits need its list of actions' field.
    ///
    /// # Errors
    ///
    /// [`ApprovalFault::Unfit`] when an edit names a place that is not there.
    pub fn approved_subject(&self, actions_field: Option<&str>) -> Result<Value, ApprovalFault> {
        match self.decision.as_ref().map(|decision| &decision.verdict) {
            Some(Verdict::Approve { edits, .. }) => edited(self, edits, actions_field),
            _ => Ok(self.bound.subject.clone()),
        }
    }
}

fn edited(
    approval: &Approval,
    edits: &std::collections::BTreeMap<String, Value>,
    actions_field: Option<&str>,
) -> Result<Value, ApprovalFault> {
    let unfit =
        |fault: crate::plans::PlanError| ApprovalFault::Unfit { id: approval.id.clone(), message: fault.to_string() };
    apply_edits(&approval.bound.subject, edits, actions_field).map_err(unfit)
}
