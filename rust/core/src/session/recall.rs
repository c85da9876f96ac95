//! Recalling: what a recording has of the desk stands there again, untold.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::decision::approval_fault;
use super::desk::{Desk, stored};
use crate::approvals::{Approval, ApprovalStatus, Decision, Verdict};
use crate::effects::{CallTool, Effect};
use crate::fault::Fault;
use crate::machine::{Ask, Ruling};
use crate::plans::ActionStatus;
use crate::policy::EXPIRES_IN_MS;
use crate::store::Write;
use crate::value::Outcome;

impl Desk {
    /// Keeps ids free for what is recalled by them.
    pub fn reserve(&mut self, ids: impl IntoIterator<Item = String>) {
        self.reserved.extend(ids);
    }

    /// Performs an effect on the store as it was performed before: with its id and at its time.
    ///
    /// # Errors
    /// As `perform`.
    pub fn recall(&mut self, ask: &Ask, drawn: Option<&str>, at: i64) -> Outcome {
        let told = self.told.len();
        self.dictated = drawn.map(str::to_owned);
        let outcome = self.perform(ask, at);
        self.dictated = None;
        self.told.truncate(told);
        outcome
    }

    /// Keeps an approval as it was asked and answered before; nobody can answer it again.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ApprovalError`] when the subject cannot be shown,
    /// [`crate::fault::FaultKind::StorageError`].
    pub fn recall_ruling(&mut self, ask: &Ask, ruling: &Ruling) -> Result<(), Fault> {
        let Effect::AwaitApproval(request) = &ask.effect else { return Ok(()) };
        let Some(bound) = &request.bound else { return Ok(()) };
        let known = self.lock().approval(&self.context.tenant, &ruling.approval_id).map_err(|error| stored(&error))?;
        if known.is_some() {
            return Ok(());
        }
        let expires_in_ms = request.expires_in_ms.unwrap_or(EXPIRES_IN_MS);
        let asked_at = ruling.expires_at.saturating_sub(expires_in_ms);
        let approval = Approval::ask(&ruling.approval_id, (**bound).clone(), &request.title, asked_at, expires_in_ms);
        let mut approval = approval.map_err(|fault| approval_fault(&fault))?;
        approval.thread_id.clone_from(&self.context.thread_id);
        approval.agent = ask.position.scope.agent().map(ToString::to_string);
        answered(&mut approval, ruling);
        self.commit(Write::Approval { version: 0, approval })
    }

    /// Whether a call carries out an action that the store has as begun, with the arguments that the plan has.
    #[must_use]
    pub fn has_begun(&self, call: &CallTool) -> bool {
        let Some(action) = &call.covers else { return false };
        let plan = self.lock().plan(&self.context.tenant, &action.plan_id).ok().flatten();
        let Some(plan) = plan.map(|plan| plan.value) else { return false };
        let running = plan.actions().get(action.index).is_some_and(|state| state.status == ActionStatus::Running);
        let arguments = call.arguments.to_json().ok();
        let given = arguments.as_ref().and_then(|arguments| arguments.get(&action.parameter));
        running && given.is_some() && given == plan.action_arguments(action.index)
    }
}

fn answered(approval: &mut Approval, ruling: &Ruling) {
    let late = !ruling.approved && ruling.answered_at >= ruling.expires_at;
    approval.used = ruling.approved;
    approval.status = match (ruling.approved, late) {
        (true, _) => ApprovalStatus::Approved,
        (false, true) => ApprovalStatus::Expired,
        (false, false) => ApprovalStatus::Rejected,
    };
    let verdict = if ruling.approved {
        Verdict::Approve { actions: ruling.actions.clone(), edits: edits(&approval.bound.subject, &ruling.subject) }
    } else {
        Verdict::reject(ruling.reason.as_deref().unwrap_or_default())
    };
    let decision = Decision {
        verdict,
        principal: ruling.principal.clone(),
        by_handler: ruling.by_handler,
        reason: ruling.reason.clone().filter(|_| ruling.approved),
        at: ruling.answered_at,
    };
    approval.decision = Some(decision).filter(|_| !late);
}

/// The fields of a subject that are not as they were asked.
fn edits(asked: &Json, approved: &Json) -> BTreeMap<String, Json> {
    let fields = approved.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| asked.get(name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
