//! Names as users choose them: whatever a text can hold, and longer than an index takes.

use flowai_core::store::{Batch, HistoryKey, RunFilter, RunRow, RunStatus, Store, StoreError, Write};
use flowai_store::Medium as _;
use serde_json::json;

use crate::support::Schema;

fn run(tenant: &str, run_id: &str, thread: &str) -> Batch {
    let row = RunRow {
        tenant: tenant.to_owned(),
        run_id: run_id.to_owned(),
        thread: Some(thread.to_owned()),
        request_id: Some(thread.to_owned()),
        status: RunStatus::Running,
        epoch: 0,
        owner: Some(thread.to_owned()),
        lease_until: 0,
        started_at: 0,
        body: json!({"text": "\0".repeat(300), "short": "\0"}),
    };
    Batch::new().with(Write::Run { version: 0, row })
}

const NAMES: [&str; 8] =
    ["", "'; DROP TABLE runs; --", "\0", "\u{1}", "\u{1}0", "a\0b", "$1", "\u{10ffff}\u{202e}%_\\"];

#[test]
fn any_text_is_a_name_and_means_itself_alone() {
    let Some(schema) = Schema::new() else { return };
    let mut store = schema.store();
    for name in NAMES {
        let key = HistoryKey { tenant: name.to_owned(), thread: name.to_owned(), agent: name.to_owned() };
        let (tenant, run_id) = (name.to_owned(), name.to_owned());
        let batch = run(name, name, name)
            .with(Write::Append { tenant, run_id, after: 0, records: vec![json!([name, name.repeat(300)])] })
            .with(Write::History { key, keep: 0, messages: vec![json!(name.repeat(300))] });
        store.commit(batch).unwrap();
        store.renew(name, 7).unwrap();
    }
    for name in NAMES {
        let found = store.runs(&RunFilter::of(name).in_thread(name)).unwrap();
        assert_eq!(found.len(), 1, "{name:?}");
        assert_eq!((found[0].value.run_id.as_str(), found[0].value.lease_until), (name, 7));
        assert_eq!(store.verified(name, name).unwrap()[0].record, Some(json!([name, name.repeat(300)])));
    }
}

#[test]
fn a_name_that_is_too_long_is_refused_and_holds_up_nobody_else() {
    let Some(schema) = Schema::new() else { return };
    let mut store = schema.store();
    let outcomes =
        store.commit_group(vec![run("a", "1", "t"), run("a", "2", &"long".repeat(1_000)), run("a", "3", "u")]);
    assert!(
        matches!(&outcomes[1], Err(StoreError::Medium { message }) if message.contains("takes 4001 bytes")),
        "{outcomes:?}"
    );
    assert_eq!((&outcomes[0], &outcomes[2]), (&Ok(()), &Ok(())));
    assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 2);
}
