//! One step of an agent: the model's turn and the calls it asks for.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::Agent;
use super::outcome::Reply;
use super::turn::Turn;
use crate::effects::{CallModel, Effect, Message, MessageLog, ModelAnswer, ToolRequest};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::decode;
use crate::machine::{Continuation, Move, Program};
use crate::value::{Outcome, Value};

/// Answers with the messages that the step adds.
pub(super) struct Step {
    agent: Arc<Agent>,
    messages: MessageLog,
    phase: Phase,
}

enum Phase {
    Begin,
    Thinking,
    Acting(Json, Vec<ToolRequest>),
}

impl Step {
    pub fn new(agent: Arc<Agent>, messages: &MessageLog) -> Self {
        let system = MessageLog::default().with(Message::System { text: agent.spec.prompt.clone() });
        let messages = messages.to_vec().into_iter().fold(system, |log, message| log.with(message));
        Self { agent, messages, phase: Phase::Begin }
    }

    fn think(&mut self) -> Move {
        self.phase = Phase::Thinking;
        Move::Ask(Effect::CallModel(Arc::new(CallModel {
            model: Arc::clone(&self.agent.model),
            messages: self.messages.clone(),
            tools: Arc::clone(&self.agent.offered),
            output: self.agent.output.as_ref().map(|(schema, _)| Arc::clone(schema)),
            settings: Arc::clone(&self.agent.settings),
            whole: true,
        })))
    }

    fn act(&mut self, answer: &Value) -> Move {
        let answer = match answer {
            Value::Model(answer) => Ok(ModelAnswer::clone(answer)),
            other => other.to_json().and_then(|json| {
                decode(json).map_err(|error| {
                    Fault::new(FaultKind::ModelFailed, format!("the model's answer cannot be read: {error}"))
                })
            }),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => return Move::Raise(fault),
        };
        let calls = answer.tool_calls.clone();
        let said = json!(answer.into_message());
        let turns = calls.iter().map(|call| Program::Loop(Box::new(Turn::new(Arc::clone(&self.agent), call.clone()))));
        let turns = turns.collect();
        self.phase = Phase::Acting(said, calls);
        Move::Call(Program::Gather(turns))
    }
}

fn added(said: Json, requests: Vec<ToolRequest>, replies: &Value) -> Value {
    let Value::List(replies) = replies else { return Value::from(json!([said])) };
    let heard = requests.into_iter().zip(replies.iter()).map(|(request, reply)| {
        let reply = Reply::of_value(reply);
        json!(Message::Tool {
            call_id: request.id,
            name: request.name,
            content: reply.content,
            is_error: reply.is_error
        })
    });
    Value::from(Json::Array(std::iter::once(said).chain(heard).collect()))
}

impl Continuation for Step {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        let value = match outcome {
            Ok(value) => value,
            Err(fault) => return Move::Raise(fault),
        };
        match std::mem::replace(&mut self.phase, Phase::Begin) {
            Phase::Begin => self.think(),
            Phase::Thinking => self.act(&value),
            Phase::Acting(said, requests) => Move::Return(added(said, requests, &value)),
        }
    }
}
