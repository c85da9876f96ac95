//! A branch: one line of execution with its stack, its numbering and what it waits for.

use std::sync::Arc;

use super::ask::AskId;
use super::frame::{Frame, Level};
use super::gate::{Clearance, Gated};
use super::program::Program;
use super::unwind::{Pull, Regions};
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
    Asked {
        position: Position,
        effect: Effect,
    },
    /// The gate asked; the call itself is held here.
    Gated(Box<Gated>),
    /// The wait before an attempt, or a sleep with its place and length.
    Timer {
        timer: u64,
        asked: Option<(Position, i64)>,
    },
    Forked,
    /// The purse has nothing to spare until a call comes back.
    Purse(Box<Queued>),
}

/// An effect that waits for the purse.
pub(super) struct Queued {
    pub position: Position,
    pub effect: Effect,
    pub clearance: Option<Clearance>,
}

pub(super) struct Branch {
    pub parent: Option<(u32, usize)>,
    pub stack: Vec<Frame>,
    pub scope: Arc<Scope>,
    pub ordinal: u32,
    pub turn: u64,
    pub waiting: Waiting,
    pub regions: Regions,
    /// The timer of a write that was interrupted while it was in flight.
    pub grace: Option<u64>,
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
            regions: Regions::default(),
            grace: None,
            queued: false,
        }
    }

    /// Where the next frame goes, counted from 1.
    pub fn height(&self) -> usize {
        self.stack.len().saturating_add(1)
    }

    /// Takes the topmost frame, with what an interruption means for it.
    pub fn pop(&mut self) -> Option<(Frame, Pull)> {
        let frame = self.stack.pop()?;
        let pull = self.regions.leave(self.height(), matches!(frame, Frame::Timeout(_)));
        Some((frame, pull))
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

    /// Numbers what follows as branch `branch` of the combinator that was entered last, so that a
    /// position does not tell how far another branch of it came.
    pub fn enter_beside(&mut self, branch: u32) {
        self.scope = Arc::new(self.scope.beside(branch));
        self.ordinal = 0;
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
