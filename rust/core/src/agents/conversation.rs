//! A conversation: the loop of one agent, from its prompt to its output.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::Agent;
use super::outcome::Reply;
use super::reply::{history_shown, output_of};
use super::summary::{self, Parted};
use super::turn::Turn;
use crate::budget::Whose;
use crate::effects::{
    AdvancePlan, CallModel, Effect, LoadHistory, Message, MessageLog, ModelAnswer, PlanMove, SaveHistory,
};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::json::decode;
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
    /// What is kept of it: everything but the system message, what was remembered and what was repaired.
    turns: MessageLog,
    shown: MessageLog,
    steps: u32,
    /// Turns in a row with arguments that did not fit.
    misfits: u32,
    /// Answers that were no output of the required form.
    malformed: u32,
    executing: Option<String>,
    /// Its actions, until a write is made for it.
    owed: usize,
    /// The calls made for it.
    calls: Vec<RecordedCall>,
}

enum Phase {
    Begin,
    Remembering,
    Summarising(Parted),
    Noting(Vec<Message>),
    Thinking,
    Acting(Vec<(String, String)>),
    Closing(Json),
    Keeping(Json),
    /// The plan is told before a fault goes on.
    Leaving(Fault),
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
            misfits: 0,
            malformed: 0,
            executing: None,
            owed: 0,
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
        self.listen(&[], told)
    }

    /// Has what is too old summarised before anything is said.
    fn remember(&mut self, remembered: &[Message], told: &mut Vec<EventBody>) -> Move {
        let history = self.agent.spec.history;
        let Some(parted) = Parted::new(remembered, history.as_ref()) else {
            return self.listen(history_shown(remembered, history.as_ref()), told);
        };
        let question = parted.question(&self.agent);
        self.phase = Phase::Summarising(parted);
        Move::Ask(Effect::CallModel(Arc::new(question)))
    }

    /// The summary stays with the thread at once, whatever becomes of the task; without one, older turns are not shown.
    fn summarised(&mut self, parted: &Parted, summary: Outcome, told: &mut Vec<EventBody>) -> Move {
        let (dropped, turns) = (parted.dropped, parted.turns);
        match summary.and_then(|answer| summary::read(&answer)) {
            Ok(summary) => {
                told.push(EventBody::HistoryShortened { turns, dropped, summarised: true, error: None });
                let history = parted.with(&summary);
                self.phase = Phase::Noting(history.clone());
                self.save(history.into_iter().collect(), true)
            }
            Err(fault) if summary::can_do_without(&fault) => {
                let dropped = turns.saturating_sub(parted.turns_max);
                let error = Some(fault.note());
                told.push(EventBody::HistoryShortened { turns, dropped, summarised: false, error });
                self.listen(&parted.fallback, told)
            }
            Err(fault) => Move::Raise(fault),
        }
    }

    fn save(&self, turns: MessageLog, replaces: bool) -> Move {
        let agent = Arc::clone(&self.agent.name);
        Move::Ask(Effect::SaveHistory(Arc::new(SaveHistory { agent, turns, replaces })))
    }

    /// Puts the prompt behind what is remembered.
    fn listen(&mut self, shown: &[Message], told: &mut Vec<EventBody>) -> Move {
        self.shown = MessageLog::default().with(Message::System { text: self.agent.spec.prompt.clone() });
        self.shown = shown.iter().fold(self.shown.clone(), |log, message| log.with(message.clone()));
        self.say(&Message::user(self.prompt.clone()));
        self.think(told)
    }

    fn say(&mut self, message: &Message) {
        let message = Arc::new(message.clone());
        self.turns = self.turns.with(Arc::clone(&message));
        self.shown = self.shown.with(message);
    }

    fn think(&mut self, told: &mut Vec<EventBody>) -> Move {
        let limit = self.agent.spec.max_steps;
        if self.steps >= limit {
            told.push(EventBody::LimitReached {
                limit: "max_steps".to_owned(),
                value: limit.into(),
                scope: Whose::Agent,
            });
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
        .detail(json!({"limit": "max_steps", "value": limit, "scope": Whose::Agent}))
    }

    fn hear(&mut self, answer: &Value, told: &mut Vec<EventBody>) -> Move {
        let answer = match answer {
            Value::Model(answer) => Arc::clone(answer),
            other => match other.to_json().map(decode::<ModelAnswer>) {
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
        let said = ModelAnswer::clone(&answer).into_message();
        if answer.tool_calls.is_empty() {
            return self.conclude(&answer, said, told);
        }
        self.say(&said);
        self.phase = Phase::Acting(answer.tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())).collect());
        let turns = answer
            .tool_calls
            .iter()
            .map(|call| Turn::new(Arc::clone(&self.agent), call.clone()).within(self.executing.as_deref()))
            .map(|turn| Program::Loop(Box::new(turn)));
        Move::Call(Program::Gather(turns.collect()))
    }

    /// Tells the model what its calls came to.
    fn note(&mut self, requests: Vec<(String, String)>, replies: &Value, told: &mut Vec<EventBody>) -> Move {
        let Value::List(replies) = replies else { return self.think(told) };
        let mut invalid = None;
        // Once a plan is open, each call tells it by itself.
        let opens = self.executing.is_none();
        for ((call_id, name), reply) in requests.into_iter().zip(replies.iter()) {
            let reply = Reply::of_value(reply);
            if opens && self.executing.is_some() && self.agent.callables.contains_key(&name) {
                let call = RecordedCall {
                    tool: name.clone(),
                    position: call_id.clone(),
                    wrote: reply.wrote,
                    succeeded: !reply.is_error,
                    in_doubt: false,
                };
                self.calls.push(call);
            }
            if self.executing.is_some() && reply.wrote {
                self.owed = 0;
            }
            if reply.executing.is_some() {
                self.executing.clone_from(&reply.executing);
                self.owed = reply.owed;
            }
            if reply.invalid {
                invalid = Some((name.clone(), reply.content.clone()));
            }
            self.say(&Message::Tool { call_id, name, content: reply.content, is_error: reply.is_error });
        }
        if let Some((name, content)) = invalid {
            return self.repair(&name, &content, told);
        }
        self.misfits = 0;
        self.think(told)
    }

    fn repair(&mut self, name: &str, content: &Json, told: &mut Vec<EventBody>) -> Move {
        self.misfits = self.misfits.saturating_add(1);
        if self.misfits > REPAIRS_MAX {
            let message =
                format!("the model gave invalid arguments {} times in a row, at last for `{name}`", self.misfits);
            let faults = content.get("faults").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
            let fault = Fault::new(FaultKind::ToolArgumentsInvalid, message).detail(json!({"tool": name}));
            return Move::Raise(fault.hint(faults.collect::<Vec<_>>().join("; ")));
        }
        self.think(told)
    }

    fn conclude(&mut self, answer: &ModelAnswer, said: Message, told: &mut Vec<EventBody>) -> Move {
        match output_of(answer, self.agent.output.as_ref().map(|(_, validator)| validator)) {
            Ok(output) => {
                self.say(&said);
                self.close(output, told)
            }
            Err(faults) => self.ask_again(said, &faults.join("; "), told),
        }
    }

    /// An answer that has to be repaired is shown and not kept.
    fn ask_again(&mut self, said: Message, faults: &str, told: &mut Vec<EventBody>) -> Move {
        self.malformed = self.malformed.saturating_add(1);
        if self.malformed > REPAIRS_MAX {
            let message = format!(
                "agent `{}` gave no output of the required form in {} answers: {faults}",
                self.agent.name, self.malformed
            );
            return Move::Raise(Fault::new(FaultKind::AgentFailed, message));
        }
        let text = format!("the answer does not fit the required schema: {faults}");
        self.shown = self.shown.with(said).with(Message::user(text));
        self.think(told)
    }

    /// An executor that opened a plan closes it before it answers.
    fn close(&mut self, output: Json, told: &mut Vec<EventBody>) -> Move {
        match self.executing.take() {
            Some(plan_id) => {
                self.phase = Phase::Closing(output);
                let idle = self.owed > 0 && self.calls.iter().all(|call| !call.wrote);
                let why = idle.then(|| format!("no write was recorded for its {} actions", self.owed));
                self.end_plan(plan_id, why)
            }
            None => self.keep(output, told),
        }
    }

    /// An executor that opened a plan tells it when it leaves without an answer.
    fn leave(&mut self, fault: Fault) -> Move {
        let Some(plan_id) = self.executing.take() else { return Move::Raise(fault) };
        let why = if fault.is_cancel() { "it was cancelled".to_owned() } else { fault.message().to_owned() };
        self.phase = Phase::Leaving(fault);
        self.end_plan(plan_id, Some(why))
    }

    fn end_plan(&mut self, plan_id: String, cut_short: Option<String>) -> Move {
        let step = PlanMove::Finish { calls: std::mem::take(&mut self.calls), cut_short };
        let by = self.agent.name.to_string();
        Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan { plan_id: Some(plan_id), step, policy: None, by })))
    }

    /// The first fault is the one that goes on, whatever its plan says to it.
    fn go_on(&mut self, outcome: Outcome, told: &mut Vec<EventBody>) -> Move {
        let phase = std::mem::replace(&mut self.phase, Phase::Begin);
        if let Phase::Summarising(parted) = phase {
            return self.summarised(&parted, outcome, told);
        }
        let (value, phase) = match (outcome, phase) {
            (_, Phase::Leaving(fault)) | (Err(fault), _) => return Move::Raise(fault),
            (Ok(value), phase) => (value, phase),
        };
        match phase {
            Phase::Begin | Phase::Summarising(_) => self.begin(told),
            Phase::Remembering => {
                let remembered: Vec<Message> =
                    value.to_json().ok().and_then(|turns| decode(turns).ok()).unwrap_or_default();
                self.remember(&remembered, told)
            }
            Phase::Noting(history) => self.listen(&history, told),
            Phase::Thinking => self.hear(&value, told),
            Phase::Acting(requests) => self.note(requests, &value, told),
            Phase::Closing(output) => self.keep(output, told),
            Phase::Keeping(output) => finish(output, told),
            Phase::Leaving(fault) => Move::Raise(fault),
        }
    }

    fn keep(&mut self, output: Json, told: &mut Vec<EventBody>) -> Move {
        if !self.agent.spec.stateful {
            return finish(output, told);
        }
        self.phase = Phase::Keeping(output);
        self.save(self.turns.clone(), false)
    }
}

impl Continuation for Conversation {
    fn resume(&mut self, outcome: Outcome, told: &mut Vec<EventBody>) -> Move {
        match self.go_on(outcome, told) {
            Move::Raise(fault) => self.leave(fault),
            next => next,
        }
    }
}

fn finish(output: Json, told: &mut Vec<EventBody>) -> Move {
    told.push(EventBody::AgentFinished { output: json!(output) });
    Move::Return(Value::from(output))
}
