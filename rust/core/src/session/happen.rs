//! Happening again: what the journal of a run says, done to its machine.

use super::Session;
use super::interpreter::Happening;

impl Session {
    pub(super) fn happen(&mut self, happening: Happening) {
        if self.interpreter.is_replaying() {
            self.replayed_until = self.interpreter.now();
        }
        match happening {
            Happening::Answered(id, outcome) => {
                let Some(ask) = self.in_flight.remove(&id) else { return };
                self.retell();
                self.deliver(&ask, outcome);
            }
            Happening::Performed(ask, performance) => {
                self.in_flight.remove(&ask.id);
                self.performed(ask, performance);
            }
            Happening::Fired(at) => {
                let step = self.machine.fire(at);
                self.absorb(step);
            }
            Happening::Interrupted(reason) => {
                let now = self.interpreter.now();
                let step = self.machine.cancel(reason, now);
                self.absorb(step);
            }
            Happening::Paused(at) => {
                self.paused = true;
                self.machine.purse().pause(at);
            }
            Happening::Unpaused(at) => {
                self.paused = false;
                self.machine.purse().resume(at);
            }
            Happening::Stopped(fault) => self.crash(fault),
        }
    }
}
