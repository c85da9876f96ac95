//! Ending: how a run finishes, and how it stops where it is.

use super::Session;
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::journal::Teller;
use crate::value::Outcome;

impl Session {
    /// Leaves everything where it is, as a dying process does; what that drove is free for all.
    pub(super) fn crash(&mut self, fault: Fault) {
        self.stop(fault);
        self.release();
    }

    /// Leaves everything where it is.
    pub(super) fn stop(&mut self, fault: Fault) {
        self.stop_keeping();
        self.queue.clear();
        self.in_flight.clear();
        self.held_back.clear();
        self.deadline = None;
        self.progress.dropped.extend(std::mem::take(&mut self.at_work).into_keys());
        self.outcome = Some(Err(fault));
    }

    pub(super) fn finish(&mut self, outcome: Outcome) {
        if let Some(fault) = self.interpreter.left_over() {
            return self.crash(fault);
        }
        let outcome = outcome.and_then(|value| self.interpreter.conclude().map(|()| value));
        self.end_plans(&outcome);
        let body = match &outcome {
            Ok(value) => EventBody::RunFinished { output: value.to_json().unwrap_or(serde_json::Value::Null) },
            Err(fault) if fault.kind() == FaultKind::RunCancelled => {
                EventBody::RunCancelled { reason: Some(fault.message().to_owned()) }
            }
            Err(fault) => EventBody::RunFailed { error: fault.note() },
        };
        self.tell(Teller::Run, body);
        self.outcome = Some(outcome);
    }

    /// No plan stays as if somebody still performed it.
    fn end_plans(&mut self, outcome: &Outcome) {
        self.interpreter.conclude_desk(&mut self.desk);
        let why = match outcome {
            Ok(_) => "the run ended before it",
            Err(fault) => fault.message(),
        };
        let now = self.interpreter.now();
        self.desk.end_plans(why, now);
        self.retell();
    }
}
