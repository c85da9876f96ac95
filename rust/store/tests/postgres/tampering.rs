//! Whoever writes to the database by SQL is found out when the row is read.

use flowai_core::approvals::{Approval, ApprovalKind, Bound};
use flowai_core::budget::Spent;
use flowai_core::json::digest;
use flowai_core::store::{Batch, HistoryKey, RunRow, RunStatus, Store, StoreError, Write};
use flowai_store::PostgresStore;
use serde_json::json;

use crate::shared::changes::entry;
use crate::support::Schema;

fn key(tenant: &str) -> HistoryKey {
    let [tenant, thread, agent] = [tenant, "t", "g"].map(str::to_owned);
    HistoryKey { tenant, thread, agent }
}

/// One of everything, for each of two tenants.
fn fill(store: &mut PostgresStore) {
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
        let spent = Spent::default();
        let batch = Batch::new()
            .with(Write::Run { version: 0, row })
            .with(Write::Approval { version: 0, approval })
            .with(Write::Append { tenant: owner.clone(), run_id, after: 0, records })
            .with(Write::Spending { version: 0, tenant: owner.clone(), thread: thread.clone(), spent })
            .with(Write::CurrentPlan { tenant: owner.clone(), thread, plan: "P".to_owned(), plan_id })
            .with(Write::Reference(entry(tenant, 1, 0)))
            .with(Write::Content { tenant: owner, body: json!({"who": tenant}) })
            .with(Write::History { key: key(tenant), keep: 0, messages: vec![json!(1), json!(2)] });
        store.commit(batch).unwrap();
    }
}

type Look = fn(&PostgresStore, &str) -> Result<(), StoreError>;

fn approval(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.approval(tenant, "q").map(|_| ())
}

fn run(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.run(tenant, "r").map(|_| ())
}

fn journal(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.verified(tenant, "r").map(|_| ())
}

fn history(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.history(&key(tenant)).map(|_| ())
}

fn spending(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.spending(tenant, "t").map(|_| ())
}

fn current(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.current_plan(tenant, "t", None).map(|_| ())
}

fn reference(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.reference(tenant, &entry(tenant, 1, 0).handle).map(|_| ())
}

fn content(store: &PostgresStore, tenant: &str) -> Result<(), StoreError> {
    store.content(tenant, &digest(&json!({"who": tenant})).unwrap()).map(|_| ())
}

const LOOKS: [Look; 8] = [approval, run, journal, history, spending, current, reference, content];

const TAMPERED: [(&str, Look); 29] = [
    ("UPDATE approvals SET status = 'approved' WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET body = replace(body, 'pending', 'approved') WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET expires_at = expires_at + 1 WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET version = 2 WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET thread = 'u' WHERE tenant = 'a'", approval),
    ("UPDATE approvals SET seal = '\\x00' WHERE tenant = 'a'", approval),
    (
        "DELETE FROM approvals WHERE tenant = 'a'; INSERT INTO approvals SELECT 'a', id, version, body, seal, run_id, thread, status, asked_at, expires_at FROM approvals",
        approval,
    ),
    ("UPDATE runs SET status = 'finished' WHERE tenant = 'a'", run),
    ("UPDATE runs SET epoch = 2 WHERE tenant = 'a'", run),
    ("UPDATE runs SET owner = 'you' WHERE tenant = 'a'", run),
    ("UPDATE runs SET lease_until = 99 WHERE tenant = 'a'", run),
    ("UPDATE runs SET request_id = 'r' WHERE tenant = 'a'", run),
    ("UPDATE runs SET (lease_until, lease_seal) = (0, '') WHERE tenant = 'a'", run),
    ("UPDATE records SET body = replace(body, '1', '2') WHERE tenant = 'a' AND seq = 2", journal),
    ("UPDATE records SET body = NULL WHERE tenant = 'a' AND seq = 2", journal),
    ("DELETE FROM records WHERE tenant = 'a' AND seq = 3", journal),
    ("DELETE FROM records WHERE tenant = 'a' AND seq = 2", journal),
    ("DELETE FROM records WHERE tenant = 'a'", journal),
    ("DELETE FROM heads WHERE tenant = 'a'", journal),
    ("DELETE FROM records WHERE tenant = 'a' AND seq = 3; UPDATE heads SET version = 2 WHERE tenant = 'a'", journal),
    ("INSERT INTO records SELECT tenant, run_id, 4, digest, content, body, seal FROM records WHERE seq = 3", journal),
    ("UPDATE texts SET body = 'something else' WHERE tenant = 'a'", journal),
    ("DELETE FROM texts WHERE tenant = 'a'", journal),
    ("DELETE FROM messages WHERE tenant = 'a' AND number = 1", history),
    ("UPDATE messages SET number = 11 - number WHERE tenant = 'a'", history),
    ("UPDATE spending SET body = replace(body, '0', '1') WHERE tenant = 'a'", spending),
    ("UPDATE current_plans SET plan_id = 'other' WHERE tenant = 'a'", current),
    ("UPDATE entries SET expires_at = 0 WHERE tenant = 'a'", reference),
    ("UPDATE contents SET body = replace(body, 'a', 'b') WHERE tenant = 'a'", content),
];

