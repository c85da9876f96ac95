//! Decisions as the host writes them, and approvals as events and rulings tell them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::approvals::{Approval, ApprovalFault, ApprovalKind, ApprovalStatus, Decision, Verdict};
use crate::effects::AwaitApproval;
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Ask, Ruling};
use crate::value::{Outcome, Value};

/// What the reviewer is shown, with the names of what it belongs to.
pub(super) fn shown(approval: &Approval) -> Json {
    let bound = &approval.bound;
    let subject = crate::approvals::escaped(&bound.subject);
    match bound.kind {
        ApprovalKind::Tool => json!({"tool": bound.tool, "arguments": subject}),
        ApprovalKind::Plan => json!({"plan_id": bound.plan_id, "revision": bound.plan_revision, "body": subject}),
        ApprovalKind::InDoubt | ApprovalKind::Program => subject,
    }
}

pub(super) fn resolved(approval: &Approval) -> EventBody {
    let decision = approval.decision.as_ref();
    let approved = approval.status == ApprovalStatus::Approved;
    let reason =
        decision.and_then(
            |decision| if let Verdict::Reject { reason } = &decision.verdict { Some(reason.clone()) } else { None },
        );
    EventBody::ApprovalResolved {
        approval_id: approval.id.clone(),
        decision: if approved { "approved" } else { "rejected" }.to_owned(),
        principal: decision.and_then(|decision| decision.principal.clone()),
        reason,
        digest: approval.digest.to_string(),
        edited: decision.is_some_and(|decision| decision.verdict.is_edited()),
    }
}

/// A ruling in the words of a handler: what it answers is the subject as approved.
pub(super) fn answered_by_handler(ask: &Ask, request: &AwaitApproval, value: &Value, now: i64) -> Outcome {
    let Some(bound) = &request.bound else { return Ok(value.clone()) };
    let digest = bound.digest().map_err(|error| Fault::new(FaultKind::ValueNotJson, error.to_string()))?;
    let subject = value.to_json()?;
    Ok(Value::from(json!(Ruling {
        approval_id: format!("handler_{}", ask.position),
        digest: digest.to_string(),
        approved: true,
        edited: subject != bound.subject,
        subject,
        reason: None,
        principal: Some("handler".to_owned()),
        expires_at: i64::MAX,
        answered_at: now,
        actions: None,
    })))
}

/// Reads a decision as the host writes it.
///
/// # Errors
/// [`FaultKind::ApprovalError`] when it is none.
pub fn read_decision(written: &Json, principal: Option<String>, at: i64) -> Result<Decision, Fault> {
    let reason = || written.get("reason").and_then(Json::as_str).unwrap_or_default().to_owned();
    let verdict = match written.get("decision").and_then(Json::as_str) {
        Some("approved") => {
            let read = |field: &str| written.get(field).cloned().unwrap_or(Json::Null);
            let actions = serde_json::from_value(read("actions")).map_err(|error| malformed(&error.to_string()))?;
            let edits: Option<BTreeMap<String, Json>> =
                serde_json::from_value(read("edits")).map_err(|error| malformed(&error.to_string()))?;
            Verdict::Approve { actions, edits: edits.unwrap_or_default() }
        }
        Some("rejected") => Verdict::Reject { reason: reason() },
        _ => return Err(malformed("it neither approves nor rejects")),
    };
    Ok(Decision { verdict, principal, at })
}

fn malformed(why: &str) -> Fault {
    Fault::new(FaultKind::ApprovalError, format!("this is no decision: {why}"))
        .hint("answer with `Approve(...)` or `Reject(\"why\")`")
}

pub(super) fn unknown(approval_id: &str) -> Fault {
    Fault::new(FaultKind::UnknownApproval, format!("no approval `{approval_id}` is waiting"))
}

pub(super) fn approval_fault(fault: &ApprovalFault) -> Fault {
    let kind = match fault {
        ApprovalFault::Unknown { .. } | ApprovalFault::Foreign { .. } => FaultKind::UnknownApproval,
        ApprovalFault::Expired { .. } => FaultKind::ApprovalExpired,
        ApprovalFault::Conflict { .. } => FaultKind::ApprovalConflict,
        _ => FaultKind::ApprovalError,
    };
    Fault::new(kind, fault.to_string())
}
