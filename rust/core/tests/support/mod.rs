//! What the core's tests run programs with.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod bench;
pub mod life;
pub mod programs;
pub mod recipe;
pub mod simulated;
pub mod stage;
