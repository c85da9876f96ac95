//! A program: a value that describes what to do, opened by the machine one layer at a time.

use std::sync::Arc;

use serde_json::Value as Json;

use super::nested::Nested;
use crate::effects::{Effect, Tool};
use crate::events::EventBody;
use crate::fault::Fault;
use crate::policy::Resolved;
use crate::value::{Outcome, Value};

/// What to do, as data; nothing has begun.
pub enum Program {
    /// A value, no question asked.
    Pure(Value),
    /// A fault, no question asked.
    Fail(Fault),
    /// One question.
    Ask(Effect),
    /// A loop that is resumed with each answer.
    Loop(Box<dyn Continuation>),
    /// A program of the host, opened when its turn comes.
    Host(Box<dyn Open>),
    /// A program and what follows from its value.
    Bind(Nested, Box<dyn Then>),
    /// All at the same time; the values in order.
    Gather(Vec<Program>),
    /// One program an item, at most `limit` at the same time; the values in order.
    ForEach(Box<dyn Items>, Option<usize>),
    /// The first to end decides; the rest is cancelled.
    Race(Vec<Program>),
    /// At most so many milliseconds.
    Timeout(Nested, i64),
    /// Again after a fault.
    Retry(Box<dyn Attempts>),
    /// The next one after a fault.
    Fallback(Vec<Program>),
    /// A program and what to do about its fault.
    Catch(Nested, Box<dyn Handler>),
    /// A program and what runs exactly once after it, whatever became of it.
    Ensure(Nested, Nested),
}

/// What a loop does next; after `Ask` and `Call` it is resumed with the answer.
pub enum Move {
    /// Ask one question.
    Ask(Effect),
    /// Run a program and go on with its value.
    Call(Program),
    /// Pass the gate, where a rule closes it, and go on with the arguments as approved.
    Consult(Box<Intent>),
    /// Done.
    Return(Value),
    /// Failed.
    Raise(Fault),
}

/// What a native loop is about to do itself, where a rule may ask a human first.
pub struct Intent {
    /// The built-in tool by which policies name it.
    pub tool: Arc<Tool>,
    /// With what.
    pub arguments: Json,
    /// The agent whose loop it is.
    pub agent: Arc<str>,
    /// What decides whether a human is asked.
    pub policy: Arc<Resolved>,
}

/// A loop that owns its state: a generator of the host, or an agent loop.
pub trait Continuation: Send {
    /// Goes on with an answer; the first call carries null.
    fn resume(&mut self, outcome: Outcome, told: &mut Vec<EventBody>) -> Move;
}

/// A program of the host.
pub trait Open: Send {
    /// One layer of it.
    ///
    /// # Errors
    /// What the host raised while making it.
    fn open(self: Box<Self>) -> Result<Program, Fault>;
}

/// What follows from a value.
pub trait Then: Send {
    /// The program that follows.
    ///
    /// # Errors
    /// What the host raised while making it.
    fn then(self: Box<Self>, value: Value) -> Result<Program, Fault>;
}

/// What to do about a fault.
pub trait Handler: Send {
    /// The program that mends it, or none when this fault is not for this handler.
    fn handle(self: Box<Self>, fault: &Fault) -> Option<Result<Program, Fault>>;
}

/// The items of a `for_each`.
pub trait Items: Send {
    /// How many there are.
    fn count(&self) -> usize;
    /// The program for one of them.
    ///
    /// # Errors
    /// What the host raised while making it.
    fn make(&mut self, index: usize) -> Result<Program, Fault>;
}

/// The attempts of a `retry`.
pub trait Attempts: Send {
    /// How many attempts there may be in all.
    fn count(&self) -> u32;
    /// A fresh copy of the program.
    ///
    /// # Errors
    /// What the host raised while making it.
    fn make(&mut self) -> Result<Program, Fault>;
    /// How long to wait before attempt `attempt` (from 1), or none when this fault ends it.
    fn wait_ms(&self, attempt: u32, fault: &Fault) -> Option<i64>;
}
