//! A turn: one tool request of a model, from its check to its reply.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::{Agent, BuiltIn, Callable};
use super::built_in::{CALL_AGENT, EXECUTE_PLAN, GET_PLAN, READ_RESULT, STORE_PLAN};
use super::execution::Execution;
use super::outcome::{Reply, is_fatal};
use super::planning::Planning;
use crate::effects::{CallAgent, CallTool, Effect, LoadPlan, LoadRef, StoreRef, Tool, ToolRequest};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::{preview, size};
use crate::machine::{Continuation, Intent, Move, Program};
use crate::policy::Resolved;
use crate::value::{Outcome, Value};

/// The kind of a result that was too large for the prompt.
pub(super) const RESULT_KIND: &str = "ToolResult";
const RESULT_TTL_MS: i64 = 24 * 60 * 60 * 1000;
const GLIMPSE_BYTES: usize = 1_024;

pub(super) struct Turn {
    agent: Arc<Agent>,
    request: ToolRequest,
    phase: Phase,
}

enum Phase {
    Begin,
    Consulting,
    Calling { writes: bool, bytes_max: usize },
    Storing { writes: bool, bytes: usize, glimpse: Json },
    Reading,
    Answering,
    Passing,
}

impl Turn {
    pub fn new(agent: Arc<Agent>, request: ToolRequest) -> Self {
        Self { agent, request, phase: Phase::Begin }
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
                self.phase = Phase::Passing;
                let body = self.request.arguments.get("plan").cloned().unwrap_or(Json::Null);
                Move::Call(Program::Loop(Box::new(Planning::new(agent, body))))
            }
            EXECUTE_PLAN => {
                self.phase = Phase::Passing;
                Move::Call(Program::Loop(Box::new(Execution::new(agent, plan_id))))
            }
            GET_PLAN => {
                self.phase = Phase::Answering;
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

    /// A result too large for the prompt becomes a reference.
    fn called(&mut self, result: &Value, writes: bool, bytes_max: usize) -> Move {
        let content = match result.to_json() {
            Ok(content) => content,
            Err(fault) => return reply(Reply { wrote: writes, ..Reply::failed(&self.request.name, &fault) }),
        };
        let bytes = size(&content);
        if bytes <= bytes_max {
            return reply(Reply { wrote: writes, ..Reply::of(content) });
        }
        let glimpse = preview(&content, GLIMPSE_BYTES);
        self.phase = Phase::Storing { writes, bytes, glimpse: glimpse.clone() };
        let store =
            StoreRef { kind: RESULT_KIND.to_owned(), value: Value::from(content), glimpse, ttl_ms: RESULT_TTL_MS };
        Move::Ask(Effect::StoreRef(Arc::new(store)))
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
        let value = match outcome {
            Ok(value) => value,
            Err(fault) => return self.failed(fault),
        };
        match std::mem::replace(&mut self.phase, Phase::Passing) {
            Phase::Begin => self.begin(),
            Phase::Consulting => match value.to_json() {
                Ok(arguments) => {
                    self.request.arguments = arguments;
                    self.begin_built_in()
                }
                Err(fault) => self.failed(fault),
            },
            Phase::Calling { writes, bytes_max } => self.called(&value, writes, bytes_max),
            Phase::Storing { writes, bytes, glimpse } => {
                let handle = value.to_json().unwrap_or(Json::Null);
                let content =
                    json!({"reference": handle, "bytes": bytes, "glimpse": glimpse, "read_with": READ_RESULT});
                reply(Reply { wrote: writes, ..Reply::of(content) })
            }
            Phase::Reading => self.read(&value),
            Phase::Answering => reply(Reply::of(value.to_json().unwrap_or(Json::Null))),
            Phase::Passing => Move::Return(value),
        }
    }
}

pub(super) fn reply(reply: Reply) -> Move {
    Move::Return(reply.value())
}
