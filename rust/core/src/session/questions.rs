//! Questions about plans: each revision once at a time, with the cards of what would run.

use serde_json::{Value as Json, json};

use super::desk::{Desk, Pending, stored};
use crate::approvals::{Approval, ApprovalKind};
use crate::effects::AwaitApproval;
use crate::fault::{Fault, FaultKind};
use crate::plans::{ActionStatus, PlanInstance};

impl Desk {
    /// One revision of a plan is asked about once at a time.
    pub(super) fn check_unasked(&self, request: &AwaitApproval) -> Result<(), Fault> {
        let Some(bound) = request.bound.as_ref().filter(|bound| bound.kind == ApprovalKind::Plan) else {
            return Ok(());
        };
        let same = |approval: &Approval| {
            let asked = &approval.bound;
            asked.kind == bound.kind && (&asked.plan_id, asked.plan_revision) == (&bound.plan_id, bound.plan_revision)
        };
        let open = self.pending.values().filter_map(|pending| self.approval_of(pending)).find(same);
        match open {
            None => Ok(()),
            Some(open) => Err(Fault::new(
                FaultKind::PlanError,
                format!("approval `{}` is already asked for this revision of the plan", open.id),
            )
            .hint("wait for its answer")),
        }
    }

    pub(super) fn approval_of(&self, pending: &Pending) -> Option<Approval> {
        let found = self.lock().approval(&self.context.tenant, &pending.approval_id).ok().flatten();
        found.map(|approval| approval.value)
    }

    pub(super) fn plan_cards_of(&self, plan_id: &str, now: i64) -> Result<Vec<Json>, Fault> {
        let plan = self.lock().plan(&self.context.tenant, plan_id).map_err(|error| stored(&error))?;
        Ok(plan.map(|plan| standing_cards(&plan.value, self.cards(&plan.value, now))).unwrap_or_default())
    }
}

/// The cards of what would run, numbered as in the body that is shown: what was left out before has none.
fn standing_cards(plan: &PlanInstance, cards: Vec<Json>) -> Vec<Json> {
    let mut cards = cards.into_iter();
    let head = cards.next();
    let left = plan.actions().iter().zip(cards).filter(|(action, _)| action.status != ActionStatus::Skipped);
    let numbered = left.enumerate().map(|(index, (_, mut card))| {
        if let Some(number) = card.get_mut("index") {
            *number = json!(index);
        }
        card
    });
    head.into_iter().chain(numbered).collect()
}
