//! Writing behind: what is visible, what is durable, and who hears of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use flowai_core::store::{Batch, Herald, Store, StoreError, Write};
use flowai_store::{Behind, Medium, SqliteStore};
use serde_json::json;
use support::Folder;

fn append(run_id: &str, after: u64) -> Batch {
    let [tenant, run_id] = ["a", run_id].map(str::to_owned);
    Batch::new().with(Write::Append { tenant, run_id, after, records: vec![json!(after)] })
}

fn herald() -> (Herald, Receiver<Result<(), StoreError>>) {
    let (tell, told) = channel();
    (Box::new(move |outcome| drop(tell.send(outcome))), told)
}

/// A medium that tells which groups it was given, and takes each only when it may.
struct Gated {
    store: SqliteStore,
    groups: Sender<usize>,
    may: Receiver<Result<(), StoreError>>,
}

/// Everything but groups goes straight to the store.
macro_rules! pass {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $kind),*) -> Result<$answer, StoreError> { self.store.$name($($argument),*) })*
    };
}

impl Store for Gated {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.commit_group(vec![batch]).pop().unwrap()
    }

    pass! {
        journal(tenant: &str, run_id: &str, after: u64) -> Vec<flowai_core::store::StoredRecord>;
        head(tenant: &str, run_id: &str) -> flowai_core::store::Head;
        run(tenant: &str, run_id: &str) -> Option<flowai_core::store::Versioned<flowai_core::store::RunRow>>;
        runs(filter: &flowai_core::store::RunFilter) -> Vec<flowai_core::store::Versioned<flowai_core::store::RunRow>>;
        content(tenant: &str, digest: &flowai_core::json::Digest) -> Option<serde_json::Value>;
        history(key: &flowai_core::store::HistoryKey) -> Vec<serde_json::Value>;
        plan(tenant: &str, id: &str) -> Option<flowai_core::store::Versioned<flowai_core::plans::PlanInstance>>;
        current_plan(tenant: &str, thread: &str, plan: Option<&str>) -> Option<String>;
        approval(tenant: &str, id: &str) -> Option<flowai_core::store::Versioned<flowai_core::approvals::Approval>>;
        pending_approvals(tenant: &str, thread: Option<&str>)
            -> Vec<flowai_core::store::Versioned<flowai_core::approvals::Approval>>;
        spending(tenant: &str, thread: &str) -> Option<flowai_core::store::Versioned<flowai_core::budget::Spent>>;
        reference(tenant: &str, handle: &flowai_core::references::Handle) -> Option<flowai_core::references::Entry>;
    }

    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError> {
        self.store.renew(owner, until)
    }

    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        self.store.erase_thread(tenant, thread)
    }

    fn sweep(&mut self, before: i64, pinned: &[flowai_core::references::Handle]) -> Result<usize, StoreError> {
        self.store.sweep(before, pinned)
    }

    fn tend(&mut self, now: i64) -> Result<(), StoreError> {
        self.store.tend(now)
    }
}

impl Medium for Gated {
    fn commit_group(&mut self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        let count = batches.len();
        let _ = self.groups.send(count);
        match self.may.recv().unwrap_or(Ok(())) {
            Ok(()) => self.store.commit_group(batches),
            Err(fault) => vec![Err(fault); count],
        }
    }
}

/// A store whose disk takes what it is given when the test says so.
fn gated(folder: &Folder) -> (Behind, Receiver<usize>, Sender<Result<(), StoreError>>) {
    let store = SqliteStore::open(&folder.file()).unwrap();
    let reader = store.reader().unwrap();
    let ((groups, given), (allow, may)) = (channel(), channel());
    let store = Behind::new(Box::new(Gated { store, groups, may }), Box::new(reader)).unwrap();
    (store, given, allow)
}

