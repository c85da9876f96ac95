//! The shared store keeps its promises against a real server: `.ci/postgres run` starts one, without it nothing is tested.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod laws;
mod loss;
mod meeting;
mod model;
mod names;
mod opening;
mod races;
mod relay;
#[path = "../support/mod.rs"]
mod shared;
mod support;
mod tampering;
mod texts;
mod tls;
