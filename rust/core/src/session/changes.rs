//! Changes of plans that no program asked for: what a decision does to one, and the end of a run.

use serde_json::json;

use super::desk::{Desk, stored};
use super::plans::plan_fault;
use crate::approvals::{Approval, ApprovalKind, Bound};
use crate::fault::Fault;
use crate::machine::{AskId, Ruling};
use crate::plans::{ActionStatus, Actor, PlanError, PlanInstance, PlanStatus, Settlement, Transition};
use crate::position::Position;
use crate::store::{Versioned, Write};

/// A plan before and after something that was done to it.
pub(super) struct Change {
    version: u64,
    before: PlanInstance,
    after: PlanInstance,
    moved: Vec<Transition>,
}

impl Change {
    pub fn write(&self) -> Write {
        Write::Plan { version: self.version, plan: self.after.clone() }
    }
}

impl Desk {
    /// What a question about a write does to the action that it is about.
    pub(super) fn doubted(&self, bound: &Bound) -> Result<Option<Change>, Fault> {
        let (ApprovalKind::InDoubt, Some(index)) = (bound.kind, bound.action) else { return Ok(None) };
        self.change(bound.plan_id.as_deref(), |plan, _| {
            let running = plan.actions().get(index).is_some_and(|action| action.status == ActionStatus::Running);
            if running { plan.action_in_doubt(index) } else { Ok(()) }
        })
    }

    /// What a decision does to the plan that it is about; `alone` when no branch goes on with it.
    pub(super) fn consequence(
        &self,
        approval: &Approval,
        ruling: &Ruling,
        alone: bool,
    ) -> Result<Option<Change>, Fault> {
        let bound = &approval.bound;
        match bound.kind {
            ApprovalKind::Plan if !ruling.approved => self.change(bound.plan_id.as_deref(), |plan, moved| {
                moved.extend(refuse(plan, bound, ruling)?);
                Ok(())
            }),
            ApprovalKind::InDoubt => self.change(bound.plan_id.as_deref(), |plan, moved| {
                moved.extend(settle(plan, bound, ruling, alone)?);
                Ok(())
            }),
            ApprovalKind::Plan | ApprovalKind::Tool | ApprovalKind::Program => Ok(None),
        }
    }

    fn change(
        &self,
        plan_id: Option<&str>,
        act: impl FnOnce(&mut PlanInstance, &mut Vec<Transition>) -> Result<(), PlanError>,
    ) -> Result<Option<Change>, Fault> {
        let Some(plan_id) = plan_id else { return Ok(None) };
        let found = self.lock().plan(&self.context.tenant, plan_id).map_err(|error| stored(&error))?;
        let Some(Versioned { version, value: before }) = found else { return Ok(None) };
        let (mut after, mut moved) = (before.clone(), Vec::new());
        act(&mut after, &mut moved).map_err(|error| plan_fault(&error))?;
        Ok((after != before).then_some(Change { version, before, after, moved }))
    }

    pub(super) fn tell_changes(&mut self, position: &Position, changes: &[Change]) {
        for change in changes {
            self.tell_actions(position, &change.before, &change.after, None);
            for told in &change.moved {
                self.tell_change(position, &change.after, told);
            }
        }
    }

    /// Ends the plans that the run began and nobody ended; one in doubt goes on until somebody answers.
    pub fn end_plans(&mut self, why: &str, now: i64) {
        for (plan_id, position) in std::mem::take(&mut self.begun) {
            let change = self.change(Some(&plan_id), |plan, moved| {
                moved.extend(end(plan, why)?);
                for told in moved {
                    plan.remember(told, now);
                }
                Ok(())
            });
            // A store that fails at the end of a run leaves the plan to whoever reads it next.
            if let Ok(Some(change)) = change
                && self.commit(change.write()).is_ok()
            {
                self.tell_changes(&position, &[change]);
            }
        }
    }

    /// The asks whose questions a new revision made void, since the last call.
    pub fn take_voided(&mut self) -> Vec<AskId> {
        std::mem::take(&mut self.voided)
    }
}

/// The draft keeps who refused it and why; one that was stored since is not refused with it.
///
/// A refusal takes back an approval of the same revision, while nothing of it has begun.
fn refuse(plan: &mut PlanInstance, bound: &Bound, ruling: &Ruling) -> Result<Option<Transition>, PlanError> {
    let has_not_begun = matches!(plan.status(), PlanStatus::Draft | PlanStatus::Approved);
    if !has_not_begun || Some(plan.revision()) != bound.plan_revision {
        return Ok(None);
    }
    let expired = ruling.answered_at >= ruling.expires_at;
    let (by, reason) = if expired {
        (Actor::runtime(), "nobody answered in time")
    } else {
        (ruling.actor(), ruling.reason.as_deref().unwrap_or_default())
    };
    let told = plan.reject(plan.digest(), by, reason)?;
    plan.remember(&told, ruling.answered_at);
    Ok(Some(told))
}

fn settle(
    plan: &mut PlanInstance,
    bound: &Bound,
    ruling: &Ruling,
    alone: bool,
) -> Result<Option<Transition>, PlanError> {
    let late = || Settlement::Abandon("nobody said in time what became of it".to_owned());
    let settlement = ruling.settlement.clone().unwrap_or_else(late);
    let again = settlement == Settlement::Rerun;
    match bound.action {
        Some(index) => settle_action(plan, index, settlement, ruling, alone)?,
        None if again && alone => {}
        None => drop(plan.settle_call(bound.tool.as_deref().unwrap_or_default(), &settlement)),
    }
    if !alone || again {
        return Ok(None);
    }
    let told = end(plan, "the run was over before it was settled")?;
    if let Some(told) = &told {
        plan.remember(told, ruling.answered_at);
    }
    Ok(told)
}

/// An action that has to run again is let out once more; with no branch to run it, by whoever runs it then.
fn settle_action(
    plan: &mut PlanInstance,
    index: usize,
    settlement: Settlement,
    ruling: &Ruling,
    alone: bool,
) -> Result<(), PlanError> {
    let doubted = plan.actions().get(index).is_some_and(|action| action.status == ActionStatus::InDoubt);
    if !doubted {
        return Ok(());
    }
    let again = settlement == Settlement::Rerun;
    plan.settle(index, settlement, ruling.actor())?;
    if again && !alone {
        plan.take_grant(index)?;
    }
    Ok(())
}

/// An action whose outcome nobody noted has failed.
fn end(plan: &mut PlanInstance, why: &str) -> Result<Option<Transition>, PlanError> {
    if plan.status() != PlanStatus::Executing || plan.is_in_doubt() {
        return Ok(None);
    }
    let running = plan.actions().iter().filter(|action| action.status == ActionStatus::Running);
    let running: Vec<usize> = running.map(|action| action.index).collect();
    running.into_iter().try_for_each(|index| plan.action_failed(index, json!(why)))?;
    plan.cut_short(why).map(Some)
}
