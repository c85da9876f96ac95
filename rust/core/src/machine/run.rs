//! Running a branch: opening programs and delivering outcomes until it waits or ends.

use std::sync::Arc;

use super::branch::{Branch, Interrupt, Next, Waiting};
use super::fork::{Fork, Pending, Rule};
use super::frame::{Frame, Retrying};
use super::program::{Continuation, Items, Move, Program};
use super::timers::Alarm;
use super::{Machine, cancelled, null};
use crate::effects::Effect;
use crate::fault::{Fault, FaultKind};
use crate::journal::Teller;
use crate::position::{Position, Scope};
use crate::value::{Outcome, Value};

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
            Program::Host(host) => Some(host.open().map_or_else(|fault| Next::Deliver(Err(fault)), Next::Open)),
            Program::Bind(source, then) => {
                branch.stack.push(Frame::Then(then));
                Some(Next::Open(*source))
            }
            Program::Gather(programs) => self.fork(index, Rule::All, programs),
            Program::Race(programs) => self.fork(index, Rule::First, programs),
            Program::ForEach(items, limit) => self.fork_each(index, items, limit),
            Program::Timeout(program, wait_ms) => Some(self.limit_time(index, *program, wait_ms)),
            Program::Retry(attempts) => self.retry(index, attempts),
            Program::Fallback(programs) => Some(first_of(branch, programs)),
            Program::Catch(program, handler) => {
                enter(branch, 0);
                branch.stack.push(Frame::Catch(handler));
                Some(Next::Open(*program))
            }
            Program::Ensure(program, cleanup) => {
                enter(branch, 0);
                branch.stack.push(Frame::Ensure(cleanup));
                Some(Next::Open(*program))
            }
        }
    }

    /// Gives an outcome to what waits for it on the stack.
    fn deliver(&mut self, index: u32, outcome: Outcome) -> Option<Next> {
        let branch = self.branch(index)?;
        let Some(frame) = branch.stack.pop() else {
            self.finish(index, outcome);
            return None;
        };
        match frame {
            Frame::Loop(continuation) => self.drive(index, continuation, outcome),
            Frame::Then(then) => Some(match outcome {
                Ok(value) => opened(then.then(value)),
                Err(fault) => Next::Deliver(Err(fault)),
            }),
            Frame::Catch(handler) => Some(mended(handler, outcome)),
            Frame::Ensure(cleanup) => {
                branch.cleaning = branch.cleaning.saturating_add(1);
                branch.stack.push(Frame::Cleaned(Box::new(outcome)));
                Some(Next::Open(*cleanup))
            }
            Frame::Cleaned(kept) => Some(Next::Deliver(cleaned(branch, *kept, outcome))),
            Frame::Timeout(timer) => Some(self.timed(index, timer, outcome)),
            Frame::Retry(retrying) => self.attempted(index, retrying, outcome),
            Frame::Fallback(rest) => Some(next_of(branch, rest, outcome)),
            Frame::Answered(asked) => {
                let (position, effect) = *asked;
                let now = self.settings.now;
                self.journal.answered(&position, &effect, &outcome, None, now);
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
        }
    }

    pub(super) fn tell(&mut self, index: u32, body: crate::events::EventBody) {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return };
        let position = Position { scope: Arc::clone(&branch.scope), ordinal: branch.ordinal };
        self.journal.told(Teller::Run, position, body, now);
    }

    fn fork(&mut self, index: u32, rule: Rule, programs: Vec<Program>) -> Option<Next> {
        let branch = self.branch(index)?;
        if programs.is_empty() {
            return Some(Next::Deliver(empty(&rule)));
        }
        let ordinal = branch.take_position().ordinal;
        let parallel = programs.len() > 1;
        let mut fork = Fork::new(rule, programs.len(), ordinal, parallel);
        let scope = Arc::clone(&branch.scope);
        for (slot, program) in programs.into_iter().enumerate() {
            let child = self.start_child((index, slot), &scope, ordinal, parallel, program);
            fork.began(slot, child);
        }
        self.wait_for(index, fork);
        None
    }

    fn fork_each(&mut self, index: u32, items: Box<dyn Items>, limit: Option<usize>) -> Option<Next> {
        let branch = self.branch(index)?;
        let count = items.count();
        if count == 0 {
            return Some(Next::Deliver(empty(&Rule::All)));
        }
        let ordinal = branch.take_position().ordinal;
        let width = limit.unwrap_or(count).min(count).max(1);
        let mut fork = Fork::new(Rule::All, count, ordinal, width > 1);
        fork.pending = Some(Pending { items, next: 0 });
        self.wait_for(index, fork);
        for _ in 0..width {
            self.start_item(index);
        }
        None
    }

    fn wait_for(&mut self, index: u32, fork: Fork) {
        if let Some(branch) = self.branch(index) {
            branch.stack.push(Frame::Fork(Box::new(fork)));
            branch.waiting = Waiting::Forked;
        }
    }

    fn start_child(&mut self, parent: (u32, usize), scope: &Arc<Scope>, ordinal: u32, parallel: bool, program: Program) -> u32 {
        let place = u32::try_from(parent.1).unwrap_or(u32::MAX);
        let scope = Scope::enter(scope, ordinal, place).among_siblings(parallel);
        let mut branch = Branch::new(Some(parent), Arc::new(scope), program);
        branch.turn = self.turns;
        self.turns = self.turns.saturating_add(1 << 32);
        let child = self.add_branch(branch);
        self.queue(child);
        child
    }

    /// Begins the next item of the `for_each` that a branch waits for.
    pub(super) fn start_item(&mut self, parent: u32) {
        let Some(branch) = self.branch(parent) else { return };
        let scope = Arc::clone(&branch.scope);
        let Some(Frame::Fork(fork)) = branch.stack.last_mut() else { return };
        let Some((slot, program)) = fork.next_item() else { return };
        let (ordinal, parallel) = (fork.ordinal, fork.parallel);
        let child = self.start_child((parent, slot), &scope, ordinal, parallel, program.unwrap_or_else(Program::Fail));
        if let Some(Frame::Fork(fork)) = self.branch(parent).and_then(|branch| branch.stack.last_mut()) {
            fork.began(slot, child);
        }
    }

    /// A child of a fork ended.
    pub(super) fn child_finished(&mut self, parent: u32, slot: usize, outcome: Outcome) {
        let Some(branch) = self.branch(parent) else { return };
        let Some(Frame::Fork(fork)) = branch.stack.last_mut() else { return };
        let others = if fork.take(slot, outcome) { fork.children.iter().flatten().copied().collect() } else { Vec::new() };
        for child in others {
            self.interrupt(child, Interrupt::Whole);
        }
        self.start_item(parent);
        self.close_fork(parent);
    }

    /// Goes on once nothing of a fork runs any more.
    pub(super) fn close_fork(&mut self, parent: u32) {
        let Some(branch) = self.branch(parent) else { return };
        if !matches!(branch.waiting, Waiting::Forked) || !matches!(branch.stack.last(), Some(Frame::Fork(fork)) if fork.is_over()) {
            return;
        }
        if let Some(Frame::Fork(fork)) = branch.stack.pop() {
            let outcome = if branch.interrupt.is_some() { Err(cancelled()) } else { fork.outcome() };
            self.resume(parent, Next::Deliver(outcome));
        }
    }

    fn limit_time(&mut self, index: u32, program: Program, wait_ms: i64) -> Next {
        let timer = self.timers.add(self.settings.now.saturating_add(wait_ms), Alarm::Timeout(index));
        if let Some(branch) = self.branch(index) {
            enter(branch, 0);
            branch.stack.push(Frame::Timeout(timer));
        }
        Next::Open(program)
    }

    /// The body of a `timeout` ended, by itself or because its time was over.
    fn timed(&mut self, index: u32, timer: u64, outcome: Outcome) -> Next {
        self.timers.remove(timer);
        let Some(branch) = self.branch(index) else { return Next::Deliver(outcome) };
        if branch.interrupt == Some(Interrupt::Timer(timer)) {
            branch.interrupt = None;
            return Next::Deliver(Err(Fault::new(FaultKind::TimedOut, "the time limit passed")));
        }
        Next::Deliver(outcome)
    }

    fn retry(&mut self, index: u32, attempts: Box<dyn super::program::Attempts>) -> Option<Next> {
        let branch = self.branch(index)?;
        let position = branch.take_position();
        let retrying = Retrying { attempts, made: 0, outer: position.scope, ordinal: position.ordinal };
        Some(attempt(branch, Box::new(retrying)))
    }

    fn attempted(&mut self, index: u32, mut retrying: Box<Retrying>, outcome: Outcome) -> Option<Next> {
        let now = self.settings.now;
        let branch = self.branch(index)?;
        let ended = match &outcome {
            Err(fault) if !fault.is_cancel() && branch.interrupt.is_none() => retrying.made >= retrying.attempts.count(),
            _ => true,
        };
        let wait = match &outcome {
            Err(fault) if !ended => retrying.attempts.wait_ms(retrying.made, fault),
            _ => None,
        };
        let Some(wait_ms) = wait else { return Some(Next::Deliver(outcome)) };
        if let Some(Frame::Leave(level)) = branch.stack.pop() {
            branch.leave(*level);
        }
        let next = attempt_again(branch, &mut retrying);
        branch.stack.push(Frame::Retry(retrying));
        if wait_ms <= 0 {
            return Some(next);
        }
        if let Next::Open(program) = next {
            branch.stack.push(Frame::Then(Box::new(Fixed(program))));
        }
        let timer = self.timers.add(now.saturating_add(wait_ms), Alarm::Wake(index));
        if let Some(branch) = self.branch(index) {
            branch.waiting = Waiting::Timer { timer, asked: None };
        }
        None
    }

    /// Runs a program that answers an effect, numbered below the effect's own position.
    pub(super) fn answer_with(&mut self, index: u32, position: Position, effect: Effect, scope: Scope, program: Program) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(position.clone(), effect.clone(), now);
        let branch = self.branch(index)?;
        branch.stack.push(Frame::Answered(Box::new((position, effect))));
        branch.enter(scope);
        Some(Next::Open(program))
    }
}

