//! The interpreter: who answers.

use super::desk::Desk;
use crate::budget::Decided;
use crate::fault::Fault;
use crate::machine::{Ask, AskId};
use crate::value::Outcome;

/// Work that only the host can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostWork {
    /// Run a tool.
    Tool,
    /// Check a plan by its own type.
    CheckPlan,
    /// Ask a tool's check what became of a write.
    CheckWrite,
    /// Ask the handler that the user gave for this effect.
    Handler,
    /// Work out a scripted answer that depends on what was seen.
    Script(usize),
    /// Check a scripted decision by the plan's own type, as a human's is.
    Decision {
        /// The plan's type.
        plan: String,
        /// The decision as it was scripted.
        decision: serde_json::Value,
    },
}

/// How an interpreter takes an ask.
pub enum Performance {
    /// Here is the answer.
    Answered(Outcome),
    /// The host has to do it.
    Host(HostWork),
    /// The answer comes later: from a human, or through `ready`.
    Waiting,
    /// The run ends here as if its process had died: nothing is cleaned up.
    Crashed(Fault),
}

/// What a journal says happened next.
pub enum Happening {
    /// An ask was answered.
    Answered(AskId, Outcome),
    /// An ask that has no answer in it is performed again.
    Performed(Ask, Performance),
    /// Timers ran out.
    Fired(i64),
    /// Somebody cancelled the run.
    Interrupted(Option<String>),
    /// The run waited for people from then on.
    Paused(i64),
    /// It went on.
    Unpaused(i64),
    /// The program is not the one that the journal is of.
    Stopped(Fault),
}

/// Answers that the user gives in place of an interpreter's own.
pub trait Answerer: Send {
    /// Takes an ask, or leaves it to the interpreter.
    fn answer(&mut self, ask: &Ask) -> Option<Performance>;
}

/// Leaves every ask to the interpreter.
pub struct NoAnswers;

impl Answerer for NoAnswers {
    fn answer(&mut self, _: &Ask) -> Option<Performance> {
        None
    }
}

/// Answers effects.
///
/// # Laws
/// - The same program, script and seed give the same answers in the same order.
/// - An effect that it does not answer is a fault that names the effect.
pub trait Interpreter: Send {
    /// The time, in milliseconds since the Unix epoch.
    fn now(&mut self) -> i64;
    /// Takes one ask.
    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance;
    /// Goes on with a scripted turn or decision that the host worked out.
    fn work_out(&mut self, _ask: &Ask, _written: &serde_json::Value, _desk: &mut Desk) -> Performance {
        Performance::Waiting
    }
    /// Whether the run ends, as if its process had died, once this ask was performed.
    fn crashes_after(&mut self, _id: AskId) -> bool {
        false
    }
    /// Takes what the host made of its work for later, or gives it back.
    fn postpone(&mut self, _id: AskId, outcome: Outcome) -> Option<Outcome> {
        Some(outcome)
    }
    /// Sees every answer.
    fn note(&mut self, _ask: &Ask, _outcome: &Outcome) {}
    /// What the journal of the run says happened next, where the run goes on from one.
    fn happened(&mut self, _desk: &mut Desk) -> Option<Happening> {
        None
    }
    /// Whether the journal still says what happens.
    fn is_replaying(&self) -> bool {
        false
    }
    /// What the journal has and the run did not ask.
    fn left_over(&self) -> Option<Fault> {
        None
    }
    /// Hears that an ask was answered before, so that what was prepared for it is used.
    fn recalled(&mut self, _ask: &Ask) {}
    /// An answer that has become ready.
    fn ready(&mut self, _desk: &mut Desk) -> Option<(AskId, Outcome)> {
        None
    }
    /// Hears that nobody waits for an ask any more.
    fn dropped(&mut self, _id: AskId) {}
    /// Ends an ask that nothing can answer any more.
    fn stalled(&mut self) -> Option<(AskId, Outcome)> {
        None
    }
    /// When `ready` will have something, in milliseconds.
    fn next_at(&self) -> Option<i64> {
        None
    }
    /// Moves a virtual clock to a moment; a real clock says no.
    fn jump(&mut self, _to: i64) -> bool {
        false
    }
    /// Whether it answers `Sleep` itself instead of leaving it to the machine's timers.
    fn sleeps(&self) -> bool {
        false
    }
    /// Whether real tools run one after another.
    fn one_tool_at_a_time(&self) -> bool {
        false
    }
    /// The seed of the schedule.
    fn seed(&self) -> Option<u64> {
        None
    }
    /// What was decided about calls in the run that it replays, if it replays one.
    fn decided(&self) -> Option<Decided> {
        None
    }
    /// Tells at the desk what a recording says was told last.
    fn conclude_desk(&mut self, _desk: &mut Desk) {}
    /// Says at the end whether everything that was prepared was used.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ScriptMismatch`] naming what was not used.
    fn conclude(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}
