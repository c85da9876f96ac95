//! The laws, and what is kept when a store is opened again.

use flowai_core::store::{Batch, Store, Write, check_store};
use serde_json::json;

use crate::support::Schema;

#[test]
fn the_shared_store_keeps_every_law() {
    let Some(server) = Schema::new() else { return };
    let mut schemas = vec![server];
    let conformance = check_store(|| schema(&mut schemas).store());
    assert!(conformance.is_kept(), "{conformance}");
}

#[test]
fn a_shared_store_that_writes_behind_keeps_every_law() {
    let Some(server) = Schema::new() else { return };
    let mut schemas = vec![server];
    let conformance = check_store(|| schema(&mut schemas).behind());
    assert!(conformance.is_kept(), "{conformance}");
}

/// A new schema, which goes away with the others.
fn schema(schemas: &mut Vec<Schema>) -> &Schema {
    schemas.push(Schema::new().unwrap());
    schemas.last().unwrap()
}

#[test]
fn a_shared_store_is_opened_by_its_address_and_again_by_another_process() {
    let Some(schema) = Schema::new() else { return };
    let asked = |run_id: &str| {
        let (tenant, run_id) = ("acme".to_owned(), run_id.to_owned());
        Batch::new().with(Write::Append { tenant, run_id, after: 0, records: vec![json!({"text": "x".repeat(5_000)})] })
    };
    let mut first = flowai_store::open(&schema.url()).unwrap();
    assert!(first.is_durable());
    first.commit(asked("one")).unwrap();
    let mut second = flowai_store::open(&schema.url().replacen("postgresql://", "postgres://", 1)).unwrap();
    second.commit(asked("two")).unwrap();
    for run_id in ["one", "two"] {
        assert_eq!(first.verified("acme", run_id).unwrap(), second.verified("acme", run_id).unwrap());
        assert_eq!(first.journal("acme", run_id, 0).unwrap()[0].record, Some(json!({"text": "x".repeat(5_000)})));
    }
    assert_eq!(schema.sql().number("SELECT count(*) FROM texts"), 1);
}

#[test]
fn what_others_wrote_is_noticed_and_what_one_wrote_oneself_is_not() {
    let Some(schema) = Schema::new() else { return };
    let (mut one, mut other) = (schema.behind(), schema.behind());
    let write = |number: u64| {
        let (tenant, run_id) = ("acme".to_owned(), format!("run-{number}"));
        Batch::new().with(Write::Append { tenant, run_id, after: 0, records: vec![json!(number)] })
    };
    let before = (one.changes().unwrap(), other.changes().unwrap());
    one.commit(write(1)).unwrap();
    assert_eq!(one.changes().unwrap(), before.0);
    assert_ne!(other.changes().unwrap(), before.1);
    let before = (one.changes().unwrap(), other.changes().unwrap());
    other.renew("nobody", 5).unwrap();
    assert_eq!((one.changes().unwrap(), other.changes().unwrap()), before, "nothing was renewed");
    let third = schema.behind();
    assert_eq!((one.changes().unwrap(), other.changes().unwrap()), before, "opening a store writes nothing of it");
    drop(third);
}
