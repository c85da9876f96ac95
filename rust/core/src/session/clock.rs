//! The clock of a session: what is due, what time may be jumped over, when a run waits for people.

use super::Session;
use crate::events::EventBody;
use crate::journal::Teller;

impl Session {
    pub(super) fn fire(&mut self, now: i64) {
        if self.outcome.is_some() {
            return;
        }
        for (id, ruling) in self.desk.expire(now) {
            self.rule(id, ruling);
        }
        let step = self.machine.fire(now);
        self.absorb(step);
    }

    /// Ends an ask that nothing can answer any more.
    pub(super) fn end_stall(&mut self) -> bool {
        let idle = self.outcome.is_none() && self.at_work.is_empty() && self.progress.work.is_empty();
        let Some((id, outcome)) = idle.then(|| self.interpreter.stalled()).flatten() else { return false };
        self.complete(id, outcome);
        true
    }

    /// Jumps to the next moment where time is virtual and nothing real is at work.
    pub(super) fn pass_time(&mut self) -> bool {
        let next = [self.deadline, self.interpreter.next_at()].into_iter().flatten().min();
        // Time stops at an expiry on its way; it never moves for the sake of one.
        let next = next.map(|next| self.desk.next_expiry().map_or(next, |expiry| expiry.min(next)));
        let Some(deadline) = next.filter(|_| self.outcome.is_none() && self.at_work.is_empty()) else { return false };
        if !self.progress.work.is_empty() || !self.interpreter.jump(deadline) {
            return false;
        }
        self.fire(deadline);
        true
    }

    pub(super) fn note_pause(&mut self) {
        let approvals = self.desk.waiting();
        if self.paused || approvals.is_empty() || self.outcome.is_some() || self.in_flight.len() > approvals.len() {
            return;
        }
        self.paused = true;
        self.tell(Teller::Desk, EventBody::RunPaused { approvals });
    }

    pub(super) fn wake_at(&self) -> Option<i64> {
        [self.deadline, self.desk.next_expiry()].into_iter().flatten().min()
    }
}
