//! The agents: native programs for the four roles, built of the same effects as anyone's.

mod again;
mod agent;
mod built_in;
mod compile;
mod conversation;
mod execution;
mod outcome;
mod planning;
mod reply;
mod shown_plan;
mod spill;
mod step;
mod summary;
mod turn;
mod undo;

pub use again::again;
pub use agent::Agent;
pub use compile::{HostTools, compile};
pub use undo::undo;
