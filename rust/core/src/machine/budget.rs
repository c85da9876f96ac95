//! Budgets in the machine: no call leaves that a limit does not allow.

use super::Machine;
use super::ask::AskId;
use super::branch::{Next, Queued, Waiting};
use crate::budget::Ruled;
use crate::effects::Effect;
use crate::fault::Fault;
use crate::journal::Teller;
use crate::position::Position;
use crate::value::Outcome;

impl Machine {
    /// Why the budgets do not allow an effect.
    pub(super) fn over_budget(&mut self, position: &Position, effect: &Effect) -> Option<Fault> {
        let now = self.settings.now;
        let ruled = self.settings.purse.refuses(position, effect, now)?;
        Some(self.refused(position, ruled))
    }

    /// Tells of a refusal; gives what whoever asked gets.
    pub(super) fn refused(&mut self, position: &Position, ruled: Ruled) -> Fault {
        match ruled {
            Ruled::Refused(refusal) => {
                self.journal.told(Teller::Purse, position.clone(), refusal.event(), self.settings.now);
                refusal.fault()
            }
            Ruled::Unknown(fault) => fault,
        }
    }

    /// Lets a call wait until another one has come back.
    pub(super) fn queue_call(&mut self, index: u32, queued: Queued) -> Option<Next> {
        self.branch(index)?.waiting = Waiting::Purse(Box::new(queued));
        self.queued_calls.push_back(index);
        None
    }

    /// A call came back, or nobody waits for it any more: what was set aside for it is free.
    pub(super) fn came_back(&mut self, id: AskId, outcome: Option<&Outcome>) {
        if !self.settings.purse.settle(id, outcome) {
            return;
        }
        for index in std::mem::take(&mut self.queued_calls) {
            let Some(branch) = self.branch(index) else { continue };
            match std::mem::replace(&mut branch.waiting, Waiting::Running) {
                Waiting::Purse(queued) => {
                    let Queued { position, effect, clearance } = *queued;
                    if let Some(next) = self.emit(index, position, effect, clearance) {
                        self.resume(index, next);
                    }
                }
                waiting => branch.waiting = waiting,
            }
        }
    }
}
