//! The eval interpreter: records what another one answers, and replays it without touching the world.

mod compare;
mod recording;
mod replay;

pub use recording::{Entry, Failure, Outcome, Recording, Revive, Schedule, VERSION};
pub use replay::Replay;
