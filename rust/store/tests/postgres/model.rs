//! The shared store does what the store in memory does, whatever is written to it and however often it is opened.

use flowai_core::store::{MemoryStore, Store};
use proptest::prelude::*;

use crate::shared::changes::{Change, batch, changes};
use crate::shared::often;
use crate::shared::seen::seen;
use crate::support::Schema;

/// One step of a story.
#[derive(Debug, Clone)]
enum Step {
    Group(Vec<Vec<Change>>),
    Renew(i64),
    Sweep(i64),
    Erase(bool),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => prop::collection::vec(changes(), 1..5).prop_map(Step::Group),
        1 => (0..100_i64).prop_map(Step::Renew),
        1 => prop_oneof![0..200_i64, Just(31 * 24 * 60 * 60 * 1_000)].prop_map(Step::Sweep),
        1 => any::<bool>().prop_map(Step::Erase),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..20)
}

fn cases() -> ProptestConfig {
    let cases = u32::try_from(often(24, 1_000)).unwrap();
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn story(schema: &Schema, steps: Vec<Step>) {
    use flowai_store::Medium as _;
    let (mut model, mut store) = (MemoryStore::default(), schema.store());
    let reader = store.reader().unwrap();
    for step in steps {
        match step {
            Step::Group(group) => {
                let mut scratch = model.clone();
                let batches: Vec<_> = group
                    .iter()
                    .map(|changes| {
                        let batch = batch(&scratch, changes);
                        let _ = scratch.commit(batch.clone());
                        batch
                    })
                    .collect();
                let expected: Vec<_> = batches.iter().map(|batch| model.commit(batch.clone())).collect();
                assert_eq!(store.commit_group(batches), expected);
            }
            Step::Renew(until) => assert_eq!(store.renew("me", until), model.renew("me", until)),
            Step::Sweep(before) => assert_eq!(store.sweep(before, &[]), model.sweep(before, &[])),
            Step::Erase(first) => {
                let thread = if first { "t" } else { "u" };
                assert_eq!(store.erase_thread("a", thread), model.erase_thread("a", thread));
            }
            Step::Reopen => store = schema.store(),
        }
        assert_eq!(seen(&reader), seen(&model));
    }
    assert_eq!(seen(&schema.store()), seen(&model));
    assert_eq!(reader.check(), Ok(vec![]));
    assert_eq!(schema.sql().number(LONE), 0, "a text stays that nothing means and that no sweep will look at");
}

/// Texts that are neither meant nor due to be looked at.
const LONE: &str = "SELECT count(*) FROM texts
    WHERE NOT EXISTS (SELECT 1 FROM uses WHERE uses.tenant = texts.tenant AND uses.digest = texts.digest)
    AND NOT EXISTS (SELECT 1 FROM loose WHERE loose.tenant = texts.tenant AND loose.digest = texts.digest)";

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_shared_store_is_like_the_one_in_memory(steps in steps()) {
        if let Some(schema) = Schema::new() {
            story(&schema, steps);
        }
    }
}
