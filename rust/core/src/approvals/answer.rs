//! Answering: the first answer holds, the same again is harmless.

use super::approval::{Approval, ApprovalStatus};
use super::bound::ApprovalKind;
use super::decision::{Decision, Verdict};
use super::error::ApprovalFault;

/// What an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It decided.
    New,
    /// It said what was said before.
    Same,
}

/// Answers an approval on behalf of a tenant. Edits have been validated by the caller.
///
/// # Laws
///
/// - an approval is decided once; an equal verdict again changes nothing.
/// - after its expiry, or once it was withdrawn, nothing decides it.
///
/// # Errors
///
/// [`ApprovalFault::Foreign`], [`ApprovalFault::Withdrawn`], [`ApprovalFault::Expired`] (the approval is then
/// marked so), [`ApprovalFault::Conflict`], [`ApprovalFault::Unfit`].
///
/// # Examples
///
/// ```
/// use flowai_core::approvals::{Answered, Approval, ApprovalKind, Bound, Decision, Verdict, answer};
///
/// let bound = Bound::new(ApprovalKind::Program, "acme", "run-1", "1", "always");
/// let mut approval = Approval::ask("a-1", bound, "Order", 0, 1000)?;
/// let yes = Decision { verdict: Verdict::approve(), principal: None, by_handler: false, reason: None, at: 10 };
/// assert_eq!(answer(&mut approval, "acme", yes.clone(), 10)?, Answered::New);
/// assert_eq!(answer(&mut approval, "acme", yes, 11)?, Answered::Same);
/// # Ok::<(), flowai_core::approvals::ApprovalFault>(())
/// ```
pub fn answer(approval: &mut Approval, tenant: &str, decision: Decision, now: i64) -> Result<Answered, ApprovalFault> {
    let id = || approval.id.clone();
    if approval.bound.tenant != tenant {
        return Err(ApprovalFault::Foreign { id: id() });
    }
    match &approval.decision {
        Some(earlier) if earlier.verdict == decision.verdict => return Ok(Answered::Same),
        Some(_) => return Err(ApprovalFault::Conflict { id: id() }),
        None => {}
    }
    if approval.status == ApprovalStatus::Withdrawn {
        return Err(ApprovalFault::Withdrawn { id: id(), why: approval.withdrawn.clone().unwrap_or_default() });
    }
    if expire(approval, now) || approval.status == ApprovalStatus::Expired {
        return Err(ApprovalFault::Expired { id: approval.id.clone() });
    }
    check_fit(approval, &decision.verdict)?;
    approval.status = status(&decision.verdict);
    approval.decision = Some(decision);
    Ok(Answered::New)
}

/// Marks a pending approval as expired once its time has come; tells whether it did.
pub fn expire(approval: &mut Approval, now: i64) -> bool {
    let due = approval.status == ApprovalStatus::Pending && now >= approval.expires_at;
    if due {
        approval.status = ApprovalStatus::Expired;
    }
    due
}

/// Takes a pending approval back; tells whether it did.
pub fn withdraw(approval: &mut Approval, why: &str) -> bool {
    let pending = approval.status == ApprovalStatus::Pending;
    if pending {
        approval.status = ApprovalStatus::Withdrawn;
        approval.withdrawn = Some(why.to_owned());
    }
    pending
}

fn status(verdict: &Verdict) -> ApprovalStatus {
    match verdict {
        Verdict::Approve { .. } | Verdict::Happened { .. } | Verdict::RunAgain => ApprovalStatus::Approved,
        Verdict::Reject { .. } | Verdict::Failed { .. } => ApprovalStatus::Rejected,
    }
}

fn check_fit(approval: &Approval, verdict: &Verdict) -> Result<(), ApprovalFault> {
    let kind = approval.bound.kind;
    let message = match verdict {
        Verdict::Happened { .. } | Verdict::RunAgain | Verdict::Failed { .. } if kind != ApprovalKind::InDoubt => {
            "only a write in doubt has happened, failed or has to run again"
        }
        Verdict::Approve { .. } if kind == ApprovalKind::InDoubt => {
            "a yes does not say what became of the write; answer `happened`, `run_again` or `failed`"
        }
        Verdict::Approve { actions: Some(_), .. } if kind != ApprovalKind::Plan => {
            "only a plan has actions to choose from"
        }
        Verdict::Approve { actions: Some(chosen), .. } if chosen.is_empty() => {
            "no action was chosen; reject the plan instead"
        }
        _ => return Ok(()),
    };
    Err(ApprovalFault::Unfit { id: approval.id.clone(), message: message.to_owned() })
}
