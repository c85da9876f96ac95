//! A frame: what waits on a branch's stack for the outcome of what is above it.

use std::sync::Arc;

use super::fork::Fork;
use super::nested::Nested;
use super::program::{Attempts, Continuation, Handler, Program, Then};
use crate::effects::Effect;
use crate::position::{Position, Scope};
use crate::value::Outcome;

/// Kept small: a long chain of binds is a long list of these.
pub(super) enum Frame {
    Loop(Box<dyn Continuation>),
    Then(Box<dyn Then>),
    Catch(Box<dyn Handler>),
    Ensure(Nested),
    Cleaned(Box<Outcome>),
    Timeout(u64),
    Retry(Box<Retrying>),
    Fallback {
        rest: Box<std::vec::IntoIter<Program>>,
        tried: u32,
    },
    Fork(Box<Fork>),
    /// An effect that the machine answers by running a program.
    Answered(Box<(Position, Effect)>),
    Leave(Box<Level>),
}

/// The numbering to go back to.
pub(super) struct Level {
    pub scope: Arc<Scope>,
    pub ordinal: u32,
}

pub(super) struct Retrying {
    pub attempts: Box<dyn Attempts>,
    pub made: u32,
    pub outer: Arc<Scope>,
    pub ordinal: u32,
}
