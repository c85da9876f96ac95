//! Deciding: a revision is approved, whole or in part, or rejected.

use std::collections::BTreeSet;

use serde_json::Value;

use super::actor::Actor;
use super::error::PlanError;
use super::instance::{ActionState, PlanInstance, Transition};
use super::status::ActionStatus;
use super::table::{PlanEvent, StepEvent, step};
use crate::json::Digest;

/// What an approval consents to; by default to the revision as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consent {
    /// The actions to perform; `None` for all. The others are skipped.
    pub actions: Option<BTreeSet<usize>>,
    /// The edited body, validated by the caller; `None` when nothing was edited.
    pub body: Option<Value>,
}

impl PlanInstance {
    /// Approves the revision that has this digest.
    ///
    /// With an edited body or a choice of actions the approved revision is the
    /// next one: what is approved is exactly what its digest says.
    ///
    /// # Errors
    ///
    /// [`PlanError::StaleDigest`] for another revision's digest,
    /// [`PlanError::IllegalMove`] when the plan is no draft or `by` may not
    /// approve, [`PlanError::UnknownAction`]; the plan is then unchanged.
    pub fn approve(&mut self, digest: Digest, by: Actor, consent: Consent) -> Result<Transition, PlanError> {
        self.check_digest(digest)?;
        let mut next = self.clone();
        let mut told = next.advance(by.clone(), PlanEvent::Approve)?;
        if let Some(body) = consent.body {
            told.diff = next.put_body(body)?;
        }
        if let Some(chosen) = consent.actions {
            next.skip_others(&chosen, &by)?;
        }
        if next.revision == self.revision && next.actions != self.actions {
            next.revision = next.revision.saturating_add(1);
        }
        next.digest = next.compute_digest()?;
        next.decided_by = Some(by);
        told.revision = next.revision;
        *self = next;
        Ok(told)
    }

    /// Rejects the revision that has this digest; the draft stays for the planner to store another.
    ///
    /// # Errors
    ///
    /// [`PlanError::StaleDigest`], or [`PlanError::IllegalMove`] when the plan is no draft.
    pub fn reject(&mut self, digest: Digest, by: Actor, reason: &str) -> Result<Transition, PlanError> {
        self.check_digest(digest)?;
        let mut told = self.advance(by.clone(), PlanEvent::Reject)?;
        self.decided_by = Some(by);
        self.rejection = Some(reason.to_owned());
        told.reason = Some(reason.to_owned());
        Ok(told)
    }

    /// The digest is computed anew, so that a body changed behind our back is noticed.
    pub(super) fn check_digest(&self, given: Digest) -> Result<(), PlanError> {
        let actual = self.compute_digest()?;
        if given == actual && actual == self.digest {
            return Ok(());
        }
        Err(PlanError::StaleDigest { revision: self.revision, actual, given })
    }

    fn skip_others(&mut self, chosen: &BTreeSet<usize>, by: &Actor) -> Result<(), PlanError> {
        if let Some(index) = chosen.iter().find(|index| **index >= self.actions.len()) {
            return Err(PlanError::UnknownAction { index: *index });
        }
        let left_out = self.actions.iter_mut().filter(|action| !chosen.contains(&action.index));
        left_out.into_iter().try_for_each(|action| skip(action, by))
    }
}

fn skip(action: &mut ActionState, by: &Actor) -> Result<(), PlanError> {
    action.status = step(action.index, action.status, StepEvent::Skip)?;
    debug_assert_eq!(action.status, ActionStatus::Skipped);
    action.by = Some(by.clone());
    Ok(())
}
