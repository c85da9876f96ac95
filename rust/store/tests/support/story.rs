//! A store with something of everything in it, half in the database and half in its log.

use flowai_core::store::{MemoryStore, Store};
use flowai_store::SqliteStore;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::Folder;
use super::changes::{batch, changes};

/// Writes so many batches; the same ones each time.
pub fn write(store: &mut dyn Store, model: &mut MemoryStore, runner: &mut TestRunner, count: usize) {
    for _ in 0..count {
        let batch = batch(model, &changes().new_tree(runner).unwrap().current());
        assert_eq!(store.commit(batch.clone()), model.commit(batch));
    }
}

/// A store that is open, so that its log is as long as it is.
pub fn told(folder: &Folder) -> (SqliteStore, MemoryStore) {
    let (mut model, mut runner) = (MemoryStore::default(), TestRunner::deterministic());
    let mut store = SqliteStore::open(&folder.file()).unwrap();
    write(&mut store, &mut model, &mut runner, 30);
    drop(store);
    let mut store = SqliteStore::open(&folder.file()).unwrap();
    write(&mut store, &mut model, &mut runner, 30);
    (store, model)
}
