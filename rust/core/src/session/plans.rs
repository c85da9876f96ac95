//! Plans at the desk: every move goes through the lifecycle's table.

use serde_json::{Value as Json, json};

use super::desk::{Desk, stored};
use crate::approvals::plan_cards;
use crate::effects::{AdvancePlan, LoadPlan, PlanMove, StorePlan};
use crate::fault::{Fault, FaultKind};
use crate::json::Digest;
use crate::machine::{Clearance, Ruling};
use crate::plans::{
    ActionStatus, Actor, Binding, Consent, Part, PlanError, PlanInstance, PlanStatus, StepEvent, Transition,
};
use crate::position::Position;
use crate::references::Handle;
use crate::specs::{DispatchEntry, Role};
use crate::store::{Batch, Versioned, Write};
use crate::value::{Outcome, Value};

impl Desk {
    pub(super) fn store_plan(&mut self, position: &Position, store: &StorePlan, now: i64) -> Outcome {
        let by = Actor::new(Part::Planner, &store.by);
        match self.open_plan(&store.plan.name)? {
            Some(plan) => self.revise_plan(position, plan, store.body.clone(), by, now),
            None => self.new_plan(position, store, by, now),
        }
    }

    /// What was asked or approved for the old revision is void with it.
    fn revise_plan(
        &mut self,
        position: &Position,
        plan: Versioned<PlanInstance>,
        body: Json,
        by: Actor,
        now: i64,
    ) -> Outcome {
        let Versioned { version, value: mut plan } = plan;
        let told = plan.revise(body, by).map_err(|error| plan_fault(&error))?;
        plan.remember(&told, now);
        self.put(version, plan.clone())?;
        let voided = self.void(plan.id());
        self.voided.extend(voided);
        self.tell_change(position, &plan, &told);
        self.tell_stored(position, &plan);
        Ok(self.view(&plan, None))
    }

    fn new_plan(&mut self, position: &Position, store: &StorePlan, by: Actor, now: i64) -> Outcome {
        let (id, tenant, thread) = (self.draw_id("plan"), self.context.tenant.clone(), self.thread());
        let stored = PlanInstance::store(&id, &store.plan, &tenant, &thread, store.body.clone(), by);
        let (mut plan, told) = stored.map_err(|error| plan_fault(&error))?;
        plan.remember(&told, now);
        self.put_new(plan.clone())?;
        self.tell_stored(position, &plan);
        Ok(self.view(&plan, None))
    }

    /// The thread's current plan of this type, while nothing of it has begun.
    fn open_plan(&self, name: &str) -> Result<Option<Versioned<PlanInstance>>, Fault> {
        let has_not_begun = |status| matches!(status, PlanStatus::Draft | PlanStatus::Approved);
        let current = self.find_plan(None, Some(name))?;
        Ok(current.filter(|plan| has_not_begun(plan.value.status()) && plan.value.plan() == name))
    }

    fn find_plan(&self, plan_id: Option<&str>, name: Option<&str>) -> Result<Option<Versioned<PlanInstance>>, Fault> {
        let tenant = &self.context.tenant;
        let store = self.lock();
        let current = match plan_id {
            Some(plan_id) => Some(plan_id.to_owned()),
            None => store.current_plan(tenant, &self.thread(), name).map_err(|error| stored(&error))?,
        };
        let found =
            current.map(|plan_id| store.plan(tenant, &plan_id)).transpose().map_err(|error| stored(&error))?.flatten();
        Ok(found.filter(|plan| plan.value.thread() == self.thread() || self.context.thread_id.is_none()))
    }

    fn plan(&self, plan_id: Option<&str>, name: Option<&str>) -> Result<Versioned<PlanInstance>, Fault> {
        self.find_plan(plan_id, name)?.ok_or_else(|| {
            let message = plan_id.map_or_else(
                || {
                    format!(
                        "this thread has no plan{}",
                        name.map_or_else(String::new, |name| format!(" of the type `{name}`"))
                    )
                },
                |plan_id| format!("no plan `{plan_id}` in this thread"),
            );
            Fault::new(FaultKind::PlanError, message).hint("store a plan first")
        })
    }

    pub(super) fn load_plan(&mut self, load: &LoadPlan, now: i64) -> Outcome {
        let plan = self.plan(load.plan_id.as_deref(), load.plan.as_deref())?.value;
        if let Some(name) = load.plan.as_ref().filter(|name| *name != plan.plan()) {
            return Err(Fault::new(
                FaultKind::PlanError,
                format!("plan `{}` is a `{}` and no `{name}`", plan.id(), plan.plan()),
            ));
        }
        Ok(self.view(&plan, Some(now)))
    }

