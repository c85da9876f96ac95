//! The agents: native programs for the four roles, built of the same effects as anyone's.

mod agent;
mod built_in;
mod compile;
mod conversation;
mod execution;
mod outcome;
mod planning;
mod reply;
mod step;
mod turn;

pub use agent::Agent;
pub use compile::{HostTools, compile};
