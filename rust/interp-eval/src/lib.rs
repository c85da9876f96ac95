//! The eval interpreter: records what another one answers, and replays it without touching the world.

mod adopted;
mod compare;
mod doubt;
mod inert;
mod keeping;
mod recording;
mod replay;
pub mod score;
mod tape;

pub use inert::{Inert, Writes, Written};
pub use recording::{Entry, Failure, Outcome, Parent, Recording, Revive, Schedule, VERSION};
pub use replay::Replay;