#[test]
fn what_was_submitted_is_visible_before_it_is_durable_and_nobody_hears_too_early() {
    let folder = Folder::new();
    let (mut store, given, allow) = gated(&folder);
    let (herald, told) = herald();
    store.stage("r", append("r", 0)).unwrap();
    store.submit("r", append("r", 1), herald);
    assert_eq!(given.recv(), Ok(1), "what was staged is in one batch with what was submitted");
    assert_eq!(store.journal("a", "r", 0).unwrap().len(), 2);
    assert!(told.try_recv().is_err());
    assert_eq!(SqliteStore::open(&folder.file()).unwrap().journal("a", "r", 0), Ok(vec![]));
    allow.send(Ok(())).unwrap();
    assert_eq!(told.recv(), Ok(Ok(())));
    assert_eq!(SqliteStore::open(&folder.file()).unwrap().verified("a", "r").unwrap().len(), 2);
}

#[test]
fn what_waits_for_the_disk_becomes_durable_as_one_group() {
    let folder = Folder::new();
    let (mut store, given, allow) = gated(&folder);
    let heralds: Vec<_> = (0..9).map(|_| herald()).collect();
    let told: Vec<_> = heralds
        .into_iter()
        .enumerate()
        .map(|(index, (herald, told))| {
            store.submit("r", append(&format!("r{index}"), 0), herald);
            told
        })
        .collect();
    (0..9).for_each(|_| drop(allow.send(Ok(()))));
    assert!(told.iter().all(|told| told.recv() == Ok(Ok(()))));
    let groups: Vec<usize> = given.try_iter().collect();
    assert!(groups.len() <= 2 && groups.iter().sum::<usize>() == 9, "{groups:?}");
}

#[test]
fn what_builds_on_a_refused_batch_is_refused_and_nothing_of_either_is_visible() {
    let folder = Folder::new();
    let (mut store, given, allow) = gated(&folder);
    let ((one, told_one), (two, told_two)) = (herald(), herald());
    store.submit("r", append("r", 0), one);
    assert_eq!(given.recv(), Ok(1));
    store.submit("r", append("r", 1), two);
    let full = StoreError::Medium { message: "the disk is full".to_owned() };
    allow.send(Err(full.clone())).unwrap();
    allow.send(Ok(())).unwrap();
    assert_eq!(told_one.recv(), Ok(Err(full)));
    assert!(matches!(told_two.recv(), Ok(Err(StoreError::Stale { expected: 1, actual: 0, .. }))));
    assert_eq!(store.journal("a", "r", 0), Ok(vec![]));
    allow.send(Ok(())).unwrap();
    assert_eq!(store.commit(append("r", 0)), Ok(()));
}

#[test]
fn what_another_process_wrote_first_is_not_overwritten() {
    let folder = Folder::new();
    let (mut store, given, allow) = gated(&folder);
    let (herald, told) = herald();
    store.submit("r", append("r", 0), herald);
    assert_eq!(given.recv(), Ok(1));
    let mut other = SqliteStore::open(&folder.file()).unwrap();
    let before = store.changes().unwrap();
    other.commit(append("r", 0).with(Write::Content { tenant: "a".to_owned(), body: json!(1) })).unwrap();
    assert_ne!(store.changes().unwrap(), before, "nobody noticed the other process");
    allow.send(Ok(())).unwrap();
    assert!(matches!(told.recv(), Ok(Err(StoreError::Stale { expected: 0, actual: 1, .. }))));
    let noticed = store.changes().unwrap();
    allow.send(Ok(())).unwrap();
    store.commit(append("r", 1)).unwrap();
    assert_eq!(store.changes().unwrap(), noticed, "the store took itself for another process");
    assert_eq!(store.verified("a", "r").unwrap().len(), 2);
    assert_eq!(other.verified("a", "r").unwrap().len(), 2);
}

#[test]
fn what_was_staged_and_abandoned_was_never_there() {
    let folder = Folder::new();
    let mut store = flowai_store::open(&format!("sqlite:///{}", folder.file().display())).unwrap();
    store.stage("r", append("r", 0)).unwrap();
    store.abandon("r");
    assert_eq!(store.journal("a", "r", 0), Ok(vec![]));
    store.commit(append("r", 0)).unwrap();
    store.stage("s", append("s", 0)).unwrap();
    drop(store);
    let store = SqliteStore::open(&folder.file()).unwrap();
    assert_eq!(store.journal("a", "r", 0).unwrap().len(), 1);
    assert_eq!(store.journal("a", "s", 0), Ok(vec![]), "what was only staged outlived its process");
}

