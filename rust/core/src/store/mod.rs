//! Stores: where journals, threads, plans, approvals, and references are kept.

mod batch;
mod beside;
mod conformance;
mod damage;
mod erase;
mod error;
mod keys;
mod laws;
mod memory;
mod shelf;
mod sweep;
mod verify;

pub use batch::{Batch, Write};
pub use beside::{Beside, beside, check_beside};
pub use conformance::{Conformance, check_store};
pub use damage::Damage;
pub use error::StoreError;
pub use keys::{Fence, Head, HistoryKey, RunFilter, RunRow, RunStatus, StoredRecord, Versioned};
pub use laws::{LAWS, Law, Violation};
pub use memory::MemoryStore;
pub use shelf::{Herald, Store};
pub use verify::{chained, genesis, link, verify};

#[cfg(test)]
mod tests;