    pub(super) fn advance_plan(
        &mut self,
        position: &Position,
        advance: &AdvancePlan,
        clearance: Option<&Clearance>,
        now: i64,
    ) -> Outcome {
        let mut plan = self.plan(advance.plan_id.as_deref(), None)?;
        let before = plan.value.clone();
        self.check_tools(&before, advance, clearance)?;
        let moved = moves(&mut plan.value, advance, clearance).map_err(|error| plan_fault(&error))?;
        self.note_tools(&mut plan.value, advance, clearance);
        for told in &moved {
            plan.value.remember(told, now);
        }
        self.put(plan.version, plan.value.clone())?;
        self.note_begun(position, &plan.value, &advance.step);
        for told in &moved {
            self.tell_change(position, &plan.value, told);
        }
        self.tell_actions(position, &before, &plan.value, Some(&advance.step));
        Ok(self.view(&plan.value, Some(now)))
    }

    pub(super) fn note_begun(&mut self, position: &Position, plan: &PlanInstance, step: &PlanMove) {
        match step {
            PlanMove::Execute { .. } => drop(self.begun.insert(plan.id().to_owned(), position.clone())),
            PlanMove::Finish { .. } => drop(self.begun.remove(plan.id())),
            _ => {}
        }
    }

    fn put(&self, version: u64, plan: PlanInstance) -> Result<(), Fault> {
        self.commit(Write::Plan { version, plan })
    }

    fn put_new(&self, plan: PlanInstance) -> Result<(), Fault> {
        let current = Write::CurrentPlan {
            tenant: self.context.tenant.clone(),
            thread: self.thread(),
            plan: plan.plan().to_owned(),
            plan_id: plan.id().to_owned(),
        };
        self.commit_all(Batch::new().with(Write::Plan { version: 0, plan }).with(current))
    }

    /// The instance as effects answer it.
    fn view(&self, plan: &PlanInstance, now: Option<i64>) -> Value {
        let actions: Vec<Json> = plan
            .actions()
            .iter()
            .map(|action| {
                json!({"index": action.index, "kind": action.kind, "status": action.status, "result": action.result,
                       "arguments": plan.action_arguments(action.index)})
            })
            .collect();
        let cards = now.map(|now| self.cards(plan, now));
        let mut view = json!({
            "plan_id": plan.id(), "plan": plan.plan(), "revision": plan.revision(), "status": plan.status(),
            "digest": plan.digest(), "body": plan.approved_body(), "actions": actions, "cards": cards,
            "rejection": plan.rejection(), "history": plan.history(),
        });
        if let Some(fields) = view.as_object_mut().filter(|_| self.has_other_tools(plan)) {
            fields.insert("tools_changed".to_owned(), true.into());
        }
        Value::from(view)
    }

    /// How a reviewer sees a plan.
    pub(super) fn cards(&self, plan: &PlanInstance, now: i64) -> Vec<Json> {
        let glimpse = |handle: &Handle| {
            let entry = self.lock().reference(&self.context.tenant, handle).ok().flatten()?;
            entry.is_live(now).then(|| entry.glimpse.clone())
        };
        plan_cards(plan, self.actions_field(plan.plan()), self.dispatcher(plan.plan()), &glimpse)
    }

    /// The field of a plan type that lists its actions.
    pub(super) fn actions_field(&self, plan: &str) -> Option<&str> {
        let specs = self.spec.agents.iter().filter_map(|agent| agent.plan.as_ref());
        specs.filter(|spec| spec.name == plan).find_map(|spec| spec.actions_field.as_deref())
    }

    fn dispatcher(&self, plan: &str) -> Option<&std::collections::BTreeMap<String, DispatchEntry>> {
        let executors = self.spec.agents.iter().filter(|agent| agent.role == Role::Executor);
        let of_plan = executors.filter(|agent| agent.plan.as_ref().is_some_and(|spec| spec.name == plan));
        of_plan.into_iter().find_map(|agent| agent.dispatcher.as_ref())
    }
}

/// A reviewer who is asked about an execution may change what is begun with it.
fn moves(
    plan: &mut PlanInstance,
    advance: &AdvancePlan,
    clearance: Option<&Clearance>,
) -> Result<Vec<Transition>, PlanError> {
    let amended = match (&advance.step, clearance) {
        (PlanMove::Execute { .. }, Some(clearance)) if amends(clearance) => Some(approve(plan, Some(clearance))?),
        _ => None,
    };
    let moved = step(plan, advance, clearance)?;
    Ok(amended.into_iter().chain(moved).collect())
}

fn amends(clearance: &Clearance) -> bool {
    clearance.ruling().is_some_and(|ruling| ruling.edited || ruling.actions.is_some())
}

