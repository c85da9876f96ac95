//! The laws of stores, as functions that any store can be checked by.

use serde_json::{Value, json};

use super::batch::{Batch, Write};
use super::error::StoreError;
use super::keys::{HistoryKey, RunRow, RunStatus};
use super::shelf::Store;
use super::verify::verify;
use crate::references::Entry;
use crate::specs::ReferenceSpec;

/// What a store did against a law.
pub type Violation = String;

/// One law: it takes a fresh store and says how the store breaks it.
pub type Law = fn(&mut dyn Store) -> Result<(), Violation>;

/// Every law with its name.
pub const LAWS: [(&str, Law); 6] = [
    ("a batch is visible whole or not at all", whole_or_not_at_all),
    ("what was committed is read back in order", read_back_in_order),
    ("of two writers one is stale", one_of_two_writers_is_stale),
    ("a journal is chained", journals_are_chained),
    ("another tenant sees nothing", another_tenant_sees_nothing),
    ("equal references share a body", equal_references_share_a_body),
];

fn whole_or_not_at_all(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![append("a", 0, &[1])])?;
    let half = Batch { writes: vec![history("a", 0, &[1]), append("a", 0, &[2])] };
    expect(matches!(store.commit(half), Err(StoreError::Stale { .. })), "a stale append was taken")?;
    expect(read(store.history(&history_key("a")))?.is_empty(), "half a batch is visible")?;
    let twice = Batch { writes: vec![append("b", 0, &[1]), append("b", 0, &[1])] };
    expect(matches!(store.commit(twice), Err(StoreError::WrittenTwice { .. })), "a thing was written twice")?;
    expect(read(store.head("b", "run"))?.seq == 0, "a refused batch left records")
}

fn read_back_in_order(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![append("a", 0, &[1, 2]), history("a", 0, &[1, 2, 3])])?;
    commit(store, vec![append("a", 2, &[3]), history("a", 1, &[9])])?;
    let records: Vec<Value> = read(store.journal("a", "run", 1))?.into_iter().map(|stored| stored.record).collect();
    expect(records == [json!(2), json!(3)], "the journal is out of order")?;
    expect(read(store.history(&history_key("a")))? == [json!(1), json!(9)], "the history is out of order")
}

fn one_of_two_writers_is_stale(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Running)])?;
    commit(store, vec![run("a", 1, RunStatus::Paused)])?;
    let second = store.commit(Batch { writes: vec![run("a", 1, RunStatus::Failed)] });
    expect(matches!(second, Err(StoreError::Stale { expected: 1, actual: 2, .. })), "both writers were taken")?;
    let row = read(store.run("a", "run"))?.ok_or("the run is gone")?;
    expect((row.version, row.value.status) == (2, RunStatus::Paused), "the stale writer won")
}

fn journals_are_chained(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![append("a", 0, &[1, 2, 3])])?;
    let (mut records, head) = (read(store.journal("a", "run", 0))?, read(store.head("a", "run"))?);
    verify("a", "run", &records, &head).map_err(|fault| fault.to_string())?;
    expect(verify("a", "other", &records, &head).is_err(), "the chain does not bind its run")?;
    records.pop();
    expect(verify("a", "run", &records, &head).is_err(), "a lost record is not noticed")
}

fn another_tenant_sees_nothing(store: &mut dyn Store) -> Result<(), Violation> {
    let entry = entry("a", 10)?;
    let handle = entry.handle.clone();
    commit(
        store,
        vec![append("a", 0, &[1]), run("a", 0, RunStatus::Running), history("a", 0, &[1]), Write::Reference(entry)],
    )?;
    expect(read(store.journal("b", "run", 0))?.is_empty(), "a journal is visible")?;
    expect(read(store.run("b", "run"))?.is_none() && read(store.runs("b", None))?.is_empty(), "a run is visible")?;
    expect(read(store.history(&history_key("b")))?.is_empty(), "a history is visible")?;
    expect(read(store.reference("b", &handle))?.is_none(), "a reference is visible")
}

fn equal_references_share_a_body(store: &mut dyn Store) -> Result<(), Violation> {
    let (first, second) = (entry("a", 10)?, entry("a", 5)?);
    let handle = first.handle.clone();
    commit(store, vec![Write::Reference(first)])?;
    commit(store, vec![Write::Reference(second)])?;
    let kept = read(store.reference("a", &handle))?.ok_or("the reference is gone")?;
    expect(kept.expires_at == 110, "the earlier expiry won")?;
    expect(read(store.sweep(110, std::slice::from_ref(&handle)))? == 0, "a pinned reference was swept")?;
    expect(read(store.sweep(110, &[]))? == 1, "an expired reference stays")
}

fn commit(store: &mut dyn Store, writes: Vec<Write>) -> Result<(), Violation> {
    store.commit(Batch { writes }).map_err(|fault| fault.to_string())
}

fn read<T>(answer: Result<T, StoreError>) -> Result<T, Violation> {
    answer.map_err(|fault| fault.to_string())
}

fn expect(holds: bool, otherwise: &str) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn append(tenant: &str, after: u64, records: &[u64]) -> Write {
    let records = records.iter().map(|number| json!(number)).collect();
    Write::Append { tenant: tenant.to_owned(), run_id: "run".to_owned(), after, records }
}

fn history(tenant: &str, keep: usize, messages: &[u64]) -> Write {
    Write::History { key: history_key(tenant), keep, messages: messages.iter().map(|number| json!(number)).collect() }
}

fn history_key(tenant: &str) -> HistoryKey {
    HistoryKey { tenant: tenant.to_owned(), thread: "t".to_owned(), agent: "x".to_owned() }
}

fn run(tenant: &str, version: u64, status: RunStatus) -> Write {
    let row = RunRow {
        tenant: tenant.to_owned(),
        run_id: "run".to_owned(),
        thread: Some("t".to_owned()),
        request_id: None,
        status,
        body: Value::Null,
    };
    Write::Run { version, row }
}

fn entry(tenant: &str, now: i64) -> Result<Entry, Violation> {
    let spec = ReferenceSpec { name: "Rows".to_owned(), schema: json!({}), ttl_ms: 100 };
    Entry::new(tenant, &spec, &json!([1]), Value::Null, now).map_err(|fault| fault.to_string())
}
