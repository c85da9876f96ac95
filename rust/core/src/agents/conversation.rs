//! A conversation: the loop of one agent, from its prompt to its output.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::Agent;
use super::outcome::Reply;
use super::reply::{history_shown, output_of};
use super::turn::Turn;
use crate::effects::{
    AdvancePlan, CallModel, Effect, LoadHistory, Message, MessageLog, ModelAnswer, PlanMove, SaveHistory,
};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Continuation, Move, Program};
use crate::plans::RecordedCall;
use crate::value::{Outcome, Value};

/// How often a model may repair what it got wrong.
const REPAIRS_MAX: u32 = 3;

/// Where the loop stands; everything here is data.
pub(super) struct Conversation {
    agent: Arc<Agent>,
    prompt: String,
    phase: Phase,
    /// Everything but the system message.
    turns: MessageLog,
    shown: MessageLog,
    steps: u32,
    repairs: u32,
    executing: Option<String>,
    /// The calls made for it.
    calls: Vec<RecordedCall>,
}

enum Phase {
    Begin,
    Remembering,
    Thinking,
    Acting(Vec<(String, String)>),
    Closing(Json),
    Keeping(Json),
}

impl Conversation {
    pub fn new(agent: Arc<Agent>, prompt: &str) -> Self {
        Self {
            agent,
            prompt: prompt.to_owned(),
            phase: Phase::Begin,
            turns: MessageLog::default(),
            shown: MessageLog::default(),
            steps: 0,
            repairs: 0,
            executing: None,
            calls: Vec::new(),
        }
    }

    fn begin(&mut self, told: &mut Vec<EventBody>) -> Move {
        told.push(EventBody::AgentStarted {
            role: self.agent.spec.role.to_string(),
            model: self.agent.model.to_string(),
        });
        if self.agent.spec.stateful {
            self.phase = Phase::Remembering;
            return Move::Ask(Effect::LoadHistory(Arc::new(LoadHistory { agent: Arc::clone(&self.agent.name) })));
        }
        self.listen(Vec::new(), told)
    }

    /// Puts the prompt behind what is remembered.
    fn listen(&mut self, remembered: Vec<Message>, told: &mut Vec<EventBody>) -> Move {
        let shown = history_shown(&remembered, self.agent.spec.history.as_ref());
        self.shown = MessageLog::default().with(Message::System { text: self.agent.spec.prompt.clone() });
        self.shown = shown.iter().fold(self.shown.clone(), |log, message| log.with(message.clone()));
        self.turns = remembered.into_iter().collect();
        self.say(&Message::User { text: self.prompt.clone() });
        self.think(told)
    }

    fn say(&mut self, message: &Message) {
        self.turns = self.turns.with(message.clone());
        self.shown = self.shown.with(message.clone());
    }

    fn think(&mut self, told: &mut Vec<EventBody>) -> Move {
        let limit = self.agent.spec.max_steps;
        if self.steps >= limit {
            told.push(EventBody::LimitReached { limit: "max_steps".to_owned(), value: u64::from(limit) });
            return Move::Raise(self.over_limit(limit));
        }
        self.steps = self.steps.saturating_add(1);
        self.phase = Phase::Thinking;
        Move::Ask(Effect::CallModel(Arc::new(CallModel {
            model: Arc::clone(&self.agent.model),
            messages: self.shown.clone(),
            tools: Arc::clone(&self.agent.offered),
            output: self.agent.output.as_ref().map(|(schema, _)| Arc::clone(schema)),
            settings: Arc::clone(&self.agent.settings),
            whole: true,
        })))
    }

    fn over_limit(&self, limit: u32) -> Fault {
        Fault::new(
            FaultKind::LimitReached,
            format!("agent `{}` made {limit} model calls without an answer", self.agent.name),
        )
        .hint("raise `max_steps` of the agent, or give it a smaller task")
        .detail(json!({"limit": "max_steps", "value": limit}))
    }

