//! Undoing: what a plan's actions did is taken back by their declared undos, last first.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::agent::{Agent, Undoer};
use crate::effects::{AdvancePlan, CallTool, Effect, LoadPlan, PlanMove};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Continuation, Move, Program};
use crate::value::{Outcome, Value};

/// The program that takes actions of a plan back, all that were done when none are named.
///
/// Each undo is a call of the executor's own, so its rules decide whether a human is asked.
#[must_use]
pub fn undo(agent: &Arc<Agent>, plan_id: &str, actions: Option<Vec<usize>>, by: &str) -> Program {
    let (agent, plan_id, by) = (Arc::clone(agent), plan_id.to_owned(), by.to_owned());
    Program::Loop(Box::new(Undo {
        agent,
        plan_id,
        by,
        chosen: actions,
        rest: VecDeque::new(),
        undone: Vec::new(),
        phase: Phase::Begin,
    }))
}

struct Undo {
    agent: Arc<Agent>,
    plan_id: String,
    by: String,
    chosen: Option<Vec<usize>>,
    rest: VecDeque<Json>,
    undone: Vec<Json>,
    phase: Phase,
}

enum Phase {
    Begin,
    Loading,
    Starting(Json),
    Calling(Json),
    Noting,
    /// The plan is told before a fault goes on.
    Leaving(Fault),
}

impl Undo {
    fn load(&mut self) -> Move {
        self.phase = Phase::Loading;
        Move::Ask(Effect::LoadPlan(Arc::new(LoadPlan { plan: None, plan_id: Some(self.plan_id.clone()) })))
    }

    /// Everything is looked at before anything is taken back.
    fn loaded(&mut self, instance: &Json) -> Move {
        let status = instance.get("status").and_then(Json::as_str).unwrap_or_default();
        if !matches!(status, "EXECUTED" | "FAILED") {
            let message = format!("the plan is {status}; only one that was executed or failed can be undone");
            return Move::Raise(Fault::new(FaultKind::PlanError, message));
        }
        let actions: Vec<&Json> = instance.get("actions").and_then(Json::as_array).into_iter().flatten().collect();
        match self.choose(&actions) {
            Ok(chosen) => {
                self.rest = chosen;
                self.next()
            }
            Err(message) => Move::Raise(
                Fault::new(FaultKind::PlanError, message)
                    .hint("only actions that are done and declare an undo can be undone, once"),
            ),
        }
    }

    fn choose(&self, actions: &[&Json]) -> Result<VecDeque<Json>, String> {
        let Some(chosen) = &self.chosen else {
            let possible: VecDeque<Json> = actions
                .iter()
                .rev()
                .filter(|action| is_done(action) && self.undoer(action).is_some())
                .map(|action| (*action).clone())
                .collect();
            return if possible.is_empty() {
                Err("no action of the plan can be undone".to_owned())
            } else {
                Ok(possible)
            };
        };
        for index in chosen {
            match actions.get(*index) {
                None => return Err(format!("the plan has no action {index}; it has {}", actions.len())),
                Some(action) if !is_done(action) => {
                    return Err(format!("action {index} is {} and cannot be undone", status_of(action)));
                }
                Some(action) if self.undoer(action).is_none() => {
                    return Err(format!("action {index} declares no undo"));
                }
                Some(_) => {}
            }
        }
        Ok(actions
            .iter()
            .rev()
            .filter(|action| chosen.contains(&index_of(action)))
            .map(|action| (*action).clone())
            .collect())
    }

    fn undoer(&self, action: &Json) -> Option<&Undoer> {
        let kind = action.get("kind").and_then(Json::as_str)?;
        self.agent.performers.as_ref()?.get(kind)?.undo.as_ref()
    }

    fn next(&mut self) -> Move {
        let Some(action) = self.rest.pop_front() else {
            return Move::Return(Value::from(json!({"plan_id": self.plan_id, "undone": self.undone})));
        };
        let index = index_of(&action);
        self.phase = Phase::Starting(action);
        self.advance(PlanMove::StartUndo { index })
    }

    fn call(&mut self, action: Json) -> Move {
        let Some(undoer) = self.undoer(&action) else { return self.next() };
        let given = [action.get("arguments").cloned(), action.get("result").cloned()];
        let given = given.into_iter().map(Option::unwrap_or_default);
        let arguments: Map<String, Json> = undoer.parameters.iter().cloned().zip(given).collect();
        let call = CallTool {
            tool: Arc::clone(&undoer.tool),
            arguments: Value::from(Json::Object(arguments)),
            call_id: None,
            agent: Some(Arc::clone(&self.agent.name)),
            policy: Some(Arc::clone(&undoer.policy)),
            covers: None,
            open_plan: None,
            key: None,
        };
        self.phase = Phase::Calling(action);
        Move::Ask(Effect::CallTool(Arc::new(call)))
    }

    fn called(&mut self, action: &Json, result: Json) -> Move {
        let index = index_of(action);
        self.undone.push(json!({"index": index, "kind": action.get("kind"), "result": result}));
        self.phase = Phase::Noting;
        self.advance(PlanMove::FinishUndo { index, result })
    }

    /// An undo that failed took nothing back: its action counts as done.
    fn failed(&mut self, action: &Json, fault: Fault) -> Move {
        let index = index_of(action);
        let write = fault.details().get("write").and_then(Json::as_str).map(str::to_owned);
        let result = fault.details().get("result").cloned().unwrap_or_default();
        self.phase = Phase::Leaving(fault);
        match write.as_deref() {
            Some("done") => self.advance(PlanMove::FinishUndo { index, result }),
            _ => self.advance(PlanMove::FailUndo { index }),
        }
    }

    fn advance(&self, step: PlanMove) -> Move {
        let (plan_id, by) = (Some(self.plan_id.clone()), self.by.clone());
        Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan { plan_id, step, policy: None, by })))
    }
}

impl Continuation for Undo {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        let phase = std::mem::replace(&mut self.phase, Phase::Noting);
        let outcome = outcome.and_then(|value| value.to_json());
        let (json, phase) = match (outcome, phase) {
            (Err(fault), Phase::Calling(action) | Phase::Starting(action)) if fault.kind() != FaultKind::PlanError => {
                return self.failed(&action, fault);
            }
            (_, Phase::Leaving(fault)) | (Err(fault), _) => return Move::Raise(fault),
            (Ok(json), phase) => (json, phase),
        };
        match phase {
            Phase::Begin => self.load(),
            Phase::Loading => self.loaded(&json),
            Phase::Starting(action) => self.call(action),
            Phase::Calling(action) => self.called(&action, json),
            Phase::Noting => self.next(),
            Phase::Leaving(fault) => Move::Raise(fault),
        }
    }
}

fn is_done(action: &Json) -> bool {
    status_of(action) == "done"
}

fn status_of(action: &Json) -> &str {
    action.get("status").and_then(Json::as_str).unwrap_or_default()
}

fn index_of(action: &Json) -> usize {
    let index = action.get("index").and_then(Json::as_u64);
    index.and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX)
}
