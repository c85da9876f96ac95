//! Performing: each ask goes to the interpreter, to the host, or back where nobody waits for it.

use super::decision::answered_by_handler;
use super::{HostWork, Performance, Session};
use crate::effects::Effect;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Ask, AskId};
use crate::value::{Outcome, Value};

impl Session {
    pub(super) fn next_ask(&mut self) -> Option<Ask> {
        let count = self.queue.len();
        match &mut self.dice {
            Some(dice) if count > 1 => self.queue.swap_remove_back(dice.below(count)),
            _ => self.queue.pop_front(),
        }
    }

    pub(super) fn perform(&mut self, ask: Ask) {
        let performance = self.interpreter.perform(&ask, &mut self.desk);
        self.retell();
        match performance {
            Performance::Answered(outcome) => self.deliver(&ask, outcome),
            Performance::Waiting => {
                self.in_flight.insert(ask.id, ask);
            }
            Performance::Host(work) => self.hand_over(ask, work),
            Performance::Crashed(fault) => self.crash(fault),
        }
    }

    fn hand_over(&mut self, ask: Ask, work: HostWork) {
        let serial = work == HostWork::Tool && self.interpreter.one_tool_at_a_time();
        if serial && self.at_work.values().any(|serial| *serial) {
            self.held_back.push_back((ask, work));
            return;
        }
        self.at_work.insert(ask.id, serial);
        self.in_flight.insert(ask.id, ask.clone());
        self.progress.work.push((ask, work));
    }

    pub(super) fn release_next(&mut self) {
        if let Some((ask, work)) = self.held_back.pop_front() {
            self.hand_over(ask, work);
        }
    }

    pub(super) fn deliver(&mut self, ask: &Ask, outcome: Outcome) {
        if self.interpreter.crashes_after(ask.id) {
            let message = format!("the scripted crash after position {} (`{}`)", ask.position, ask.effect.kind());
            return self.crash(Fault::new(FaultKind::Crashed, message));
        }
        self.interpreter.note(ask, &outcome);
        self.close_question(ask.id);
        let now = self.interpreter.now();
        let step = self.machine.answer(ask.id, outcome, now);
        self.absorb(step);
    }

    /// A write that was interrupted before it began does not begin any more.
    pub(super) fn withdraw(&mut self, id: AskId) {
        let waiting = self.queue.len().saturating_add(self.held_back.len());
        self.queue.retain(|ask| ask.id != id);
        self.held_back.retain(|(ask, _)| ask.id != id);
        if self.queue.len().saturating_add(self.held_back.len()) < waiting {
            let now = self.interpreter.now();
            let step = self.machine.answer(id, Err(Fault::new(FaultKind::Cancelled, "cancelled")), now);
            self.absorb(step);
        }
    }

    pub(super) fn drop_ask(&mut self, id: AskId) {
        self.queue.retain(|ask| ask.id != id);
        self.held_back.retain(|(ask, _)| ask.id != id);
        self.close_question(id);
        self.interpreter.dropped(id);
        self.in_flight.remove(&id);
        if let Some(serial) = self.at_work.remove(&id) {
            self.progress.dropped.push(id);
            if serial {
                self.release_next();
            }
        }
    }
}

/// What a handler of the user's made of a question for a human: it stands in for one.
pub(super) fn handled(ask: &Ask, value: Value, now: i64) -> Outcome {
    match &ask.effect {
        Effect::AwaitApproval(request) => answered_by_handler(ask, request, &value, now),
        _ => Ok(value),
    }
}
