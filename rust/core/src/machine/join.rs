//! Forking and joining: branches that run at the same time, and the one that waits for them.

use std::sync::Arc;

use super::branch::{Branch, Next, Waiting};
use super::fork::{Fork, Pending, Rule};
use super::frame::Frame;
use super::program::{Items, Program};
use super::unwind::Pull;
use super::{Machine, cancelled};
use crate::fault::{Fault, FaultKind};
use crate::position::Scope;
use crate::value::{Outcome, Value};

impl Machine {
    pub(super) fn fork(&mut self, index: u32, rule: Rule, programs: Vec<Program>) -> Option<Next> {
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

    pub(super) fn fork_each(&mut self, index: u32, items: Box<dyn Items>, limit: Option<usize>) -> Option<Next> {
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

    fn start_child(
        &mut self,
        parent: (u32, usize),
        scope: &Arc<Scope>,
        ordinal: u32,
        parallel: bool,
        program: Program,
    ) -> u32 {
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
    fn start_item(&mut self, parent: u32) {
        let Some(branch) = self.branch(parent) else { return };
        let scope = Arc::clone(&branch.scope);
        let Some(Frame::Fork(fork)) = branch.stack.last_mut() else { return };
        let Some((slot, program)) = fork.next_item() else { return };
        let (ordinal, parallel) = (fork.ordinal, fork.parallel);
        let program = program.unwrap_or_else(Program::Fail);
        let child = self.start_child((parent, slot), &scope, ordinal, parallel, program);
        if let Some(Frame::Fork(fork)) = self.branch(parent).and_then(|branch| branch.stack.last_mut()) {
            fork.began(slot, child);
        }
    }

    /// A child of a fork ended.
    pub(super) fn child_finished(&mut self, parent: u32, slot: usize, outcome: Outcome) {
        let Some(branch) = self.branch(parent) else { return };
        let Some(Frame::Fork(fork)) = branch.stack.last_mut() else { return };
        let decides = fork.take(slot, outcome);
        let others: Vec<u32> = if decides { fork.children.iter().flatten().copied().collect() } else { Vec::new() };
        for child in others {
            self.interrupt(child, 0);
        }
        self.start_item(parent);
        self.close_fork(parent);
    }

    /// Goes on once nothing of a fork runs any more.
    pub(super) fn close_fork(&mut self, parent: u32) {
        let Some(branch) = self.branch(parent) else { return };
        let is_over = matches!(branch.stack.last(), Some(Frame::Fork(fork)) if fork.is_over());
        if !is_over || !matches!(branch.waiting, Waiting::Forked) {
            return;
        }
        if let Some((Frame::Fork(fork), pull)) = branch.pop() {
            let outcome = if pull == Pull::Free { fork.outcome() } else { Err(cancelled()) };
            self.resume(parent, Next::Deliver(outcome));
        }
    }
}

fn empty(rule: &Rule) -> Outcome {
    match rule {
        Rule::All => Ok(Value::List(Arc::from(Vec::new()))),
        Rule::First => Err(Fault::new(FaultKind::ProgramError, "`race` needs at least one program")),
    }
}
