//! Executing a plan: action by action through the dispatcher, or opened for the executor's own calls.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::Agent;
use super::built_in::EXECUTE_PLAN;
use super::outcome::{Reply, is_fatal};
use super::shown_plan::actions;
use super::turn::reply;
use crate::effects::{AdvancePlan, CallTool, Effect, LoadPlan, PlanMove, PlannedAction};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Continuation, Move};
use crate::policy::Resolved;
use crate::value::{Outcome, Value};

pub(super) struct Execution {
    agent: Arc<Agent>,
    plan_id: Option<String>,
    phase: Phase,
    actions: VecDeque<(usize, String)>,
    done: Vec<(usize, String)>,
    failure: Option<Json>,
}

enum Phase {
    Begin,
    Loading,
    Opening,
    Starting(usize, String),
    Acting(usize, String),
    Noting,
    Finishing,
    /// What ended it is told to the plan before it goes on.
    Leaving(Fault),
    Left(Fault),
}

impl Execution {
    pub fn new(agent: Arc<Agent>, plan_id: Option<String>) -> Self {
        Self { agent, plan_id, phase: Phase::Begin, actions: VecDeque::new(), done: Vec::new(), failure: None }
    }

    fn load(&mut self) -> Move {
        self.phase = Phase::Loading;
        let plan = self.agent.plan.as_ref().map(|plan| plan.spec.name.clone());
        Move::Ask(Effect::LoadPlan(Arc::new(LoadPlan { plan, plan_id: self.plan_id.clone() })))
    }

    /// What is begun is the revision that was read; the executor's own rule may ask once more about just that one.
    fn loaded(&mut self, instance: &Json) -> Move {
        self.plan_id = instance.get("plan_id").and_then(Json::as_str).map(str::to_owned);
        let approved = instance.get("status").and_then(Json::as_str) == Some("APPROVED");
        if !approved {
            return reply(not_approved(instance));
        }
        self.phase = Phase::Opening;
        let digest = instance.get("digest").and_then(Json::as_str).map(str::to_owned);
        Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan {
            plan_id: self.plan_id.clone(),
            step: PlanMove::Execute { open: self.agent.performers.is_none(), digest },
            policy: self.asking(instance),
            by: self.agent.name.to_string(),
        })))
    }

    /// By what rule a human is asked about the execution, if one may be.
    fn asking(&self, instance: &Json) -> Option<Arc<Resolved>> {
        // Whatever the rule says then: the gate asks about tools that nobody approved the plan for.
        let always = || instance.get("tools_changed").map(|_| Arc::clone(&self.agent.plans));
        self.agent.asks_again.clone().or_else(always)
    }

    fn advance(&self, step: PlanMove) -> Move {
        Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan {
            plan_id: self.plan_id.clone(),
            step,
            policy: None,
            by: self.agent.name.to_string(),
        })))
    }

    fn finish(&self, cut_short: Option<String>) -> Move {
        self.advance(PlanMove::Finish { calls: Vec::new(), cut_short })
    }

    fn opened(&mut self, instance: &Json) -> Move {
        if self.agent.performers.is_none() {
            let content = json!({"plan_id": self.plan_id, "status": "EXECUTING", "body": instance.get("body")});
            let owed = to_do(instance).len();
            return reply(Reply { executing: self.plan_id.clone(), owed, ..Reply::of(content) });
        }
        self.actions = to_do(instance);
        self.start_next()
    }

    fn start_next(&mut self) -> Move {
        let next = if self.failure.is_none() { self.actions.pop_front() } else { None };
        let Some((index, kind)) = next else {
            self.phase = Phase::Finishing;
            return self.finish(None);
        };
        self.phase = Phase::Starting(index, kind);
        self.advance(PlanMove::StartAction { index })
    }

    fn perform(&mut self, index: usize, kind: String) -> Move {
        let agent = Arc::clone(&self.agent);
        let Some(performer) = agent.performers.as_ref().and_then(|performers| performers.get(&kind)) else {
            let message = format!("the dispatcher of `{}` has no entry for `{kind}`", agent.name);
            return self.leave_action(index, Fault::new(FaultKind::SpecError, message));
        };
        let plan_id = self.plan_id.clone().unwrap_or_default();
        let covers = PlannedAction { plan_id, index, kind: kind.clone(), parameter: performer.parameter.clone() };
        self.phase = Phase::Acting(index, kind);
        Move::Ask(Effect::CallTool(Arc::new(CallTool {
            tool: Arc::clone(&performer.tool),
            arguments: Value::null(),
            call_id: None,
            agent: Some(Arc::clone(&agent.name)),
            policy: Some(Arc::clone(&performer.policy)),
            covers: Some(covers),
            open_plan: None,
            key: None,
        })))
    }

    fn performed(&mut self, index: usize, kind: String, result: Json) -> Move {
        self.done.push((index, kind));
        self.phase = Phase::Noting;
        self.advance(PlanMove::FinishAction { index, result })
    }

    /// The plan has to know what became of an action that was not done in peace.
    fn leave_action(&mut self, index: usize, fault: Fault) -> Move {
        let write = fault.details().clone();
        let text = |field: &str| write.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
        let unknown = if fault.is_cancel() { "cancelled before it was done" } else { fault.message() }.to_owned();
        self.phase = Phase::Leaving(fault);
        self.advance(match text("write").as_str() {
            "done" => PlanMove::FinishAction { index, result: write.get("result").cloned().unwrap_or_default() },
            "in_doubt" => PlanMove::FailAction { index, error: String::new(), in_doubt: true },
            "failed" => PlanMove::FailAction { index, error: text("error"), in_doubt: false },
            _ => PlanMove::FailAction { index, error: unknown, in_doubt: false },
        })
    }

    /// The plan ends where it was cut short, whatever becomes of the run.
    fn leave(&mut self, fault: Fault) -> Move {
        let why = if fault.is_cancel() { "it was cancelled".to_owned() } else { fault.message().to_owned() };
        self.phase = Phase::Left(fault);
        self.finish(Some(why))
    }

    fn failed(&mut self, fault: Fault) -> Move {
        match std::mem::replace(&mut self.phase, Phase::Noting) {
            Phase::Left(first) => gone(first),
            // Not to have told of the action does not keep the plan from ending.
            Phase::Leaving(first) => self.leave(first),
            Phase::Starting(index, _) | Phase::Acting(index, _) if is_fatal(&fault) => self.leave_action(index, fault),
            Phase::Acting(index, kind) => {
                self.failure =
                    Some(json!({"index": index, "kind": kind, "error": Reply::failed(&kind, &fault).content}));
                let in_doubt = fault.details().get("write").and_then(Json::as_str) == Some("in_doubt");
                self.advance(PlanMove::FailAction { index, error: fault.message().to_owned(), in_doubt })
            }
            Phase::Starting(..) | Phase::Noting | Phase::Finishing => self.leave(fault),
            Phase::Begin | Phase::Loading | Phase::Opening => gone(fault),
        }
    }

    /// What ran, what did not, and what could be undone: offered, never run.
    fn report(&self, instance: &Json) -> Reply {
        let undo: Vec<Json> = self
            .done
            .iter()
            .rev()
            .filter(|(_, kind)| self.can_undo(kind))
            .map(|(index, kind)| json!({"index": index, "kind": kind}))
            .collect();
        let not_run: Vec<usize> = self.actions.iter().map(|(index, _)| *index).collect();
        let mut content = json!({"plan_id": self.plan_id, "status": instance.get("status"), "actions": actions(instance, &["index", "kind", "status"])});
        if let (Some(failure), Some(fields)) = (&self.failure, content.as_object_mut()) {
            fields.insert("failure".to_owned(), failure.clone());
            fields.insert("not_run".to_owned(), json!(not_run));
            fields.insert("undo_offered".to_owned(), json!(undo));
        }
        Reply { is_error: self.failure.is_some(), ..Reply::of(content) }
    }

    fn can_undo(&self, kind: &str) -> bool {
        self.agent
            .performers
            .as_ref()
            .and_then(|performers| performers.get(kind))
            .is_some_and(|performer| performer.undo.is_some())
    }
}

