//! Laws of sweeping and erasing: what is over goes, what somebody needs stays.

use serde_json::{Value, json};

use super::approvals::waiting;
use super::plans::{current, draft, executing};
use super::{HistoryKey, RunStatus, Store, Violation, Write, append, commit, expect, history, history_key, read, run};
use crate::references::Entry;
use crate::specs::ReferenceSpec;
use crate::store::RunRow;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(super) fn what_is_needed_stays(store: &mut dyn Store) -> Result<(), Violation> {
    let [asked_about, planned, loose] = [kept(1)?, kept(2)?, kept(3)?];
    let mut approval = waiting("a", "x", 0)?;
    approval.expires_at = 1_000;
    approval.bound.subject = json!({"rows": [asked_about.handle]});
    let plan = draft("a", "p-1", json!({"rows": planned.handle.to_string()}))?;
    let entries = [&asked_about, &planned, &loose].map(|entry| Write::Reference(entry.clone()));
    commit(store, entries.into())?;
    commit(
        store,
        vec![Write::Approval { version: 0, approval }, Write::Plan { version: 0, plan }, current("P", "p-1")],
    )?;
    expect(read(store.sweep(500, &[]))? == 1, "not only what nobody needs was swept")?;
    let is_kept = |store: &dyn Store, entry: &Entry| read(store.reference("a", &entry.handle)).map(|row| row.is_some());
    expect(is_kept(store, &asked_about)?, "what a human is asked about is gone")?;
    expect(
        is_kept(store, &planned)? && !is_kept(store, &loose)?,
        "what a plan needs is gone, or what nobody needs stays",
    )?;
    expect(read(store.sweep(1_000, &[]))? == 1, "an approval that has expired pins something")?;
    expect(read(store.approval("a", "x"))?.is_some(), "an approval went with its expiry")?;
    expect(read(store.sweep(500 + 30 * DAY_MS, &[]))? == 2, "an old plan stays, or what it needed")?;
    expect(read(store.current_plan("a", "t", None))?.is_none(), "a thread means a plan that is gone")?;
    expect(read(store.sweep(1_000 + 30 * DAY_MS, &[]))? == 1, "an old approval stays")
}

pub(super) fn what_runs_stays(store: &mut dyn Store) -> Result<(), Violation> {
    let entry = kept(1)?;
    let body = json!({"rows": entry.handle.to_string()});
    let [begun, waits] = [executing("a", "p-1", body)?, draft("a", "p-2", json!({}))?];
    commit(store, vec![Write::Plan { version: 0, plan: begun }, current("P", "p-1"), Write::Reference(entry.clone())])?;
    commit(store, vec![Write::Plan { version: 0, plan: waits }])?;
    expect(read(store.sweep(1_000, &[]))? == 0, "what a plan needs was swept")?;
    expect(read(store.sweep(1_000 + 30 * DAY_MS, &[]))? == 1, "not only the plan that nobody began was swept")?;
    expect(read(store.plan("a", "p-1"))?.is_some(), "a plan is gone that is being performed")?;
    expect(read(store.current_plan("a", "t", None))?.is_some(), "its thread does not mean it any more")?;
    expect(read(store.reference("a", &entry.handle))?.is_some(), "what it needs is gone")
}

pub(super) fn what_is_swept_can_be_stored_again(store: &mut dyn Store) -> Result<(), Violation> {
    let entry = kept(1)?;
    for now in [0, 1_000] {
        let entry = Entry { expires_at: now + 10, ..entry.clone() };
        commit(store, vec![Write::Reference(entry.clone())])?;
        expect(read(store.reference("a", &entry.handle))? == Some(entry.clone()), "the value is another one")?;
        expect(read(store.sweep(now + 10, &[]))? == 1, "an expired reference stays")?;
        expect(read(store.reference("a", &entry.handle))?.is_none(), "what was swept is there")?;
    }
    Ok(())
}

pub(super) fn only_the_thread_is_erased(store: &mut dyn Store) -> Result<(), Violation> {
    let said = "said ".repeat(200);
    let other = HistoryKey { thread: "u".to_owned(), ..history_key("a") };
    let told = |tenant: &str, after: u64, run_id: &str| Write::Append {
        tenant: tenant.to_owned(),
        run_id: run_id.to_owned(),
        after,
        records: vec![json!({"said": said})],
    };
    let messages = vec![json!(said)];
    commit(store, vec![run("a", 0, RunStatus::Finished), told("a", 0, "run"), history("a", 0, &[1])])?;
    commit(store, vec![run("b", 0, RunStatus::Finished), told("b", 0, "run"), append("b", 1, &[1])])?;
    commit(store, vec![elsewhere(), told("a", 0, "other")])?;
    commit(store, vec![Write::History { key: other.clone(), keep: 0, messages: messages.clone() }])?;
    commit(store, vec![Write::Approval { version: 0, approval: waiting("a", "x", 0)? }, current("P", "p-1")])?;
    commit(store, vec![Write::Plan { version: 0, plan: draft("a", "p-1", json!({}))? }])?;
    expect(read(store.erase_thread("a", "t"))? == 1, "not the records of the thread were erased")?;
    expect(read(store.erase_thread("a", "t"))? == 0, "what was erased was erased again")?;
    expect(
        read(store.run("a", "run"))?.is_some_and(|row| row.value.body == Value::Null),
        "the run kept what it needed",
    )?;
    expect(
        read(store.approval("a", "x"))?.is_none() && read(store.plan("a", "p-1"))?.is_none(),
        "what was asked stays",
    )?;
    expect(read(store.current_plan("a", "t", None))?.is_none(), "the thread means a plan that is gone")?;
    expect(read(store.history(&other))? == messages, "another thread's history is gone")?;
    let whole = |tenant: &str, run_id: &str| -> Result<bool, Violation> {
        Ok(read(store.verified(tenant, run_id))?.iter().all(|stored| stored.record.is_some()))
    };
    expect(whole("b", "run")? && whole("a", "other")?, "another thread's, or tenant's, records are gone")?;
    expect(!whole("a", "run")?, "a record kept its body")
}

/// A run of another thread, that another call began.
fn elsewhere() -> Write {
    match run("a", 0, RunStatus::Finished) {
        Write::Run { version, row } => {
            let (run_id, thread) = ("other".to_owned(), Some("u".to_owned()));
            Write::Run { version, row: RunRow { run_id, thread, request_id: None, ..row } }
        }
        other => other,
    }
}

fn kept(number: u64) -> Result<Entry, Violation> {
    let spec = ReferenceSpec { name: "R".to_owned(), schema: json!({}), ttl_ms: 10 };
    let value = json!({"number": number, "rows": "x".repeat(1_000)});
    Entry::new("a", &spec, &value, json!({"n": number}), 0).map_err(|fault| fault.to_string())
}
