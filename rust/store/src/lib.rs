//! Stores that outlive the process: journals and state in SQLite and PostgreSQL, behind the trait of the core.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic"))]

mod behind;
pub mod fold;
mod medium;
mod open;
pub mod owner;
mod postgres;
pub mod seal;
mod sqlite;

pub use behind::Behind;
pub use medium::Medium;
pub use open::{open, place, shared};
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
