//! From records to events: the journal seen from outside.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Event, EventBody, RequestedCall, Totals};
use crate::effects::{CallTool, Effect, ModelAnswer};
use crate::fault::Fault;
use crate::journal::Record;
use crate::json::decode;
use crate::machine::RunContext;
use crate::position::{Position, Scope};
use crate::value::{Outcome, Value};

/// Numbers the events of one run as it reads its records.
pub struct Projector {
    run_id: Arc<str>,
    thread_id: Option<Arc<str>>,
    tenant: Option<Arc<str>>,
    seq: u64,
    totals: Totals,
    last: Option<Place>,
}

/// Where the last event happened, for the next is often there too.
struct Place {
    scope: Arc<Scope>,
    ordinal: u32,
    position: Arc<str>,
    parent: Option<Arc<str>>,
}

impl Place {
    fn of(position: &Position) -> Self {
        Self {
            scope: Arc::clone(&position.scope),
            ordinal: position.ordinal,
            position: Arc::from(position.to_string()),
            parent: position.scope.parent().map(|parent| Arc::from(parent.to_string())),
        }
    }

    fn is_at(&self, position: &Position) -> bool {
        self.ordinal == position.ordinal && Arc::ptr_eq(&self.scope, &position.scope)
    }
}

impl Projector {
    /// A projector for one run.
    #[must_use]
    pub fn new(context: RunContext) -> Self {
        let RunContext { run_id, thread_id, tenant, .. } = context;
        Self {
            run_id: Arc::from(run_id),
            thread_id: thread_id.map(Arc::from),
            tenant: Some(tenant).filter(|tenant| !tenant.is_empty()).map(Arc::from),
            seq: 0,
            totals: Totals::default(),
            last: None,
        }
    }

    /// The events of one record, in order.
    pub fn project(&mut self, record: &Record, events: &mut Vec<Event>) {
        match record {
            Record::Asked { position, effect, at } => self.asked(position, effect, *at, events),
            Record::Answered { position, effect, outcome, at, .. } => {
                self.answered(position, effect, outcome, *at, events);
            }
            Record::Performed { position, effect, outcome, at } => {
                self.asked(position, effect, *at, events);
                self.answered(position, effect, outcome, *at, events);
            }
            Record::Told { position, body, at, .. } => self.push(position, EventBody::clone(body), *at, events),
            Record::Fired { .. } | Record::Interrupted { .. } => {}
        }
    }

    /// Goes on behind events that were told before.
    pub fn follow(&mut self, told: &[Event]) {
        self.seq = told.iter().filter_map(|event| event.seq).max().unwrap_or_default();
        for event in told {
            match &event.body {
                EventBody::UsageUpdated { run, model_calls, .. } => {
                    (self.totals.run, self.totals.model_calls) = (*run, *model_calls);
                }
                EventBody::ToolCalled { .. } => self.totals.tool_calls = self.totals.tool_calls.saturating_add(1),
                _ => {}
            }
        }
    }

    /// An event that is told once, outside the journal, and has no number.
    #[must_use]
    pub fn transient(&self, position: &Position, body: EventBody, at: i64) -> Event {
        self.event(None, &Place::of(position), position, body, at)
    }

    fn push(&mut self, position: &Position, body: EventBody, at: i64, events: &mut Vec<Event>) {
        self.seq = self.seq.saturating_add(1);
        let place = self.last.take().filter(|place| place.is_at(position)).unwrap_or_else(|| Place::of(position));
        events.push(self.event(Some(self.seq), &place, position, body, at));
        self.last = Some(place);
    }

    fn event(&self, seq: Option<u64>, place: &Place, position: &Position, body: EventBody, at: i64) -> Event {
        Event {
            seq,
            run_id: Arc::clone(&self.run_id),
            thread_id: self.thread_id.clone(),
            tenant: self.tenant.clone(),
            agent: position.scope.agent().cloned(),
            at,
            position: Arc::clone(&place.position),
            parent: place.parent.clone(),
            body,
        }
    }

