//! The stores on disk keep the laws, and what they keep is there when they are opened again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use std::path::PathBuf;

use flowai_core::store::check_store;
use flowai_store::{Behind, SqliteStore};
use support::Folder;

#[test]
fn the_embedded_store_keeps_every_law() {
    let mut folders = Vec::new();
    let conformance = check_store(|| SqliteStore::open(&folder(&mut folders)).unwrap());
    assert!(conformance.is_kept(), "{conformance}");
}

#[test]
fn a_store_that_writes_behind_keeps_every_law() {
    let mut folders = Vec::new();
    let conformance = check_store(|| {
        let store = SqliteStore::open(&folder(&mut folders)).unwrap();
        let reader = store.reader().unwrap();
        Behind::new(Box::new(store), Box::new(reader)).unwrap()
    });
    assert!(conformance.is_kept(), "{conformance}");
}

/// The file of a store in a new folder, which goes away with the others.
fn folder(folders: &mut Vec<Folder>) -> PathBuf {
    folders.push(Folder::new());
    folders.last().unwrap().file()
}

#[test]
fn a_store_is_opened_by_its_address() {
    let folder = Folder::new();
    let store = flowai_store::open(&format!("sqlite:///{}", folder.file().display())).unwrap();
    assert!(store.is_durable());
    for bad in ["sqlite://", "sqlite:///", "sqlite://host/file", "runs.db", "sqlite:///no/such/folder/runs.db"] {
        let fault = flowai_store::open(bad).err().unwrap();
        assert!(matches!(fault, flowai_core::store::StoreError::Foreign { .. }), "{bad}: {fault}");
    }
}