/// The digest of the revision that may begin: the one that was shown, or as the reviewer has just left it.
fn shown_digest(plan: &PlanInstance, named: Option<&str>, clearance: Option<&Clearance>) -> Result<Digest, PlanError> {
    if clearance.is_some_and(amends) {
        return Ok(plan.digest());
    }
    match clearance.and_then(Clearance::plan_digest).or(named) {
        Some(digest) => Ok(digest.parse()?),
        None => Ok(plan.digest()),
    }
}

/// Every move goes through the lifecycle's table.
fn step(
    plan: &mut PlanInstance,
    advance: &AdvancePlan,
    clearance: Option<&Clearance>,
) -> Result<Option<Transition>, PlanError> {
    let executor = Actor::new(Part::Executor, &advance.by);
    let undoer = Actor::human(Some(advance.by.as_str()).filter(|by| !by.is_empty()));
    match &advance.step {
        PlanMove::Approve { .. } => approve(plan, clearance).map(Some),
        PlanMove::Execute { open, digest } => {
            let binding = if *open { Binding::Open } else { Binding::Dispatched };
            let shown = shown_digest(plan, digest.as_deref(), clearance)?;
            plan.begin(shown, executor, binding).map(Some)
        }
        PlanMove::StartAction { index } => plan.take_grant(*index).map(|_| None),
        // Who answered for a write in doubt has settled its action already.
        PlanMove::FinishAction { index, .. } if is_settled(plan, *index, ActionStatus::Done) => Ok(None),
        PlanMove::FinishAction { index, result } => plan.action_finished(*index, result.clone()).map(|()| None),
        PlanMove::FailAction { index, in_doubt: true, .. } if is(plan, *index, ActionStatus::InDoubt) => Ok(None),
        PlanMove::FailAction { index, in_doubt: true, .. } => plan.action_in_doubt(*index).map(|()| None),
        PlanMove::FailAction { index, .. } if is_settled(plan, *index, ActionStatus::Failed) => Ok(None),
        PlanMove::FailAction { index, error, .. } => plan.action_failed(*index, json!(error)).map(|()| None),
        PlanMove::StartUndo { index } => plan.undo(*index, StepEvent::Undo, undoer).map(|()| None),
        PlanMove::FinishUndo { index, .. } => plan.undo(*index, StepEvent::Undone, undoer).map(|()| None),
        PlanMove::FailUndo { index } => plan.undo(*index, StepEvent::Keep, undoer).map(|()| None),
        PlanMove::RecordCall { call } => plan.record_call(call.clone()).map(|()| None),
        PlanMove::Finish { calls, cut_short } => {
            calls.iter().try_for_each(|call| plan.record_call(call.clone()))?;
            if plan.is_in_doubt() {
                return Ok(None);
            }
            let ended = match cut_short {
                Some(why) => plan.cut_short(why),
                None => plan.finish(),
            };
            ended.map(Some)
        }
    }
}

fn is(plan: &PlanInstance, index: usize, status: ActionStatus) -> bool {
    plan.actions().get(index).is_some_and(|action| action.status == status)
}

fn is_settled(plan: &PlanInstance, index: usize, status: ActionStatus) -> bool {
    plan.actions().get(index).is_some_and(|action| action.status == status && action.by.is_some())
}

/// Approves the revision that the gate judged, edits included; one that was stored since stays a draft.
fn approve(plan: &mut PlanInstance, clearance: Option<&Clearance>) -> Result<Transition, PlanError> {
    let Some(clearance) = clearance else { return Err(PlanError::WrongBinding) };
    let digest: Digest = clearance.plan_digest().unwrap_or_default().parse()?;
    match clearance.ruling() {
        Some(ruling) => {
            let consent = consent(plan, ruling);
            let told = plan.approve(digest, ruling.actor(), consent)?;
            Ok(Transition { reason: ruling.reason.clone(), ..told })
        }
        None => plan.approve(digest, Actor::new(Part::Policy, clearance.rule()), Consent::default()),
    }
}

/// Actions that were left out before were not shown: what is chosen from is the body that was.
fn consent(plan: &PlanInstance, ruling: &Ruling) -> Consent {
    let shortened = plan.actions().iter().any(|action| action.status == ActionStatus::Skipped);
    let replaces = ruling.edited || shortened && ruling.actions.is_some();
    Consent { actions: ruling.actions.clone(), body: replaces.then(|| ruling.subject.clone()) }
}

pub(super) fn plan_fault(error: &PlanError) -> Fault {
    let fault = Fault::new(FaultKind::PlanError, error.to_string());
    match error.hint() {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}
