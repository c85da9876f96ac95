//! The pure core: programs, the machine that runs them, the gate, plans and approvals.
//!
//! No clock, no I/O, no threads and no host language: interpreters answer, drivers wait.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic"))]

pub mod agents;
pub mod approvals;
pub mod budget;
pub mod effects;
pub mod events;
pub mod fault;
pub mod journal;
pub mod json;
pub mod machine;
pub mod plans;
pub mod policy;
pub mod position;
pub mod references;
pub mod schema;
pub mod session;
pub mod specs;
pub mod store;
pub mod value;
