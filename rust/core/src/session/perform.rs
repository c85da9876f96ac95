//! Performing: each ask goes to the interpreter, to the host, or back where nobody waits for it.

use super::{HostWork, Performance, Session};
use crate::effects::Effect;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Ask, AskId};
use crate::value::Outcome;

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
        self.performed(ask, performance);
    }

    pub(super) fn performed(&mut self, ask: Ask, performance: Performance) {
        self.retell();
        self.return_voided();
        match performance {
            Performance::Answered(outcome) => self.deliver(&ask, outcome),
            Performance::Waiting => {
                self.in_flight.insert(ask.id, ask);
            }
            Performance::Host(work) => self.hand_over(ask, work),
            Performance::Crashed(fault) => self.crash(fault),
        }
    }

    pub(super) fn hand_over(&mut self, ask: Ask, work: HostWork) {
        if self.has_to_be_kept_first(&ask, &work) {
            self.in_flight.insert(ask.id, ask.clone());
            return self.hold_until_kept(ask, work);
        }
        self.hand_over_kept(ask, work);
    }

    pub(super) fn hand_over_kept(&mut self, ask: Ask, work: HostWork) {
        let serial = work == HostWork::Tool && self.interpreter.one_tool_at_a_time();
        if serial && self.at_work.values().any(|serial| *serial) {
            self.held_back.push_back((ask, work));
            return;
        }
        if work == HostWork::Handler
            && let Some(fault) = self.open_for_handler(&ask)
        {
            return self.deliver(&ask, Err(fault));
        }
        self.at_work.insert(ask.id, serial);
        self.in_flight.insert(ask.id, ask.clone());
        self.progress.work.push((ask, work));
    }

    /// A question for a human is asked and told before a handler answers it in place of one.
    fn open_for_handler(&mut self, ask: &Ask) -> Option<Fault> {
        if !is_approval(ask) {
            return None;
        }
        let now = self.interpreter.now();
        let opened = self.desk.open(ask, now);
        self.retell();
        opened.err()
    }

    /// What the host made of its work; a handler's word on a question is a decision like any other.
    pub(super) fn worked(&mut self, ask: &Ask, outcome: Outcome) -> Outcome {
        let value = outcome?;
        if !is_approval(ask) {
            return Ok(value);
        }
        let now = self.interpreter.now();
        let ruling = self.desk.decide_by_handler(ask.id, &value, now);
        self.retell();
        ruling
    }

    pub(super) fn release_next(&mut self) {
        if let Some((ask, work)) = self.held_back.pop_front() {
            self.hand_over_kept(ask, work);
        }
    }

    pub(super) fn deliver(&mut self, ask: &Ask, outcome: Outcome) {
        if self.interpreter.crashes_after(ask.id) {
            let message = format!("the scripted crash after position {} (`{}`)", ask.position, ask.effect.kind());
            return self.crash(Fault::new(FaultKind::Crashed, message));
        }
        self.interpreter.note(ask, &outcome);
        self.close_question(ask.id, "it was answered elsewhere");
        let now = self.interpreter.now();
        let step = self.machine.answer(ask.id, outcome, now);
        self.absorb(step);
    }

    /// A write that was interrupted before it began does not begin any more.
    pub(super) fn withdraw(&mut self, id: AskId) {
        let waiting = self.queue.len().saturating_add(self.held_back.len());
        self.queue.retain(|ask| ask.id != id);
        self.held_back.retain(|(ask, _)| ask.id != id);
        if self.queue.len().saturating_add(self.held_back.len()) < waiting || self.forget_held(id) {
            self.in_flight.remove(&id);
            let now = self.interpreter.now();
            let step = self.machine.answer(id, Err(Fault::new(FaultKind::Cancelled, "cancelled")), now);
            self.absorb(step);
        }
    }

    pub(super) fn drop_ask(&mut self, id: AskId) {
        self.queue.retain(|ask| ask.id != id);
        self.held_back.retain(|(ask, _)| ask.id != id);
        self.forget_held(id);
        self.close_question(id, "nobody waits for it any more");
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

fn is_approval(ask: &Ask) -> bool {
    matches!(ask.effect, Effect::AwaitApproval(_))
}
