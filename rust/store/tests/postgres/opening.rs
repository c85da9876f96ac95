//! Opening: what is a store of ours, of this release and of this key, and what is not.

use std::process::Command;

use flowai_core::store::{Batch, Store, StoreError, Write};
use flowai_store::PostgresStore;
use serde_json::json;

use crate::support::Schema;

fn refused(url: &str) -> String {
    match PostgresStore::open(url).err() {
        Some(StoreError::Foreign { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_store_and_one_that_is_none_are_refused() {
    let Some(schema) = Schema::new() else { return };
    drop(schema.store());
    drop(schema.store());
    let sql = schema.sql();
    sql.run("INSERT INTO versions VALUES (2)");
    assert!(refused(&schema.url()).ends_with("is a store of version 2; this release knows version 1"));
    sql.run("DELETE FROM versions");
    assert!(refused(&schema.url()).ends_with("is a store without a version"));
    sql.run("DROP TABLE versions");
    assert!(refused(&schema.url()).ends_with("holds tables, but no store"));
}

#[test]
fn an_address_that_is_none_and_a_server_that_is_away_are_told_apart() {
    assert!(refused("postgresql://localhost/db?schema=a;b").contains("`schema`"));
    assert!(refused("postgresql://localhost/db?no_such=1").contains("no_such"));
    let away = PostgresStore::open("postgresql://me:hunter2@127.0.0.1:1/db").err().unwrap();
    assert!(matches!(away, StoreError::Medium { .. }) && !away.to_string().contains("hunter2"), "{away}");
}

#[test]
fn many_that_open_a_new_store_at_once_make_one() {
    let Some(schema) = Schema::new() else { return };
    std::thread::scope(|scope| {
        (0..6).for_each(|_| drop(scope.spawn(|| drop(schema.store()))));
    });
    assert_eq!(schema.sql().number("SELECT count(*) FROM store"), 1);
}

const CHILD: &str = "FLOWAI_TEST_CHILD";

/// Not a test by itself: what another process does with a key of its own.
#[test]
fn another_process_opens_the_store_that_it_is_given() {
    let Ok(url) = std::env::var(CHILD) else { return };
    match PostgresStore::open(&url) {
        Ok(store) => println!("opened, {:?}", store.head("acme", "run").map(|head| head.seq)),
        Err(fault) => println!("{fault}"),
    }
}

fn opened(schema: &Schema, key: Option<&str>) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "opening::another_process_opens_the_store_that_it_is_given", "--nocapture"]);
    child.env(CHILD, schema.url()).env_remove("FLOWAI_STORE_KEY");
    child.envs(key.map(|key| ("FLOWAI_STORE_KEY", key)));
    String::from_utf8(child.output().unwrap().stdout).unwrap()
}

#[test]
fn a_store_that_is_sealed_from_outside_opens_with_that_key_alone() {
    let Some(schema) = Schema::new() else { return };
    let key = "00".repeat(32);
    assert!(opened(&schema, Some(&key)).contains("opened, Ok(0)"));
    assert_eq!(schema.sql().number("SELECT count(*) FROM keys"), 0);
    assert!(opened(&schema, Some("a pass phrase")).contains("another key than that of `FLOWAI_STORE_KEY`"));
    assert!(opened(&schema, None).contains("are sealed by a key from `FLOWAI_STORE_KEY`"));
    assert!(opened(&schema, Some(&key)).contains("opened, Ok(0)"));
}

#[test]
fn a_store_that_keeps_its_key_does_not_take_another() {
    let Some(schema) = Schema::new() else { return };
    let [tenant, run_id] = ["acme", "run"].map(str::to_owned);
    let append = Write::Append { tenant, run_id, after: 0, records: vec![json!(1)] };
    schema.store().commit(Batch::new().with(append)).unwrap();
    assert!(opened(&schema, None).contains("opened, Ok(1)"));
    assert!(opened(&schema, Some("a pass phrase")).contains("another key"));
}
