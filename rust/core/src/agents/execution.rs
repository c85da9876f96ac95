//! Executing a plan: action by action through the dispatcher, or opened for the executor's own calls.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::Agent;
use super::outcome::{Reply, is_fatal};
use super::turn::reply;
use crate::approvals::ApprovalKind;
use crate::effects::{AdvancePlan, AwaitApproval, CallTool, Effect, LoadPlan, PlanMove, PlannedAction};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Continuation, Move};
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
    Asking,
    Opening,
    Starting(usize, String),
    Acting(usize, String),
    Noting,
    Finishing,
    /// An interruption is told to the plan before it goes on.
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

    /// The executor's own rule may ask once more; it never replaces the planner's.
    fn loaded(&mut self, instance: &Json) -> Move {
        self.plan_id = instance.get("plan_id").and_then(Json::as_str).map(str::to_owned);
        let approved = instance.get("status").and_then(Json::as_str) == Some("APPROVED");
        if !approved {
            return reply(not_approved(instance));
        }
        if !self.agent.asks_again {
            return self.open();
        }
        self.phase = Phase::Asking;
        Move::Ask(Effect::AwaitApproval(Arc::new(AwaitApproval {
            kind: ApprovalKind::Program,
            title: "execute the approved plan".to_owned(),
            subject: Value::from(
                json!({"plan_id": self.plan_id, "digest": instance.get("digest"), "body": instance.get("body")}),
            ),
            bound: None,
            tool: None,
            rule: format!("`plans` of executor `{}`", self.agent.name),
            expires_in_ms: None,
        })))
    }

    fn open(&mut self) -> Move {
        self.phase = Phase::Opening;
        self.advance(PlanMove::Execute { open: self.agent.performers.is_none() })
    }

    fn advance(&self, step: PlanMove) -> Move {
        Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan {
            plan_id: self.plan_id.clone(),
            step,
            policy: None,
            by: self.agent.name.to_string(),
        })))
    }

    fn opened(&mut self, instance: &Json) -> Move {
        if self.agent.performers.is_none() {
            let content = json!({"plan_id": self.plan_id, "status": "EXECUTING", "body": instance.get("body")});
            return reply(Reply { executing: self.plan_id.clone(), ..Reply::of(content) });
        }
        let actions = instance.get("actions").and_then(Json::as_array).into_iter().flatten();
        self.actions = actions.filter_map(pending).collect();
        self.start_next()
    }

    fn start_next(&mut self) -> Move {
        let next = if self.failure.is_none() { self.actions.pop_front() } else { None };
        let Some((index, kind)) = next else {
            self.phase = Phase::Finishing;
            return self.advance(PlanMove::Finish { calls: Vec::new() });
        };
        self.phase = Phase::Starting(index, kind);
        self.advance(PlanMove::StartAction { index })
    }

    fn perform(&mut self, index: usize, kind: String) -> Move {
        let agent = Arc::clone(&self.agent);
        let Some(performer) = agent.performers.as_ref().and_then(|performers| performers.get(&kind)) else {
            return Move::Raise(Fault::new(
                FaultKind::SpecError,
                format!("the dispatcher of `{}` has no entry for `{kind}`", agent.name),
            ));
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
        })))
    }

    fn performed(&mut self, index: usize, kind: String, result: Json) -> Move {
        self.done.push((index, kind));
        self.phase = Phase::Noting;
        self.advance(PlanMove::FinishAction { index, result })
    }

    /// The plan has to know what became of an action that was interrupted.
    fn interrupted(&mut self, index: usize, fault: Fault) -> Move {
        let write = fault.details().clone();
        let text = |field: &str| write.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
        self.phase = Phase::Leaving(fault);
        self.advance(match text("write").as_str() {
            "done" => PlanMove::FinishAction { index, result: write.get("result").cloned().unwrap_or_default() },
            "in_doubt" => PlanMove::FailAction { index, error: String::new(), in_doubt: true },
            "failed" => PlanMove::FailAction { index, error: text("error"), in_doubt: false },
            _ => PlanMove::FailAction { index, error: "cancelled before it was done".to_owned(), in_doubt: false },
        })
    }

    fn failed(&mut self, fault: Fault) -> Move {
        match std::mem::replace(&mut self.phase, Phase::Noting) {
            Phase::Leaving(cancel) | Phase::Left(cancel) => Move::Raise(cancel),
            Phase::Starting(index, _) | Phase::Acting(index, _) if fault.is_cancel() => self.interrupted(index, fault),
            Phase::Acting(index, kind) if !fault.is_cancel() => {
                self.failure =
                    Some(json!({"index": index, "kind": kind, "error": Reply::failed(&kind, &fault).content}));
                self.advance(PlanMove::FailAction { index, error: fault.message().to_owned(), in_doubt: false })
            }
            _ if is_fatal(&fault) => Move::Raise(fault),
            _ => reply(Reply::failed("execute_plan", &fault)),
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
        let mut content =
            json!({"plan_id": self.plan_id, "status": instance.get("status"), "actions": outline(instance)});
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
            .is_some_and(|performer| performer.has_undo)
    }
}

fn pending(action: &Json) -> Option<(usize, String)> {
    let index = action.get("index")?.as_u64().and_then(|index| usize::try_from(index).ok())?;
    let kind = action.get("kind")?.as_str()?.to_owned();
    (action.get("status")?.as_str()? == "pending").then_some((index, kind))
}

fn outline(instance: &Json) -> Vec<Json> {
    let actions = instance.get("actions").and_then(Json::as_array).into_iter().flatten();
    actions.map(outlined).collect()
}

/// What an action gave; why it failed is told to the operator, not to the model.
fn outlined(action: &Json) -> Json {
    let done = action.get("status").and_then(Json::as_str) == Some("done");
    let result = action.get("result").filter(|_| done);
    json!({"index": action.get("index"), "kind": action.get("kind"), "status": action.get("status"), "result": result})
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
            Phase::Asking => self.open(),
            Phase::Opening => self.opened(&json),
            Phase::Starting(index, kind) => self.perform(index, kind),
            Phase::Acting(index, kind) => self.performed(index, kind, json),
            Phase::Noting => self.start_next(),
            Phase::Finishing => reply(self.report(&json)),
            Phase::Leaving(cancel) => {
                self.phase = Phase::Left(cancel);
                self.advance(PlanMove::Finish { calls: Vec::new() })
            }
            Phase::Left(cancel) => Move::Raise(cancel),
        }
    }
}
