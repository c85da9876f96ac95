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
        let waits = !self.at_work.is_empty()
            || self.holds_any()
            || !self.progress.work.is_empty()
            || !self.desk.waiting().is_empty();
        let idle = self.outcome.is_none() && !waits;
        let Some((id, outcome)) = idle.then(|| self.interpreter.stalled()).flatten() else { return false };
        self.complete(id, outcome);
        true
    }

    /// Jumps to the next moment where time is virtual and nothing real is at work.
    pub(super) fn pass_time(&mut self) -> bool {
        let next = self.next_moment();
        let Some(deadline) = next.filter(|_| self.outcome.is_none() && self.at_work.is_empty()) else { return false };
        if !self.progress.work.is_empty() || self.holds_any() || !self.interpreter.jump(deadline) {
            return false;
        }
        self.fire(deadline);
        true
    }

    /// The moment that time would move to: a delay that the interpreter was told of, or a timer of the program.
    ///
    /// A timer does not run out while a human outside is asked, who needs no virtual time to answer. Time stops
    /// at timers and expiries on its way to a delay; it never moves for the sake of an expiry.
    fn next_moment(&self) -> Option<i64> {
        let delay = self.interpreter.next_at();
        let stops = [self.deadline, self.desk.next_expiry()].into_iter().flatten().min();
        let next = if self.desk.is_waiting() { delay } else { [self.deadline, delay].into_iter().flatten().min() };
        next.map(|next| stops.map_or(next, |stop| stop.min(next)))
    }

    pub(super) fn note_pause(&mut self) {
        let approvals = self.desk.waiting();
        if self.paused
            || self.interpreter.is_replaying()
            || !self.at_work.is_empty()
            || approvals.is_empty()
            || self.outcome.is_some()
            || self.in_flight.len() > approvals.len()
        {
            return;
        }
        // A scripted decision is being checked: nobody outside is waited for.
        if !self.at_work.is_empty() {
            return;
        }
        self.paused = true;
        let now = self.interpreter.now();
        self.machine.purse().pause(now);
        self.tell(Teller::Desk, EventBody::RunPaused { approvals });
    }

    pub(super) fn wake_at(&self) -> Option<i64> {
        [self.deadline, self.desk.next_expiry()].into_iter().flatten().min()
    }
}
