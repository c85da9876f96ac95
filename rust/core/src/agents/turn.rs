//! A turn: one tool request of a model, from its check to its reply.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::{Agent, BuiltIn, Callable};
use super::built_in::{CALL_AGENT, EXECUTE_PLAN, GET_PLAN, READ_RESULT, STORE_PLAN};
use super::execution::Execution;
use super::outcome::{Reply, is_fatal};
use super::planning::Planning;
use super::shown_plan::{limits, shown_plan};
use super::spill::{Limit, RESULT_BYTES_MAX, RESULT_KIND, Spill};
use crate::effects::{AdvancePlan, CallAgent, CallTool, Effect, LoadPlan, LoadRef, PlanMove, Tool, ToolRequest};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::size;
use crate::machine::{Continuation, Intent, Move, Program};
use crate::plans::RecordedCall;
use crate::policy::Resolved;
use crate::value::{Outcome, Value};

pub(super) struct Turn {
    agent: Arc<Agent>,
    request: ToolRequest,
    /// The plan that the executor performs openly.
    open_plan: Option<Arc<str>>,
    phase: Phase,
}

enum Phase {
    Begin,
    Consulting,
    Calling {
        writes: bool,
        bytes_max: usize,
    },
    /// The open plan hears of the call before the conversation does.
    Recording {
        outcome: Outcome,
        writes: bool,
        bytes_max: usize,
    },
    Reading,
    /// A plan is being read for the model.
    Looking,
    Answering,
    /// A loop of its own answers with its reply.
    Planned,
    Passing,
}

impl Turn {
    pub fn new(agent: Arc<Agent>, request: ToolRequest) -> Self {
        Self { agent, request, open_plan: None, phase: Phase::Begin }
    }

    /// The same turn while a plan is performed openly, which its calls are recorded against.
    pub fn within(mut self, plan_id: Option<&str>) -> Self {
        self.open_plan = plan_id.map(Arc::from);
        self
    }

    fn begin(&mut self) -> Move {
        let agent = Arc::clone(&self.agent);
        if let Some(callable) = agent.callables.get(&self.request.name) {
            return self.call(callable);
        }
        let Some(BuiltIn { tool, policy }) = agent.built_in.get(&self.request.name) else {
            return reply(self.unknown());
        };
        if let Err(faults) = tool.validator.validate(&self.request.arguments) {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            return reply(Reply::invalid(&format!("the arguments do not fit `{}`", self.request.name), &faults));
        }
        match policy {
            Some(policy) => self.consult(tool, policy),
            None => self.begin_built_in(),
        }
    }

    /// A rule names this built-in tool: the gate is asked before anything is done.
    fn consult(&mut self, tool: &Arc<Tool>, policy: &Arc<Resolved>) -> Move {
        self.phase = Phase::Consulting;
        Move::Consult(Box::new(Intent {
            tool: Arc::clone(tool),
            arguments: self.request.arguments.clone(),
            agent: Arc::clone(&self.agent.name),
            policy: Arc::clone(policy),
        }))
    }

    fn begin_built_in(&mut self) -> Move {
        let plan_id = self.argument("plan_id");
        let agent = Arc::clone(&self.agent);
        match self.request.name.as_str() {
            CALL_AGENT => self.call_agent(),
            STORE_PLAN => {
                self.phase = Phase::Planned;
                let body = self.request.arguments.get("plan").cloned().unwrap_or(Json::Null);
                Move::Call(Program::Loop(Box::new(Planning::new(agent, body))))
            }
            EXECUTE_PLAN => {
                self.phase = Phase::Planned;
                Move::Call(Program::Loop(Box::new(Execution::new(agent, plan_id))))
            }
            GET_PLAN => {
                self.phase = Phase::Looking;
                Move::Ask(Effect::LoadPlan(Arc::new(LoadPlan {
                    plan: agent.plan.as_ref().map(|plan| plan.spec.name.clone()),
                    plan_id,
                })))
            }
            READ_RESULT => self.read_result(),
            _ => reply(self.unknown()),
        }
    }