#[test]
fn a_row_that_was_written_by_sql_is_refused_and_the_rest_stays_usable() {
    let Some(schema) = Schema::new() else { return };
    let mut store = schema.store();
    fill(&mut store);
    let sql = schema.sql();
    for (change, look) in TAMPERED {
        assert_eq!(LOOKS.map(|look| look(&store, "a")), [const { Ok(()) }; 8], "{change}");
        assert_eq!(store.check(), Ok(vec![]), "{change}");
        let undo = copy(&sql);
        sql.run(change);
        let found = look(&store, "a");
        let told = matches!(found, Err(StoreError::Changed { .. } | StoreError::Broken { .. }));
        assert!(told, "{change}: {found:?}");
        let damage: Vec<String> = store.check().unwrap().into_iter().map(|damage| damage.key).collect();
        assert!(damage.iter().any(|key| key.contains("\"a\"")), "{change}: a check finds {damage:?}");
        if !change.contains("WHERE seq = 3") {
            assert_eq!(LOOKS.map(|look| look(&store, "b")), [const { Ok(()) }; 8], "{change}");
        }
        sql.run(&undo);
    }
}

const TABLES: [&str; 10] =
    ["approvals", "runs", "records", "heads", "texts", "messages", "spending", "current_plans", "entries", "contents"];

/// Remembers every table; gives what puts it back.
fn copy(sql: &crate::support::Sql) -> String {
    TABLES
        .map(|table| format!("CREATE TEMP TABLE old_{table} AS TABLE {table};"))
        .iter()
        .for_each(|copy| sql.run(copy));
    TABLES
        .map(|table| format!("DELETE FROM {table}; INSERT INTO {table} TABLE old_{table}; DROP TABLE old_{table};"))
        .concat()
}

#[test]
fn a_changed_row_is_not_written_on_and_holds_up_nobody_else() {
    use flowai_store::Medium as _;
    let Some(schema) = Schema::new() else { return };
    let mut store = schema.store();
    fill(&mut store);
    schema.sql().run("UPDATE approvals SET status = 'approved' WHERE tenant = 'a'");
    let answered = |store: &PostgresStore, tenant: &str| {
        let row = store.approval("b", "q").unwrap().unwrap();
        let mut approval = row.value;
        approval.bound.tenant = tenant.to_owned();
        Batch::new().with(Write::Approval { version: row.version, approval })
    };
    let group = vec![answered(&store, "a"), answered(&store, "b")];
    let outcomes = store.commit_group(group);
    assert!(matches!(outcomes[0], Err(StoreError::Changed { .. })), "{outcomes:?}");
    assert_eq!(outcomes[1], Ok(()));
    assert_eq!(store.approval("b", "q").unwrap().unwrap().version, 2);
    assert_eq!(store.sweep(i64::MAX, &[]).map(|swept| swept > 0), Ok(true), "a sweep goes on");
}
