//! The wire: real sockets, a made-up API, and a server that does everything wrong that a server can.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod answers;
mod asking;
mod faults;
mod limits;
mod plain;
mod retries;
mod rudeness;
mod secrets;
mod server;
mod tls;