fn to_do(instance: &Json) -> VecDeque<(usize, String)> {
    let actions = instance.get("actions").and_then(Json::as_array).into_iter().flatten();
    actions.filter_map(pending).collect()
}

fn pending(action: &Json) -> Option<(usize, String)> {
    let index = action.get("index")?.as_u64().and_then(|index| usize::try_from(index).ok())?;
    let kind = action.get("kind")?.as_str()?.to_owned();
    (action.get("status")?.as_str()? == "pending").then_some((index, kind))
}

fn not_approved(instance: &Json) -> Reply {
    let status = instance.get("status").and_then(Json::as_str).unwrap_or("unknown");
    let content =
        json!({"error": "plan_not_approved", "status": status, "message": "only an approved plan can be executed"});
    Reply { is_error: true, ..Reply::of(content) }
}

impl Continuation for Execution {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        let json = match outcome.and_then(|value| value.to_json()) {
            Ok(json) => json,
            Err(fault) => return self.failed(fault),
        };
        match std::mem::replace(&mut self.phase, Phase::Noting) {
            Phase::Begin => self.load(),
            Phase::Loading => self.loaded(&json),
            Phase::Opening => self.opened(&json),
            Phase::Starting(index, kind) => self.perform(index, kind),
            Phase::Acting(index, kind) => self.performed(index, kind, json),
            Phase::Noting => self.start_next(),
            Phase::Finishing => reply(self.report(&json)),
            Phase::Leaving(first) => self.leave(first),
            Phase::Left(first) => gone(first),
        }
    }
}

/// What ended it goes on where nobody may hear of it in peace; the model is told of anything else.
fn gone(fault: Fault) -> Move {
    if is_fatal(&fault) { Move::Raise(fault) } else { reply(Reply::failed(EXECUTE_PLAN, &fault)) }
}