#[test]
fn what_was_queued_is_durable_when_the_store_is_dropped() {
    let folder = Folder::new();
    let mut store = flowai_store::open(&format!("sqlite:///{}", folder.file().display())).unwrap();
    let told: Vec<_> = (0..50)
        .map(|index| {
            let (herald, told) = herald();
            store.submit("r", append("r", index), herald);
            told
        })
        .collect();
    drop(store);
    assert!(told.iter().all(|told| told.try_recv() == Ok(Ok(()))));
    assert_eq!(SqliteStore::open(&folder.file()).unwrap().verified("a", "r").unwrap().len(), 50);
}

#[test]
fn a_herald_may_use_the_store_and_even_drop_it() {
    let folder = Folder::new();
    let store = flowai_store::open(&format!("sqlite:///{}", folder.file().display())).unwrap();
    let shared = Arc::new(Mutex::new(Some(store)));
    let (tell, told) = channel();
    let theirs = Arc::clone(&shared);
    let herald: Herald = Box::new(move |outcome| {
        let mut store = theirs.lock().unwrap();
        let seen = store.as_ref().map(|store| store.journal("a", "r", 0).unwrap().len());
        drop(store.take());
        tell.send((outcome, seen)).unwrap();
    });
    shared.lock().unwrap().as_mut().unwrap().submit("r", append("r", 0), herald);
    assert_eq!(told.recv(), Ok((Ok(()), Some(1))));
}

#[test]
fn a_refused_batch_is_told_by_somebody_who_holds_no_lock() {
    let folder = Folder::new();
    let store = flowai_store::open(&format!("sqlite:///{}", folder.file().display())).unwrap();
    let shared = Arc::new(Mutex::new(store));
    let (tell, told) = channel();
    let theirs = Arc::clone(&shared);
    let herald: Herald = Box::new(move |outcome| {
        let _held = theirs.lock().unwrap();
        tell.send(outcome).unwrap();
    });
    shared.lock().unwrap().submit("r", append("r", 7), herald);
    assert!(matches!(told.recv(), Ok(Err(StoreError::Stale { expected: 7, actual: 0, .. }))));
}

#[test]
fn a_herald_that_panics_does_not_end_the_writer() {
    let folder = Folder::new();
    let mut store = flowai_store::open(&format!("sqlite:///{}", folder.file().display())).unwrap();
    store.submit("r", append("r", 0), Box::new(|_| panic!("on purpose")));
    assert_eq!(store.commit(append("r", 1)), Ok(()));
}

#[test]
fn a_head_that_has_grown_is_written_anew_and_who_has_the_old_one_open_goes_on() {
    let folder = Folder::new();
    let mut one = SqliteStore::open(&folder.file()).unwrap();
    let mut other = SqliteStore::open(&folder.file()).unwrap();
    one.commit(append("r", 0)).unwrap();
    let content = |number: usize| Write::Content { tenant: "a".to_owned(), body: json!(number) };
    let mut length = 0;
    for group in 0..6 {
        let writes = (0..4_000).map(|number| content(group * 4_000 + number));
        one.commit(writes.fold(append("s", u64::try_from(group).unwrap()), Batch::with)).unwrap();
        length = length.max(std::fs::metadata(folder.head()).unwrap().len());
    }
    assert!(std::fs::metadata(folder.head()).unwrap().len() < length, "the head was never written anew");
    assert_eq!(other.verified("a", "s").unwrap().len(), 6);
    other.commit(append("r", 1)).unwrap();
    one.commit(append("r", 2)).unwrap();
    drop((one, other));
    let store = SqliteStore::open(&folder.file()).unwrap();
    assert_eq!([store.verified("a", "r").unwrap().len(), store.verified("a", "s").unwrap().len()], [3, 6]);
}
