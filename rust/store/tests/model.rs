//! The stores on disk do what the store in memory does, whatever is written to them and however often they are opened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use std::sync::mpsc;

use flowai_core::store::{Batch, MemoryStore, Store, StoreError};
use flowai_store::{Behind, SqliteStore};
use proptest::prelude::*;
use support::Folder;
use support::changes::{Change, batch, changes};
use support::seen::seen;

/// One step of a story.
#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Change>),
    Stage(Vec<Change>),
    Submit(Vec<Change>),
    Abandon,
    Renew(i64),
    Sweep(i64),
    Erase(bool),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => changes().prop_map(Step::Commit),
        4 => changes().prop_map(Step::Stage),
        4 => changes().prop_map(Step::Submit),
        1 => Just(Step::Abandon),
        1 => (0..100_i64).prop_map(Step::Renew),
        1 => prop_oneof![0..200_i64, Just(31 * 24 * 60 * 60 * 1_000)].prop_map(Step::Sweep),
        1 => any::<bool>().prop_map(Step::Erase),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

fn cases() -> ProptestConfig {
    let cases = u32::try_from(support::often(24, 1_000)).unwrap();
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What is durable, and what is staged over it.
#[derive(Default)]
struct Model {
    durable: MemoryStore,
    staged: Batch,
}

impl Model {
    fn visible(&self) -> MemoryStore {
        let mut store = self.durable.clone();
        store.commit(self.staged.clone()).unwrap();
        store
    }

    fn stage(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.visible().commit(batch.clone())?;
        self.staged = std::mem::take(&mut self.staged).then(batch);
        Ok(())
    }

    fn submit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let whole = std::mem::take(&mut self.staged);
        let mut visible = self.durable.clone();
        visible.commit(whole.clone()).unwrap();
        visible.commit(batch.clone())?;
        self.durable.commit(whole.then(batch))
    }

    /// Where something is staged, what touches the medium alone is another story.
    fn is_idle(&self) -> bool {
        self.staged.writes.is_empty()
    }
}

fn submitted(store: &mut dyn Store, batch: Batch) -> Result<(), StoreError> {
    let (tell, told) = mpsc::channel();
    store.submit("run", batch, Box::new(move |outcome| drop(tell.send(outcome))));
    told.recv().unwrap()
}

/// Does one step in both; tells whether the store has to be opened anew.
fn step(model: &mut Model, store: &mut dyn Store, step: Step, stages: bool) -> bool {
    let idle = model.is_idle();
    match step {
        Step::Commit(changes) if idle => {
            let batch = batch(&model.durable, &changes);
            assert_eq!(store.commit(batch.clone()), model.durable.commit(batch));
        }
        Step::Stage(changes) if stages => {
            let batch = batch(&model.visible(), &changes);
            assert_eq!(store.stage("run", batch.clone()), model.stage(batch));
        }
        Step::Submit(changes) if stages => {
            let batch = batch(&model.visible(), &changes);
            assert_eq!(submitted(store, batch.clone()), model.submit(batch));
        }
        Step::Abandon if stages => {
            model.staged = Batch::new();
            store.abandon("run");
        }
        Step::Renew(until) if idle => {
            assert_eq!(store.renew("me", until), model.durable.renew("me", until));
        }
        Step::Sweep(before) if idle => {
            assert_eq!(store.sweep(before, &[]), model.durable.sweep(before, &[]));
        }
        Step::Erase(first) if idle => {
            let thread = if first { "t" } else { "u" };
            assert_eq!(store.erase_thread("a", thread), model.durable.erase_thread("a", thread));
        }
        Step::Reopen => return true,
        _ => {}
    }
    false
}

fn behind(folder: &Folder) -> Box<dyn Store> {
    let store = SqliteStore::open(&folder.file()).unwrap();
    let reader = store.reader().unwrap();
    Box::new(Behind::new(Box::new(store), Box::new(reader)).unwrap())
}

fn alone(folder: &Folder) -> Box<dyn Store> {
    Box::new(SqliteStore::open(&folder.file()).unwrap())
}

fn story(steps: Vec<Step>, open: fn(&Folder) -> Box<dyn Store>, stages: bool) {
    let folder = Folder::new();
    let (mut model, mut store) = (Model::default(), open(&folder));
    for one in steps {
        if step(&mut model, &mut *store, one, stages) {
            // What was staged is gone with its process.
            model.staged = Batch::new();
            drop(store);
            store = open(&folder);
        }
        assert_eq!(seen(&*store), seen(&model.visible()));
    }
    drop(store);
    let store = open(&folder);
    assert_eq!(seen(&*store), seen(&model.durable));
    assert_eq!(store.check(), Ok(vec![]));
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_embedded_store_is_like_the_one_in_memory(steps in steps()) {
        story(steps, alone, false);
    }

    #[test]
    fn a_store_that_writes_behind_is_like_the_one_in_memory(steps in steps()) {
        story(steps, behind, true);
    }
}
