//! Whoever writes to the database by SQL is found out when the row is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use flowai_core::approvals::{Approval, ApprovalKind, Bound};
use flowai_core::budget::Spent;
use flowai_core::json::digest;
use flowai_core::store::{Batch, HistoryKey, RunRow, RunStatus, Store, StoreError, Write};
use flowai_store::SqliteStore;
use serde_json::{Value, json};
use support::Folder;
use support::changes::entry;

fn key() -> HistoryKey {
    let [tenant, thread, agent] = ["a", "t", "g"].map(str::to_owned);
    HistoryKey { tenant, thread, agent }
}

/// One of everything, for each of two tenants.
fn filled(folder: &Folder) -> SqliteStore {
    let mut store = SqliteStore::open(&folder.file()).unwrap();
    for tenant in ["a", "b"] {
        let bound = Bound::new(ApprovalKind::Program, tenant, "r", "1", "always");
        let approval = Approval::ask("q", bound, "t", 0, 100).unwrap();
        let row = RunRow {
            tenant: tenant.to_owned(),
            run_id: "r".to_owned(),
            thread: Some("t".to_owned()),
            request_id: None,
            status: RunStatus::Paused,
            epoch: 1,
            owner: Some("me".to_owned()),
            lease_until: 5,
            started_at: 0,
            body: json!({"who": tenant}),
        };
        let records = (0..3).map(|number| json!({"n": number, "said": "x".repeat(300)})).collect();
        let [owner, run_id, thread, plan_id] = [tenant, "r", "t", "p"].map(str::to_owned);
        let batch = Batch::new()
            .with(Write::Run { version: 0, row })
            .with(Write::Approval { version: 0, approval })
            .with(Write::Append { tenant: owner.clone(), run_id, after: 0, records })
            .with(Write::Spending {
                version: 0,
                tenant: owner.clone(),
                thread: thread.clone(),
                spent: Spent::default(),
            })
            .with(Write::CurrentPlan { tenant: owner.clone(), thread, plan: "P".to_owned(), plan_id })
            .with(Write::Reference(entry(tenant, 1, 0)))
            .with(Write::Content { tenant: owner.clone(), body: json!({"who": tenant}) })
            .with(Write::History {
                key: HistoryKey { tenant: owner, ..key() },
                keep: 0,
                messages: vec![json!(1), json!(2)],
            });
        store.commit(batch).unwrap();
    }
    store
}

type Look = fn(&SqliteStore) -> Result<(), StoreError>;

fn approval(store: &SqliteStore) -> Result<(), StoreError> {
    store.approval("a", "q").map(|_| ())
}

fn run(store: &SqliteStore) -> Result<(), StoreError> {
    store.run("a", "r").map(|_| ())
}

fn journal(store: &SqliteStore) -> Result<(), StoreError> {
    store.verified("a", "r").map(|_| ())
}

fn history(store: &SqliteStore) -> Result<(), StoreError> {
    store.history(&key()).map(|_| ())
}

fn spending(store: &SqliteStore) -> Result<(), StoreError> {
    store.spending("a", "t").map(|_| ())
}

fn current(store: &SqliteStore) -> Result<(), StoreError> {
    store.current_plan("a", "t", None).map(|_| ())
}

fn reference(store: &SqliteStore) -> Result<(), StoreError> {
    store.reference("a", &entry("a", 1, 0).handle).map(|_| ())
}

fn content(store: &SqliteStore) -> Result<(), StoreError> {
    store.content("a", &digest(&json!({"who": "a"})).unwrap()).map(|_| ())
}