    fn argument(&self, name: &str) -> Option<String> {
        self.request.arguments.get(name).and_then(Json::as_str).map(str::to_owned)
    }

    fn unknown(&self) -> Reply {
        let names: Vec<&String> = self.agent.callables.keys().chain(self.agent.built_in.keys()).collect();
        Reply::invalid(&format!("there is no tool `{}`; there are {names:?}", self.request.name), &[])
    }

    fn call(&mut self, callable: &Callable) -> Move {
        let spec = &callable.tool.spec;
        if let Err(faults) = callable.tool.validator.validate(&self.request.arguments) {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            return reply(Reply::invalid(&format!("the arguments do not fit `{}`", spec.name), &faults));
        }
        self.phase = Phase::Calling { writes: spec.access.writes(), bytes_max: spec.max_result_bytes };
        Move::Ask(Effect::CallTool(Arc::new(CallTool {
            tool: Arc::clone(&callable.tool),
            arguments: Value::from(self.request.arguments.clone()),
            call_id: Some(self.request.id.clone()),
            agent: Some(Arc::clone(&self.agent.name)),
            policy: Some(Arc::clone(&callable.policy)),
            covers: None,
            open_plan: self.open_plan.clone(),
            key: None,
        })))
    }

    fn call_agent(&mut self) -> Move {
        let (name, message) =
            (self.argument("agent").unwrap_or_default(), self.argument("message").unwrap_or_default());
        let Some(agent) = self.agent.routes.get(&name) else {
            let names: Vec<&String> = self.agent.routes.keys().collect();
            return reply(Reply::invalid(&format!("there is no agent `{name}`; there are {names:?}"), &[]));
        };
        self.phase = Phase::Answering;
        Move::Ask(Effect::CallAgent(Arc::new(CallAgent { agent: Arc::clone(agent), prompt: message })))
    }

    fn read_result(&mut self) -> Move {
        let id = self.argument("handle").unwrap_or_default();
        let id = id.strip_prefix(RESULT_KIND).and_then(|id| id.strip_prefix(':')).unwrap_or(&id).to_owned();
        self.phase = Phase::Reading;
        Move::Ask(Effect::LoadRef(Arc::new(LoadRef { kind: RESULT_KIND.to_owned(), id })))
    }

