//! Grants: what lets one approved call out, once.

use serde_json::Value;

use super::approval::{Approval, ApprovalStatus};
use super::bound::Bound;
use super::error::ApprovalFault;
use crate::json::Digest;

/// The permission to run what one approval was given for.
///
/// Only [`Approval::take_grant`] makes one, it cannot be copied, and whoever
/// runs the call consumes it.
#[derive(Debug, PartialEq)]
pub struct Grant {
    approval_id: String,
    digest: Digest,
    subject: Value,
}

impl Grant {
    /// The approval it comes from.
    #[must_use]
    pub fn approval_id(&self) -> &str {
        &self.approval_id
    }

    /// The digest that was approved.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What runs: the approved subject with its edits, from the record and nowhere else.
    #[must_use]
    pub fn subject(&self) -> &Value {
        &self.subject
    }

    /// Gives the subject away.
    #[must_use]
    pub fn into_subject(self) -> Value {
        self.subject
    }
}

impl Approval {
    /// Lets the approved call out if it is still the one that was approved.
    ///
    /// `bound` describes the call as it stands now; it has to agree with what
    /// was shown in every field, and so has the record itself.
    ///
    /// # Errors
    ///
    /// [`ApprovalFault::NotGranted`], [`ApprovalFault::Altered`], [`ApprovalFault::Used`].
    pub fn take_grant(&mut self, bound: &Bound, actions_field: Option<&str>) -> Result<Grant, ApprovalFault> {
        let id = || self.id.clone();
        if self.status != ApprovalStatus::Approved || !self.was_decided_in_time() {
            return Err(ApprovalFault::NotGranted { id: id() });
        }
        if bound.digest()? != self.digest || self.bound.digest()? != self.digest {
            return Err(ApprovalFault::Altered { id: id() });
        }
        if self.used {
            return Err(ApprovalFault::Used { id: id() });
        }
        let subject = self.approved_subject(actions_field)?;
        self.used = true;
        Ok(Grant { approval_id: self.id.clone(), digest: self.digest, subject })
    }

    /// A status without a decision, or a decision after the expiry, was not made by [`answer`](super::answer).
    fn was_decided_in_time(&self) -> bool {
        let decision = self.decision.as_ref();
        decision.is_some_and(|decision| decision.at < self.expires_at && decision.verdict.lets_out())
    }
}

impl super::decision::Verdict {
    fn lets_out(&self) -> bool {
        matches!(self, Self::Approve { .. })
    }
}