const TAMPERED: [(&str, Look); 28] = [
    ("UPDATE approvals SET status = 'approved' WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET body = replace(body, 'pending', 'approved') WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET expires_at = expires_at + 1 WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET version = 2 WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET thread = 'u' WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET seal = x'00' WHERE tenant = 'a'", approval),
    ("DELETE FROM approvals WHERE tenant = 'a'; UPDATE approvals SET tenant = 'a'", approval),
    ("UPDATE runs SET status = 'finished' WHERE tenant = 'a'", run),
    ("UPDATE runs SET epoch = 2 WHERE tenant = 'a'", run),
    ("UPDATE runs SET owner = 'you' WHERE tenant = 'a'", run),
    ("UPDATE runs SET lease_until = 99 WHERE tenant = 'a'", run),
    ("UPDATE runs SET request_id = 'r' WHERE tenant = 'a'", run),
    ("UPDATE runs SET (lease_until, lease_seal) = (0, x'') WHERE tenant = 'a'", run),
    ("UPDATE records SET body = replace(body, '1', '2') WHERE tenant = 'a' AND seq = 2", journal),
    ("UPDATE records SET body = NULL WHERE tenant = 'a' AND seq = 2", journal),
    ("DELETE FROM records WHERE tenant = 'a' AND seq = 3", journal),
    ("DELETE FROM records WHERE tenant = 'a' AND seq = 2", journal),
    ("DELETE FROM records WHERE tenant = 'a'", journal),
    ("DELETE FROM records WHERE tenant = 'a'; UPDATE records SET tenant = 'a'", journal),
    ("INSERT INTO records SELECT tenant, run_id, 4, digest, content, body, seal FROM records WHERE seq = 3", journal),
    ("UPDATE texts SET body = 'something else' WHERE tenant = 'a'", journal),
    ("DELETE FROM texts WHERE tenant = 'a'", journal),
    ("DELETE FROM messages WHERE tenant = 'a' AND number = 1", history),
    ("UPDATE messages SET number = 1 - number + 10 WHERE tenant = 'a'", history),
    ("UPDATE spending SET body = replace(body, '0', '1') WHERE tenant = 'a'", spending),
    ("UPDATE current_plans SET plan_id = 'other' WHERE tenant = 'a'", current),
    ("UPDATE entries SET expires_at = 0 WHERE tenant = 'a'", reference),
    ("UPDATE contents SET body = replace(body, 'a', 'b') WHERE tenant = 'a'", content),
];

#[test]
fn a_row_that_was_written_by_sql_is_refused_and_the_rest_stays_usable() {
    for (sql, look) in TAMPERED {
        let folder = Folder::new();
        let store = filled(&folder);
        assert_eq!(
            [approval, run, journal, history, spending, current].map(|look| look(&store)),
            [const { Ok(()) }; 6]
        );
        assert_eq!(store.check(), Ok(vec![]));
        rusqlite::Connection::open(folder.file()).unwrap().execute_batch(sql).unwrap();
        let found = look(&store);
        let told = matches!(found, Err(StoreError::Changed { .. } | StoreError::Broken { .. }));
        assert!(told, "{sql}: {found:?}");
        let damage: Vec<String> = store.check().unwrap().into_iter().map(|damage| damage.key).collect();
        assert!(damage.iter().any(|key| key.contains("\"a\"")), "{sql}: a check finds {damage:?}");
        let others =
            store.spending("b", "t").and_then(|_| store.history(&HistoryKey { tenant: "b".to_owned(), ..key() }));
        assert_eq!(others, Ok(vec![json!(1), json!(2)]), "{sql}");
    }
}

#[test]
fn a_journal_that_was_cut_by_sql_is_not_written_on() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    rusqlite::Connection::open(folder.file()).unwrap().execute_batch("DELETE FROM records WHERE seq = 3").unwrap();
    let [tenant, run_id] = ["a", "r"].map(str::to_owned);
    let more = Write::Append { tenant, run_id, after: 2, records: vec![Value::Null] };
    assert_eq!(store.commit(Batch::new().with(more)), Err(StoreError::Broken { run_id: "r".to_owned(), seq: 3 }));
}

#[test]
fn what_was_said_is_gone_from_every_file_once_it_was_erased() {
    let folder = Folder::new();
    let mut store = SqliteStore::open(&folder.file()).unwrap();
    let (secret, long) = ("a secret of ours", "a long secret of ours ".repeat(500));
    let [tenant, run_id, thread] = ["a", "r", "t"].map(str::to_owned);
    let row = RunRow {
        tenant: tenant.clone(),
        run_id: run_id.clone(),
        thread: Some(thread),
        request_id: None,
        status: RunStatus::Finished,
        epoch: 0,
        owner: None,
        lease_until: 0,
        started_at: 0,
        body: json!(long),
    };
    let batch = Batch::new()
        .with(Write::Run { version: 0, row })
        .with(Write::Append { tenant, run_id, after: 0, records: vec![json!(secret), json!([long, long])] })
        .with(Write::History { key: key(), keep: 0, messages: vec![json!(secret), json!(long)] });
    store.commit(batch).unwrap();
    assert_eq!(store.erase_thread("a", "t"), Ok(2));
    drop(store);
    for file in std::fs::read_dir(folder.file().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
    }
}