    fn hear(&mut self, answer: &Value, told: &mut Vec<EventBody>) -> Move {
        let answer = match answer {
            Value::Model(answer) => Arc::clone(answer),
            other => match other.to_json().map(serde_json::from_value::<ModelAnswer>) {
                Ok(Ok(answer)) => Arc::new(answer),
                Ok(Err(error)) => {
                    return Move::Raise(Fault::new(
                        FaultKind::ModelFailed,
                        format!("the model's answer cannot be read: {error}"),
                    ));
                }
                Err(fault) => return Move::Raise(fault),
            },
        };
        self.say(&Message::Assistant {
            text: answer.text.clone(),
            thinking: answer.thinking.clone(),
            tool_calls: answer.tool_calls.clone(),
        });
        if answer.tool_calls.is_empty() {
            return self.conclude(&answer, told);
        }
        self.phase = Phase::Acting(answer.tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())).collect());
        let turns = answer
            .tool_calls
            .iter()
            .map(|call| Program::Loop(Box::new(Turn::new(Arc::clone(&self.agent), call.clone()))));
        Move::Call(Program::Gather(turns.collect()))
    }

    /// Tells the model what its calls came to.
    fn note(&mut self, requests: Vec<(String, String)>, replies: &Value, told: &mut Vec<EventBody>) -> Move {
        let Value::List(replies) = replies else { return self.think(told) };
        let mut invalid = None;
        for ((call_id, name), reply) in requests.into_iter().zip(replies.iter()) {
            let reply =
                reply.to_json().ok().and_then(|reply| serde_json::from_value::<Reply>(reply).ok()).unwrap_or_default();
            if self.executing.is_some() && self.agent.callables.contains_key(&name) {
                let call = RecordedCall {
                    tool: name.clone(),
                    position: call_id.clone(),
                    wrote: reply.wrote,
                    succeeded: !reply.is_error,
                };
                self.calls.push(call);
            }
            if reply.executing.is_some() {
                self.executing.clone_from(&reply.executing);
            }
            if reply.invalid {
                invalid = Some((name.clone(), reply.content.clone()));
            }
            self.say(&Message::Tool { call_id, name, content: reply.content, is_error: reply.is_error });
        }
        if let Some((name, content)) = invalid {
            return self.repair(&name, &content, told);
        }
        self.repairs = 0;
        self.think(told)
    }

    fn repair(&mut self, name: &str, content: &Json, told: &mut Vec<EventBody>) -> Move {
        self.repairs = self.repairs.saturating_add(1);
        if self.repairs > REPAIRS_MAX {
            let message = format!("the model gave invalid arguments for `{name}` {} times in a row", self.repairs);
            return Move::Raise(Fault::new(FaultKind::ToolArgumentsInvalid, message).detail(content.clone()));
        }
        self.think(told)
    }

    fn conclude(&mut self, answer: &ModelAnswer, told: &mut Vec<EventBody>) -> Move {
        match output_of(answer, self.agent.output.as_ref().map(|(_, validator)| validator)) {
            Ok(output) => self.close(output, told),
            Err(faults) => {
                self.say(&Message::User {
                    text: format!("the answer does not fit the required schema: {}", faults.join("; ")),
                });
                self.repairs = self.repairs.saturating_add(1);
                if self.repairs > REPAIRS_MAX {
                    let message = format!(
                        "agent `{}` gave no output of the required form: {}",
                        self.agent.name,
                        faults.join("; ")
                    );
                    return Move::Raise(Fault::new(FaultKind::AgentFailed, message));
                }
                self.think(told)
            }
        }
    }

    /// An executor that opened a plan closes it before it answers.
    fn close(&mut self, output: Json, told: &mut Vec<EventBody>) -> Move {
        match self.executing.take() {
            Some(plan_id) => {
                self.phase = Phase::Closing(output);
                let step = PlanMove::Finish { calls: std::mem::take(&mut self.calls) };
                let by = self.agent.name.to_string();
                Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan { plan_id: Some(plan_id), step, policy: None, by })))
            }
            None => self.keep(output, told),
        }
    }

    fn keep(&mut self, output: Json, told: &mut Vec<EventBody>) -> Move {
        if !self.agent.spec.stateful {
            return finish(output, told);
        }
        self.phase = Phase::Keeping(output);
        Move::Ask(Effect::SaveHistory(Arc::new(SaveHistory {
            agent: Arc::clone(&self.agent.name),
            turns: self.turns.clone(),
        })))
    }
}

impl Continuation for Conversation {
    fn resume(&mut self, outcome: Outcome, told: &mut Vec<EventBody>) -> Move {
        let value = match outcome {
            Ok(value) => value,
            Err(fault) => return Move::Raise(fault),
        };
        match std::mem::replace(&mut self.phase, Phase::Begin) {
            Phase::Begin => self.begin(told),
            Phase::Remembering => {
                let remembered =
                    value.to_json().ok().and_then(|turns| serde_json::from_value(turns).ok()).unwrap_or_default();
                self.listen(remembered, told)
            }
            Phase::Thinking => self.hear(&value, told),
            Phase::Acting(requests) => self.note(requests, &value, told),
            Phase::Closing(output) => self.keep(output, told),
            Phase::Keeping(output) => finish(output, told),
        }
    }
}

fn finish(output: Json, told: &mut Vec<EventBody>) -> Move {
    told.push(EventBody::AgentFinished { output: json!(output) });
    Move::Return(Value::from(output))
}