    fn asked(&mut self, position: &Position, effect: &Effect, at: i64, events: &mut Vec<Event>) {
        let body = match effect {
            Effect::CallModel(call) => EventBody::ModelCalled {
                model: call.model.to_string(),
                messages: call.messages.len(),
                tools: call.tools.len(),
                attempt: 1,
            },
            Effect::CallTool(call) => {
                self.totals.tool_calls = self.totals.tool_calls.saturating_add(1);
                self.tool_called(position, call)
            }
            Effect::CallAgent(call) => {
                EventBody::AgentCalled { callee: call.agent.name().to_owned(), message: call.prompt.clone() }
            }
            Effect::ReadClock | Effect::Sleep(_) | Effect::DrawId | Effect::DrawNumber(_) | Effect::Custom(_) => {
                EventBody::EffectAsked {
                    effect: effect.kind().to_owned(),
                    arguments: effect.arguments().unwrap_or(Json::Null),
                }
            }
            // What these did is told by whoever performed them.
            Effect::AwaitApproval(_)
            | Effect::CheckWrite(_)
            | Effect::StoreRef(_)
            | Effect::LoadRef(_)
            | Effect::CheckPlan(_)
            | Effect::StorePlan(_)
            | Effect::LoadPlan(_)
            | Effect::AdvancePlan(_)
            | Effect::LoadHistory(_)
            | Effect::SaveHistory(_) => return,
        };
        self.push(position, body, at, events);
    }

    fn tool_called(&self, position: &Position, call: &CallTool) -> EventBody {
        EventBody::ToolCalled {
            tool: call.tool.spec.name.clone(),
            arguments: call.arguments.to_json().unwrap_or(Json::Null),
            access: call.tool.spec.access.word().to_owned(),
            call_id: call.call_id.clone(),
            idempotency_key: call
                .key
                .as_deref()
                .map_or_else(|| [&*self.run_id, ":", &position.without_attempts()].concat(), str::to_owned),
        }
    }

    fn answered(&mut self, position: &Position, effect: &Effect, outcome: &Outcome, at: i64, events: &mut Vec<Event>) {
        match (effect, outcome) {
            (Effect::CallModel(_), Ok(value)) => self.model_answered(position, value, at, events),
            (Effect::CallTool(call), outcome) => self.push(position, tool_answered(call, outcome), at, events),
            (
                Effect::ReadClock
                | Effect::Sleep(_)
                | Effect::DrawId
                | Effect::DrawNumber(_)
                | Effect::Custom(_)
                | Effect::CallModel(_),
                outcome,
            ) => {
                self.push(position, effect_answered(effect, outcome), at, events);
            }
            _ => {}
        }
    }

    fn model_answered(&mut self, position: &Position, value: &Value, at: i64, events: &mut Vec<Event>) {
        let answer = match value {
            Value::Model(answer) => ModelAnswer::clone(answer),
            other => decode(other.to_json().unwrap_or(Json::Null)).unwrap_or_default(),
        };
        let tool_calls = answer
            .tool_calls
            .into_iter()
            .map(|call| RequestedCall { id: call.id, name: call.name, arguments: call.arguments })
            .collect();
        let (text, thinking, stop_reason, usage) = (answer.text, answer.thinking, answer.stop_reason, answer.usage);
        self.push(position, EventBody::ModelAnswered { text, thinking, tool_calls, stop_reason, usage }, at, events);
        self.totals.model_calls = self.totals.model_calls.saturating_add(1);
        self.totals.run = self.totals.run.plus(usage);
        let Totals { run, model_calls, tool_calls } = self.totals;
        self.push(position, EventBody::UsageUpdated { run, model_calls, tool_calls }, at, events);
    }
}

fn tool_answered(call: &CallTool, outcome: &Outcome) -> EventBody {
    let (tool, call_id) = (call.tool.spec.name.clone(), call.call_id.clone());
    match outcome.as_ref().map(Value::to_json) {
        Ok(Ok(result)) => {
            let bytes = crate::json::size(&result);
            let bytes_max = call.tool.spec.max_result_bytes;
            let result = if bytes > bytes_max { crate::json::preview(&result, bytes_max) } else { result };
            EventBody::ToolAnswered { tool, call_id, result, bytes }
        }
        Ok(Err(fault)) => tool_failed(tool, call_id, &fault),
        Err(fault) => tool_failed(tool, call_id, fault),
    }
}

fn tool_failed(tool: String, call_id: Option<String>, fault: &Fault) -> EventBody {
    let cause = fault.cause();
    EventBody::ToolFailed {
        tool,
        call_id,
        error: fault.note(),
        cause_type: cause.map(|cause| cause.type_name()),
        traceback: cause.and_then(|cause| cause.traceback()),
    }
}

fn effect_answered(effect: &Effect, outcome: &Outcome) -> EventBody {
    let name = effect.kind().to_owned();
    match outcome.as_ref().map(Value::to_json) {
        Ok(Ok(answer)) => EventBody::EffectAnswered { effect: name, answer },
        Ok(Err(fault)) => EventBody::EffectFailed { effect: name, error: fault.note() },
        Err(fault) => EventBody::EffectFailed { effect: name, error: fault.note() },
    }
}
