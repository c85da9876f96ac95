//! A branch: one line of execution with its stack, its numbering and what it waits for.

use std::sync::Arc;

use super::ask::AskId;
use super::frame::{Frame, Level};
use super::gate::Gated;
use super::program::Program;
use crate::effects::Effect;
use crate::position::{Position, Scope};
use crate::value::Outcome;

/// What a branch does when its turn comes.
pub(super) enum Next {
    Open(Program),
    Deliver(Outcome),
}

/// What a branch waits for.
pub(super) enum Waiting {
    Ready(Next),
    Running,
    Asked { position: Position, effect: Effect },
    /// The gate asked; the call itself is held here.
    Gated(Box<Gated>),
    Timer { timer: u64, asked: Option<Position> },
    Forked,
}

/// Why a branch unwinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// Until it ends.
    Whole,
    /// Until the frame of this timer.
    Timer(u64),
}

pub(super) struct Branch {
    pub parent: Option<(u32, usize)>,
    pub stack: Vec<Frame>,
    pub scope: Arc<Scope>,
    pub ordinal: u32,
    pub turn: u64,
    pub waiting: Waiting,
    pub interrupt: Option<Interrupt>,
    /// An interruption that waits until a cleanup or a write is over.
    pub deferred: Option<Interrupt>,
    pub cleaning: u32,
    pub queued: bool,
}

impl Branch {
    pub fn new(parent: Option<(u32, usize)>, scope: Arc<Scope>, program: Program) -> Self {
        Self {
            parent,
            stack: Vec::new(),
            scope,
            ordinal: 0,
            turn: 0,
            waiting: Waiting::Ready(Next::Open(program)),
            interrupt: None,
            deferred: None,
            cleaning: 0,
            queued: false,
        }
    }

    /// The next position of this branch.
    pub fn take_position(&mut self) -> Position {
        let ordinal = self.ordinal;
        self.ordinal = ordinal.saturating_add(1);
        Position { scope: Arc::clone(&self.scope), ordinal }
    }

    /// Numbers what follows within `scope`, until the frame that this pushes is left.
    pub fn enter(&mut self, scope: Scope) {
        let outer = std::mem::replace(&mut self.scope, Arc::new(scope));
        let ordinal = std::mem::replace(&mut self.ordinal, 0);
        self.stack.push(Frame::Leave(Box::new(Level { scope: outer, ordinal })));
    }

    pub fn leave(&mut self, level: Level) {
        self.scope = level.scope;
        self.ordinal = level.ordinal;
    }

    pub fn next_ask(&mut self, branch: u32) -> AskId {
        self.turn = self.turn.saturating_add(1);
        AskId { branch, turn: self.turn }
    }
}
