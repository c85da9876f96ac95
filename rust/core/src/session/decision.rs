//! Decisions as the host writes them, and approvals as events and rulings tell them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::approvals::{Approval, ApprovalFault, ApprovalKind, ApprovalStatus, Decision, Verdict};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::decode;

/// How an approval ended, as the event tells it.
pub(super) fn ended(approval: &Approval) -> EventBody {
    let (approval_id, digest) = (approval.id.clone(), approval.digest.to_string());
    let decision = match approval.status {
        ApprovalStatus::Expired => return EventBody::ApprovalExpired { approval_id, digest },
        ApprovalStatus::Withdrawn => {
            let reason = approval.withdrawn.clone().unwrap_or_default();
            return EventBody::ApprovalWithdrawn { approval_id, reason, digest };
        }
        ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Rejected => word(approval),
    };
    let said = approval.decision.as_ref();
    let reason = said.and_then(Decision::reason).map(str::to_owned);
    EventBody::ApprovalResolved {
        approval_id,
        decision: decision.to_owned(),
        principal: said.and_then(|said| said.principal.clone()),
        reason,
        digest,
        edited: said.is_some_and(|said| said.verdict.is_edited()),
    }
}

/// What a human said, in the words of the event.
fn word(approval: &Approval) -> &'static str {
    let in_doubt = approval.bound.kind == ApprovalKind::InDoubt;
    match approval.decision.as_ref().map(|decision| &decision.verdict) {
        Some(Verdict::Approve { .. }) => "approved",
        Some(Verdict::Happened { .. }) => "happened",
        Some(Verdict::RunAgain) => "run_again",
        Some(Verdict::Failed { .. }) => "failed",
        Some(Verdict::Reject { .. }) if in_doubt => "failed",
        Some(Verdict::Reject { .. }) | None => "rejected",
    }
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
            let actions = decode(read("actions")).map_err(|error| malformed(&error.to_string()))?;
            let edits: Option<BTreeMap<String, Json>> =
                decode(read("edits")).map_err(|error| malformed(&error.to_string()))?;
            Verdict::Approve { actions, edits: edits.unwrap_or_default() }
        }
        Some("rejected") => Verdict::Reject { reason: reason() },
        Some("happened") => Verdict::Happened { result: written.get("result").cloned().unwrap_or(Json::Null) },
        Some("run_again") => Verdict::RunAgain,
        Some("failed") => Verdict::Failed { reason: reason() },
        _ => return Err(malformed("it neither approves nor rejects")),
    };
    let beside = Some(reason()).filter(|reason| verdict.reason().is_none() && !reason.is_empty());
    Ok(Decision { verdict, principal, by_handler: false, reason: beside, at })
}

pub(super) fn malformed(why: &str) -> Fault {
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
    let told = Fault::new(kind, fault.to_string());
    if matches!(fault, ApprovalFault::Withdrawn { .. }) { told.hint("nothing waits for it any more") } else { told }
}
