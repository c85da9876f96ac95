//! Stores: where journals, threads, plans, approvals, and references are kept.

mod batch;
mod error;
mod keys;
mod laws;
mod memory;
mod shelf;
mod verify;

pub use batch::{Batch, Write};
pub use error::StoreError;
pub use keys::{Head, HistoryKey, RunRow, RunStatus, StoredRecord, Versioned};
pub use laws::{LAWS, Law, Violation};
pub use memory::MemoryStore;
pub use shelf::Store;
pub use verify::{genesis, link, verify};

#[cfg(test)]
mod tests;
