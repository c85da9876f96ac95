//! A medium: a store whose batches become durable in groups.

use flowai_core::store::{Batch, Store, StoreError};

/// A store on disk, or behind a connection. What it has taken, it keeps.
///
/// # Laws
/// - A batch is durable when `commit`, or `commit_group`, has said so, and what came before it is durable too.
/// - A batch of a group that is refused leaves nothing behind and does not hold the others up.
/// - Of a batch that failed with the medium either nothing is there, or all of it: whoever reads again knows.
pub trait Medium: Store {
    /// Makes several batches durable at once, each whole or not at all; says what became of each.
    fn commit_group(&mut self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>>;
}