/// What a wait is followed by.
struct Fixed(Program);

impl super::program::Then for Fixed {
    fn then(self: Box<Self>, _: Value) -> Result<Program, Fault> {
        Ok(self.0)
    }
}

fn opened(program: Result<Program, Fault>) -> Next {
    program.map_or_else(|fault| Next::Deliver(Err(fault)), Next::Open)
}

fn empty(rule: &Rule) -> Outcome {
    match rule {
        Rule::All => Ok(Value::List(Arc::from(Vec::new()))),
        Rule::First => Err(Fault::new(FaultKind::ProgramError, "`race` needs at least one program")),
    }
}

/// Numbers what follows as branch `branch_number` of one ordinal.
fn enter(branch: &mut Branch, branch_number: u32) {
    let position = branch.take_position();
    let scope = Scope::enter(&position.scope, position.ordinal, branch_number);
    branch.enter(scope);
}

fn mended(handler: Box<dyn super::program::Handler>, outcome: Outcome) -> Next {
    match outcome {
        Err(fault) if !fault.is_cancel() => match handler.handle(&fault) {
            Some(program) => opened(program),
            None => Next::Deliver(Err(fault)),
        },
        outcome => Next::Deliver(outcome),
    }
}

/// After a cleanup: its own fault wins, then an interruption that waited for it, then what was there before.
fn cleaned(branch: &mut Branch, kept: Outcome, outcome: Outcome) -> Outcome {
    branch.cleaning = branch.cleaning.saturating_sub(1);
    if branch.cleaning == 0
        && let Some(interrupt) = branch.deferred.take()
    {
        branch.interrupt = Some(interrupt);
        return Err(cancelled());
    }
    outcome.and(kept)
}

