//! Long texts: once for each tenant, and gone when nothing means them.

use flowai_core::store::{Batch, HistoryKey, RunRow, RunStatus, Store, Write};
use serde_json::{Value, json};

use crate::support::Schema;

fn history(thread: &str, keep: usize, messages: Vec<Value>) -> Batch {
    let [tenant, thread, agent] = ["a", thread, "g"].map(str::to_owned);
    Batch::new().with(Write::History { key: HistoryKey { tenant, thread, agent }, keep, messages })
}

fn records(run_id: &str, after: u64, records: Vec<Value>) -> Batch {
    let [tenant, run_id] = ["a", run_id].map(str::to_owned);
    Batch::new().with(Write::Append { tenant, run_id, after, records })
}

#[test]
fn a_text_stays_as_long_as_anything_means_it() {
    let Some(schema) = Schema::new() else { return };
    let (mut store, sql) = (schema.store(), schema.sql());
    let texts = || sql.number("SELECT count(*) FROM texts");
    let [one, two] = ["one ".repeat(100), "two ".repeat(100)];
    store.commit(history("t", 0, vec![json!(one), json!([one, two])])).unwrap();
    store.commit(records("r", 0, vec![json!({"said": one})])).unwrap();
    assert_eq!(texts(), 2);
    store.commit(history("t", 1, vec![json!(3)])).unwrap();
    assert_eq!(store.sweep(0, &[]), Ok(0));
    assert_eq!(texts(), 1);
    store.commit(history("t", 0, vec![])).unwrap();
    store.commit(history("u", 0, vec![json!(one)])).unwrap();
    store.erase_thread("a", "u").unwrap();
    assert_eq!(texts(), 1);
    assert_eq!(store.journal("a", "r", 0).unwrap()[0].record, Some(json!({"said": one})));
}

#[test]
fn what_was_said_is_in_no_row_once_it_was_erased() {
    let Some(schema) = Schema::new() else { return };
    let (mut store, sql) = (schema.store(), schema.sql());
    let (secret, long) = ("a secret of ours", "a long secret of ours ".repeat(500));
    let row = RunRow {
        tenant: "a".to_owned(),
        run_id: "r".to_owned(),
        thread: Some("t".to_owned()),
        request_id: None,
        status: RunStatus::Finished,
        epoch: 0,
        owner: None,
        lease_until: 0,
        started_at: 0,
        body: json!(long),
    };
    let said = records("r", 0, vec![json!(secret), json!([long, long])]).then(history(
        "t",
        0,
        vec![json!(secret), json!(long)],
    ));
    store.commit(said.with(Write::Run { version: 0, row })).unwrap();
    assert_eq!(store.erase_thread("a", "t"), Ok(2));
    let tables = "WITH ours AS MATERIALIZED (SELECT tablename FROM pg_tables WHERE schemaname = current_schema())
        SELECT count(*) FROM ours
        WHERE query_to_xml(format('SELECT * FROM %I', tablename), true, false, '')::text ~ 'secret'";
    assert_eq!(sql.number(tables), 0);
    assert_eq!(sql.number("SELECT (SELECT count(*) FROM texts) + (SELECT count(*) FROM uses)"), 0);
    assert_eq!(store.verified("a", "r").unwrap().len(), 2);
}

#[test]
fn a_hundred_calls_in_a_long_conversation_keep_it_once() {
    let Some(schema) = Schema::new() else { return };
    let (mut store, sql) = (schema.store(), schema.sql());
    let prompt: String = std::iter::successors(Some(1_u32), |seed| Some(seed.wrapping_mul(1_664_525).wrapping_add(1)))
        .map(|seed| char::from(b'a' + u8::try_from((seed >> 24) % 26).unwrap()))
        .take(836_000)
        .collect();
    for call in 0..100 {
        store.commit(records("r", call, vec![json!({"input": prompt, "call": call})])).unwrap();
    }
    let size = "SELECT sum(pg_total_relation_size(format('%I.%I', schemaname, tablename)::regclass))::bigint
        FROM pg_tables WHERE schemaname = current_schema()";
    let bytes = sql.number(size);
    println!("100 calls on a conversation of {} bytes: {bytes} bytes with every table and index", prompt.len());
    assert!(bytes < 2 * 1024 * 1024, "{bytes}");
}