    /// Records a call against the open plan, unless it is known not to have begun.
    fn record(&mut self, outcome: &Outcome) -> Option<Move> {
        let plan_id = self.open_plan.as_ref()?.to_string();
        let Phase::Calling { writes, bytes_max } = self.phase else { return None };
        let known = outcome.as_ref().err().and_then(|fault| fault.details().get("write")).and_then(Json::as_str);
        let cancelled = outcome.as_ref().is_err_and(Fault::is_cancel);
        if cancelled && !matches!(known, Some("done" | "failed" | "in_doubt")) {
            return None;
        }
        let call = RecordedCall {
            tool: self.request.name.clone(),
            position: self.request.id.clone(),
            wrote: writes,
            succeeded: outcome.is_ok() || known == Some("done"),
            in_doubt: known == Some("in_doubt"),
        };
        self.phase = Phase::Recording { outcome: outcome.clone(), writes, bytes_max };
        let (step, by) = (PlanMove::RecordCall { call }, self.agent.name.to_string());
        Some(Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan { plan_id: Some(plan_id), step, policy: None, by }))))
    }

    /// What was to be told to the model before the plan was told.
    fn recorded(&mut self, outcome: Outcome, writes: bool, bytes_max: usize) -> Move {
        self.phase = Phase::Calling { writes, bytes_max };
        match outcome {
            Ok(value) => self.called(&value, writes, bytes_max),
            Err(fault) => self.failed(fault),
        }
    }

    /// A result too large for the prompt becomes a reference.
    fn called(&mut self, result: &Value, writes: bool, bytes_max: usize) -> Move {
        let content = match result.to_json() {
            Ok(content) => content,
            Err(fault) => {
                return reply(Reply { wrote: writes, ..Reply::failed(&self.request.name, &fault) });
            }
        };
        let reply = Reply { wrote: writes, ..Reply::of(content) };
        self.spilled(reply, vec![(String::new(), bytes_max)])
    }

    /// Each place of an answer that is over its limit becomes a reference.
    fn spilled(&mut self, answer: Reply, limits: Vec<Limit>) -> Move {
        let over =
            |(place, bytes_max): &Limit| answer.content.pointer(place).is_some_and(|value| size(value) > *bytes_max);
        if answer.invalid || !limits.iter().any(over) {
            return reply(answer);
        }
        self.phase = Phase::Passing;
        Move::Call(Program::Loop(Box::new(Spill::new(answer, limits))))
    }

    /// What a built-in tool answers is bounded like what any other does.
    fn answered(&mut self, answer: Reply) -> Move {
        let limits = limits(&self.agent, &answer.content);
        self.spilled(answer, limits)
    }

    fn read(&self, value: &Value) -> Move {
        let text = match value.to_json() {
            Ok(Json::String(text)) => text,
            Ok(json) => json.to_string(),
            Err(fault) => return reply(Reply::failed(&self.request.name, &fault)),
        };
        let number = |name: &str, default: usize| {
            self.request
                .arguments
                .get(name)
                .and_then(Json::as_u64)
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(default)
        };
        let (from, count) = (number("offset", 0), number("limit", 4_000).min(16_000));
        let total = text.chars().count();
        let part: String = text.chars().skip(from).take(count).collect();
        let next = from.saturating_add(count);
        reply(Reply::of(
            json!({"text": part, "total_characters": total, "next_offset": (next < total).then_some(next)}),
        ))
    }

    fn failed(&self, fault: Fault) -> Move {
        if is_fatal(&fault) {
            return Move::Raise(fault);
        }
        let wrote = matches!(self.phase, Phase::Calling { writes: true, .. });
        let invalid = fault.kind() == FaultKind::ToolArgumentsInvalid && matches!(self.phase, Phase::Calling { .. });
        reply(Reply { invalid, wrote, ..Reply::failed(&self.request.name, &fault) })
    }
}

impl Continuation for Turn {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        let recording = matches!(self.phase, Phase::Recording { .. });
        if !recording && let Some(record) = self.record(&outcome) {
            return record;
        }
        let value = match outcome {
            Ok(value) => value,
            // Whether the plan could be told does not change what came of the call.
            Err(_) if recording => Value::null(),
            Err(fault) => return self.failed(fault),
        };
        match std::mem::replace(&mut self.phase, Phase::Passing) {
            Phase::Recording { outcome, writes, bytes_max } => self.recorded(outcome, writes, bytes_max),
            Phase::Begin => self.begin(),
            Phase::Consulting => match value.to_json() {
                Ok(arguments) => {
                    self.request.arguments = arguments;
                    self.begin_built_in()
                }
                Err(fault) => self.failed(fault),
            },
            Phase::Calling { writes, bytes_max } => self.called(&value, writes, bytes_max),
            Phase::Reading => self.read(&value),
            Phase::Looking => self.answered(Reply::of(shown_plan(&value.to_json().unwrap_or(Json::Null)))),
            Phase::Answering => {
                let answer = Reply::of(value.to_json().unwrap_or(Json::Null));
                self.spilled(answer, vec![(String::new(), RESULT_BYTES_MAX)])
            }
            Phase::Planned => match value.to_json().map(serde_json::from_value::<Reply>) {
                Ok(Ok(answer)) => self.answered(answer),
                _ => Move::Return(value),
            },
            Phase::Passing => Move::Return(value),
        }
    }
}

pub(super) fn reply(reply: Reply) -> Move {
    Move::Return(reply.value())
}