fn first_of(branch: &mut Branch, programs: Vec<Program>) -> Next {
    enter(branch, 0);
    let mut rest = programs.into_iter();
    let Some(first) = rest.next() else {
        return Next::Deliver(Err(Fault::new(FaultKind::ProgramError, "`fallback` needs at least one program")));
    };
    branch.stack.push(Frame::Fallback(Box::new(rest)));
    Next::Open(first)
}

fn next_of(branch: &mut Branch, mut rest: Box<std::vec::IntoIter<Program>>, outcome: Outcome) -> Next {
    match outcome {
        Err(fault) if !fault.is_cancel() && branch.interrupt.is_none() => match rest.next() {
            Some(program) => {
                branch.stack.push(Frame::Fallback(rest));
                Next::Open(program)
            }
            None => Next::Deliver(Err(fault)),
        },
        outcome => Next::Deliver(outcome),
    }
}

fn attempt(branch: &mut Branch, mut retrying: Box<Retrying>) -> Next {
    let next = attempt_again(branch, &mut retrying);
    branch.stack.push(Frame::Retry(retrying));
    next
}

fn attempt_again(branch: &mut Branch, retrying: &mut Retrying) -> Next {
    let scope = Scope::enter(&retrying.outer, retrying.ordinal, 0).of_attempt(retrying.made);
    branch.enter(scope);
    retrying.made = retrying.made.saturating_add(1);
    opened(retrying.attempts.make())
}
