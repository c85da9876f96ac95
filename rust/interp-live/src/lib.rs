//! The live interpreter: answers from the world.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic"))]

mod attempt;
mod backoff;
mod body;
mod call;
mod client;
pub mod configured;
pub mod endpoint;
mod guard;
pub mod json;
mod key;
mod line;
mod live;
pub mod models;
mod output;
mod pause;
pub mod presets;
pub mod providers;
pub mod question;
pub mod route;
mod secrets;
pub mod settings;
pub mod sse;
mod throttle;
mod trouble;
mod veil;
mod wait;

pub use configured::Configured;
pub use endpoint::Endpoint;
pub use key::Key;
pub use live::{Alarm, Courier, Live};
pub use models::{Models, Post};
pub use route::route;
pub use secrets::Secrets;
