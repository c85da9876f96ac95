//! The test interpreter: answers from a script, with a virtual clock, seeds and faults.

mod fault;
mod script;
mod test;
mod turn;

pub use fault::{Trouble, Troubles};
pub use script::Script;
pub use test::{Test, TestSettings};
pub use turn::{Turn, TurnError};
