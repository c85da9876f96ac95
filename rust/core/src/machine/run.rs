//! Running a branch: opening programs and delivering outcomes until it waits or ends.

use std::sync::Arc;

use super::attempt::{clean, cleaned, enter, first_of, mended, next_of, opened};
use super::branch::{Next, Waiting};
use super::fork::Rule;
use super::frame::Frame;
use super::program::{Continuation, Move, Program};
use super::unwind::Pull;
use super::{Machine, cancelled, null};
use crate::effects::Effect;
use crate::events::EventBody;
use crate::journal::Teller;
use crate::position::{Position, Scope};
use crate::value::Outcome;

impl Machine {
    pub(super) fn run_branch(&mut self, index: u32) {
        let Some(branch) = self.branch(index) else { return };
        branch.queued = false;
        let waiting = std::mem::replace(&mut branch.waiting, Waiting::Running);
        let Waiting::Ready(mut next) = waiting else {
            branch.waiting = waiting;
            return;
        };
        loop {
            let following = match next {
                Next::Open(program) => self.open(index, program),
                Next::Deliver(outcome) => self.deliver(index, outcome),
            };
            match following {
                Some(following) => next = following,
                None => return,
            }
        }
    }

    /// Takes one layer off a program.
    fn open(&mut self, index: u32, program: Program) -> Option<Next> {
        let branch = self.branch(index)?;
        match program {
            Program::Pure(value) => Some(Next::Deliver(Ok(value))),
            Program::Fail(fault) => Some(Next::Deliver(Err(fault))),
            Program::Ask(effect) => self.ask(index, effect),
            Program::Loop(continuation) => self.drive(index, continuation, null()),
            Program::Host(host) => Some(opened(host.open())),
            Program::Bind(source, then) => {
                branch.stack.push(Frame::Then(then));
                Some(Next::Open(source.open()))
            }
            Program::Gather(programs) => self.fork(index, Rule::All, programs),
            Program::Race(programs) => self.fork(index, Rule::First, programs),
            Program::ForEach(items, limit) => self.fork_each(index, items, limit),
            Program::Timeout(program, wait_ms) => Some(self.limit_time(index, program.open(), wait_ms)),
            Program::Retry(attempts) => self.retry(index, attempts),
            Program::Fallback(programs) => Some(first_of(branch, programs)),
            Program::Catch(program, handler) => {
                enter(branch, 0);
                branch.stack.push(Frame::Catch(handler));
                Some(Next::Open(program.open()))
            }
            Program::Ensure(program, cleanup) => {
                enter(branch, 0);
                branch.stack.push(Frame::Ensure(cleanup));
                Some(Next::Open(program.open()))
            }
        }
    }

    /// Gives an outcome to what waits for it on the stack.
    ///
    /// A frame that an interruption ends hears of nothing else, whatever the frame above made of it.
    fn deliver(&mut self, index: u32, outcome: Outcome) -> Option<Next> {
        let branch = self.branch(index)?;
        let Some((frame, pull)) = branch.pop() else {
            self.finish(index, outcome);
            return None;
        };
        let outcome = if pull == Pull::Free { outcome } else { Err(interruption(outcome)) };
        match frame {
            Frame::Loop(continuation) => self.drive(index, continuation, outcome),
            Frame::Then(then) => Some(match outcome {
                Ok(value) => opened(then.then(value)),
                Err(fault) => Next::Deliver(Err(fault)),
            }),
            Frame::Catch(handler) => Some(mended(branch, handler, outcome)),
            Frame::Ensure(cleanup) => Some(clean(branch, cleanup.open(), pull, outcome)),
            Frame::Cleaned(kept) => Some(cleaned(branch, *kept, outcome)),
            Frame::Timeout(timer) => Some(self.timed(timer, pull, outcome)),
            Frame::Retry(retrying) => self.attempted(index, retrying, outcome),
            Frame::Fallback { rest, tried } => Some(next_of(branch, rest, tried, outcome)),
            Frame::Answered(asked) => {
                let (position, effect) = *asked;
                let now = self.settings.now;
                self.journal.answered(&position, &effect, &outcome, now);
                Some(Next::Deliver(outcome))
            }
            Frame::Leave(level) => {
                branch.leave(*level);
                Some(Next::Deliver(outcome))
            }
            Frame::Fork(_) => Some(Next::Deliver(outcome)),
        }
    }

    /// Resumes a loop and does what it asks.
    fn drive(&mut self, index: u32, mut continuation: Box<dyn Continuation>, outcome: Outcome) -> Option<Next> {
        let mut told = Vec::new();
        let move_ = continuation.resume(outcome, &mut told);
        for body in told {
            self.tell(index, body);
        }
        let branch = self.branch(index)?;
        match move_ {
            Move::Return(value) => Some(Next::Deliver(Ok(value))),
            Move::Raise(fault) => Some(Next::Deliver(Err(fault))),
            Move::Ask(effect) => {
                branch.stack.push(Frame::Loop(continuation));
                self.ask(index, effect)
            }
            Move::Call(program) => {
                branch.stack.push(Frame::Loop(continuation));
                Some(Next::Open(program))
            }
            Move::Consult(intent) => {
                branch.stack.push(Frame::Loop(continuation));
                self.consult(index, *intent)
            }
        }
    }

    fn tell(&mut self, index: u32, body: EventBody) {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return };
        let position = Position { scope: Arc::clone(&branch.scope), ordinal: branch.ordinal };
        self.journal.told(Teller::Run, position, body, now);
    }

    /// Runs a program that answers an effect, numbered below the effect's own position.
    pub(super) fn answer_with(
        &mut self,
        index: u32,
        position: Position,
        effect: Effect,
        scope: Scope,
        program: Program,
    ) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(position.clone(), effect.clone(), now);
        let branch = self.branch(index)?;
        branch.stack.push(Frame::Answered(Box::new((position, effect))));
        branch.enter(scope);
        Some(Next::Open(program))
    }
}

/// The cancel that passes on, with what is known of a write that it ended.
fn interruption(outcome: Outcome) -> crate::fault::Fault {
    outcome.err().filter(crate::fault::Fault::is_cancel).unwrap_or_else(cancelled)
}
