//! Time limits, attempts, alternatives and what mends a fault.

use super::branch::{Branch, Next, Waiting};
use super::frame::{Frame, Retrying};
use super::program::{Attempts, Handler, Program, Then};
use super::timers::Alarm;
use super::unwind::Pull;
use super::{Machine, cancelled};
use crate::fault::{Fault, FaultKind};
use crate::position::Scope;
use crate::value::{Outcome, Value};

impl Machine {
    pub(super) fn limit_time(&mut self, index: u32, program: Program, wait_ms: i64) -> Next {
        let at = self.settings.now.saturating_add(wait_ms);
        let Some(branch) = self.branch(index) else { return Next::Open(program) };
        enter(branch, 0);
        let height = branch.height();
        let timer = self.timers.add(at, Alarm::Timeout { branch: index, height });
        if let Some(branch) = self.branch(index) {
            branch.stack.push(Frame::Timeout(timer));
        }
        Next::Open(program)
    }

    /// The body of a `timeout` ended, by itself or because its time was over.
    pub(super) fn timed(&mut self, timer: u64, pull: Pull, outcome: Outcome) -> Next {
        self.timers.remove(timer);
        Next::Deliver(match pull {
            Pull::Free => outcome,
            Pull::Through => Err(cancelled()),
            Pull::Here => Err(Fault::new(FaultKind::TimedOut, "the time limit passed")),
        })
    }

    pub(super) fn retry(&mut self, index: u32, attempts: Box<dyn Attempts>) -> Option<Next> {
        let branch = self.branch(index)?;
        let position = branch.take_position();
        let retrying = Retrying { attempts, made: 0, outer: position.scope, ordinal: position.ordinal };
        Some(attempt(branch, Box::new(retrying)))
    }

    pub(super) fn attempted(&mut self, index: u32, retrying: Box<Retrying>, outcome: Outcome) -> Option<Next> {
        let Some(wait_ms) = wait_after(&retrying, &outcome) else { return Some(Next::Deliver(outcome)) };
        let at = self.settings.now.saturating_add(wait_ms);
        let branch = self.branch(index)?;
        if let Some(Frame::Leave(level)) = branch.stack.pop() {
            branch.leave(*level);
        }
        let next = attempt(branch, retrying);
        if wait_ms <= 0 {
            return Some(next);
        }
        if let Next::Open(program) = next {
            branch.stack.push(Frame::Then(Box::new(Fixed(program))));
        }
        let timer = self.timers.add(at, Alarm::Wake(index));
        self.branch(index)?.waiting = Waiting::Timer { timer, asked: None };
        None
    }
}

/// What a wait is followed by.
struct Fixed(Program);

impl Then for Fixed {
    fn then(self: Box<Self>, _: Value) -> Result<Program, Fault> {
        Ok(self.0)
    }
}

/// How long to wait before the next attempt, if there is one.
fn wait_after(retrying: &Retrying, outcome: &Outcome) -> Option<i64> {
    let fault = outcome.as_ref().err().filter(|fault| !fault.is_cancel())?;
    let is_last = retrying.made >= retrying.attempts.count();
    if is_last { None } else { retrying.attempts.wait_ms(retrying.made, fault) }
}

fn attempt(branch: &mut Branch, mut retrying: Box<Retrying>) -> Next {
    let scope = Scope::enter(&retrying.outer, retrying.ordinal, 0).of_attempt(retrying.made);
    branch.enter(scope);
    retrying.made = retrying.made.saturating_add(1);
    let next = opened(retrying.attempts.make());
    branch.stack.push(Frame::Retry(retrying));
    next
}

pub(super) fn opened(program: Result<Program, Fault>) -> Next {
    program.map_or_else(|fault| Next::Deliver(Err(fault)), Next::Open)
}

/// Numbers what follows as branch `branch_number` of one ordinal.
pub(super) fn enter(branch: &mut Branch, branch_number: u32) {
    let position = branch.take_position();
    let scope = Scope::enter(&position.scope, position.ordinal, branch_number);
    branch.enter(scope);
}

pub(super) fn mended(branch: &mut Branch, handler: Box<dyn Handler>, outcome: Outcome) -> Next {
    match outcome {
        Err(fault) if !fault.is_cancel() => match handler.handle(&fault) {
            Some(program) => {
                branch.enter_beside(1);
                opened(program)
            }
            None => Next::Deliver(Err(fault)),
        },
        outcome => Next::Deliver(outcome),
    }
}

/// The cleanup of an `ensure`, shielded from interruptions.
pub(super) fn clean(branch: &mut Branch, cleanup: Program, pull: Pull, outcome: Outcome) -> Next {
    if pull == Pull::Free {
        branch.regions.shield(branch.height());
    }
    branch.enter_beside(1);
    branch.stack.push(Frame::Cleaned(Box::new(outcome)));
    Next::Open(cleanup)
}

/// After a cleanup: its own fault wins, then what was there before.
pub(super) fn cleaned(branch: &mut Branch, kept: Outcome, outcome: Outcome) -> Next {
    branch.regions.unshield(branch.height());
    Next::Deliver(outcome.and(kept))
}

pub(super) fn first_of(branch: &mut Branch, programs: Vec<Program>) -> Next {
    enter(branch, 0);
    let mut rest = programs.into_iter();
    let Some(first) = rest.next() else {
        return Next::Deliver(Err(Fault::new(FaultKind::ProgramError, "`fallback` needs at least one program")));
    };
    branch.stack.push(Frame::Fallback { rest: Box::new(rest), tried: 1 });
    Next::Open(first)
}

pub(super) fn next_of(
    branch: &mut Branch,
    mut rest: Box<std::vec::IntoIter<Program>>,
    tried: u32,
    outcome: Outcome,
) -> Next {
    match outcome {
        Err(fault) if !fault.is_cancel() => match rest.next() {
            Some(program) => {
                branch.enter_beside(tried);
                branch.stack.push(Frame::Fallback { rest, tried: tried.saturating_add(1) });
                Next::Open(program)
            }
            None => Next::Deliver(Err(fault)),
        },
        outcome => Next::Deliver(outcome),
    }
}
