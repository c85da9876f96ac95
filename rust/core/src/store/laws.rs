//! The laws of stores, as functions that any store can be checked by.

mod approvals;
mod attending;
mod beginning;
mod checking;
mod plans;
mod sweeping;

use serde_json::{Value, json};

use super::batch::{Batch, Write};
use super::error::StoreError;
use super::keys::{Fence, HistoryKey, RunFilter, RunRow, RunStatus};
use super::shelf::Store;
use super::verify::verify;
use crate::budget::Spent;
use crate::references::Entry;
use crate::specs::ReferenceSpec;

/// What a store did against a law.
pub type Violation = String;

/// One law: it takes a fresh store and says how the store breaks it.
pub type Law = fn(&mut dyn Store) -> Result<(), Violation>;

/// Every law with its name.
pub const LAWS: [(&str, Law); 27] = [
    ("a batch is visible whole or not at all", whole_or_not_at_all),
    ("the writes of a batch build on one another", writes_build_on_one_another),
    ("what was committed is read back in order", read_back_in_order),
    ("of two writers one is stale", one_of_two_writers_is_stale),
    ("an older claim writes nothing", older_claims_write_nothing),
    ("runs are found by what they are", runs_are_found),
    ("leases are renewed by their owner", leases_are_renewed),
    ("a thread has one active run", beginning::a_thread_has_one_active_run),
    ("a call begins one run", beginning::a_call_begins_one_run),
    ("a batch that ends a run may begin the next", beginning::a_batch_that_ends_a_run_may_begin_the_next),
    ("a journal is chained", journals_are_chained),
    ("an erased journal still verifies", erased_journals_verify),
    ("another tenant sees nothing", another_tenant_sees_nothing),
    ("what a thread used is kept", spending_is_kept),
    ("equal references share a body", equal_references_share_a_body),
    ("a value is found by its digest", values_are_found_by_digest),
    ("a value comes back as it was", values_come_back),
    ("what is staged is visible at once", what_is_staged_is_visible),
    ("of racing answers exactly one counts", approvals::one_of_racing_answers_counts),
    ("what waits for a human is listed in order", approvals::what_waits_is_listed_in_order),
    ("runs that wait for no human are found", attending::runs_that_wait_for_no_human_are_found),
    ("a thread means its last plan", plans::a_thread_means_its_last_plan),
    ("what somebody needs is not swept", sweeping::what_is_needed_stays),
    ("what runs is not swept", sweeping::what_runs_stays),
    ("what was swept can be stored again", sweeping::what_is_swept_can_be_stored_again),
    ("only the thread that is named is erased", sweeping::only_the_thread_is_erased),
    ("a sound store is found sound", checking::a_sound_store_is_found_sound),
];

fn whole_or_not_at_all(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![append("a", 0, &[1])])?;
    let half = batch(vec![history("a", 0, &[1]), append("a", 0, &[2])]);
    expect(matches!(store.commit(half), Err(StoreError::Stale { .. })), "a stale append was taken")?;
    expect(read(store.history(&history_key("a")))?.is_empty(), "half a batch is visible")
}

fn writes_build_on_one_another(store: &mut dyn Store) -> Result<(), Violation> {
    let writes = || vec![run("a", 0, RunStatus::Running), append("a", 0, &[1]), append("a", 1, &[2])];
    let stale = batch(writes().into_iter().chain([run("a", 0, RunStatus::Failed)]).collect());
    expect(matches!(store.commit(stale), Err(StoreError::Stale { .. })), "a write did not see the one before")?;
    expect(read(store.head("a", "run"))?.seq == 0, "a refused batch left records")?;
    commit(store, writes().into_iter().chain([run("a", 1, RunStatus::Paused)]).collect())?;
    let row = read(store.run("a", "run"))?.ok_or("the run is gone")?;
    expect((row.version, row.value.status) == (2, RunStatus::Paused), "the last write did not win")?;
    expect(read(store.head("a", "run"))?.seq == 2, "an append did not follow the one before")
}

fn older_claims_write_nothing(store: &mut dyn Store) -> Result<(), Violation> {
    let claimed = |version: u64, epoch: u64| {
        let Write::Run { row, .. } = run("a", version, RunStatus::Running) else {
            return run("a", 0, RunStatus::Running);
        };
        Write::Run { version, row: RunRow { epoch, ..row } }
    };
    let under = |epoch: u64, after: u64| {
        let fence = Fence { tenant: "a".to_owned(), run_id: "run".to_owned(), epoch };
        batch(vec![append("a", after, &[1])]).under(Some(fence))
    };
    let unclaimed = store.commit(under(1, 0));
    expect(matches!(unclaimed, Err(StoreError::Fenced { actual: 0, .. })), "a run that nobody claimed was written")?;
    commit(store, vec![claimed(0, 1)])?;
    store.commit(under(1, 0)).map_err(|fault| fault.to_string())?;
    commit(store, vec![claimed(1, 2)])?;
    let refused = store.commit(under(1, 1));
    expect(matches!(refused, Err(StoreError::Fenced { expected: 1, actual: 2, .. })), "an older claim was taken")?;
    expect(read(store.head("a", "run"))?.seq == 1, "an older claim left records")
}

fn runs_are_found(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Paused)])?;
    commit(store, vec![run("b", 0, RunStatus::Finished)])?;
    let count = |filter: &RunFilter| read(store.runs(filter)).map(|found| found.len());
    expect(count(&RunFilter::default())? == 2, "not every run is listed")?;
    expect(count(&RunFilter::of("a"))? == 1 && count(&RunFilter::of("c"))? == 0, "the tenant is not kept apart")?;
    expect(count(&RunFilter::of("a").in_thread("t"))? == 1, "a run of the thread is missing")?;
    expect(count(&RunFilter::of("a").in_thread("u"))? == 0, "a run of another thread is listed")?;
    let paused = RunFilter::default().standing(&[RunStatus::Paused]);
    expect(count(&paused)? == 1, "runs are not told apart by where they stand")?;
    let named = |name: &str| RunFilter { request_id: Some(name.to_owned()), ..RunFilter::of("a") };
    expect(count(&named("r"))? == 1 && count(&named("s"))? == 0, "a run is not found by its request")
}

fn leases_are_renewed(store: &mut dyn Store) -> Result<(), Violation> {
    let Write::Run { row, .. } = run("a", 0, RunStatus::Running) else { return Ok(()) };
    let row = RunRow { owner: Some("one".to_owned()), lease_until: 10, ..row };
    commit(store, vec![Write::Run { version: 0, row }])?;
    read(store.renew("other", 20))?;
    read(store.renew("one", 15))?;
    let row = read(store.run("a", "run"))?.ok_or("the run is gone")?;
    expect((row.version, row.value.lease_until) == (1, 15), "the lease is not the owner's")?;
    expect(!row.value.is_free(14) && row.value.is_free(15), "the lease does not end when it says")
}

fn values_are_found_by_digest(store: &mut dyn Store) -> Result<(), Violation> {
    let body = json!({"prompt": "x".repeat(10_000), "n": 1});
    let digest = crate::json::digest(&body).map_err(|fault| fault.to_string())?;
    let content = || Write::Content { tenant: "a".to_owned(), body: body.clone() };
    commit(store, vec![content()])?;
    commit(store, vec![content(), Write::Content { tenant: "a".to_owned(), body: json!(2) }])?;
    expect(read(store.content("a", &digest))? == Some(body.clone()), "the value is another one")?;
    expect(read(store.content("b", &digest))?.is_none(), "another tenant finds it")
}

fn values_come_back(store: &mut dyn Store) -> Result<(), Violation> {
    let large: Value = serde_json::from_str("[123456789012345678901234567890, 1.0, 1e300, -0.0]")
        .map_err(|fault: serde_json::Error| fault.to_string())?;
    let text = "\u{0} \u{202e} \u{10ffff} '; DROP TABLE runs; --".repeat(20);
    let record = json!({"a/b": {"~1": [large, text, {"": text}]}, "null": null, "no": []});
    let [tenant, run_id, thread] = ["a'\"\u{0}", "../run", "[\"t\"]"].map(str::to_owned);
    let key = HistoryKey { tenant: tenant.clone(), thread: thread.clone(), agent: "%".to_owned() };
    let messages = vec![record.clone(), json!(text)];
    let Write::Run { row, .. } = run("a", 0, RunStatus::Running) else { return Ok(()) };
    let row =
        RunRow { tenant: tenant.clone(), run_id: run_id.clone(), thread: Some(thread), body: record.clone(), ..row };
    let append = Write::Append { tenant: tenant.clone(), run_id: run_id.clone(), after: 0, records: messages.clone() };
    let history = Write::History { key: key.clone(), keep: 0, messages: messages.clone() };
    commit(store, vec![Write::Run { version: 0, row: row.clone() }, append, history])?;
    let records: Vec<_> = read(store.verified(&tenant, &run_id))?.into_iter().filter_map(|row| row.record).collect();
    expect(records == messages && read(store.history(&key))? == messages, "a value came back as another one")?;
    expect(read(store.run(&tenant, &run_id))?.is_some_and(|kept| kept.value == row), "a run came back as another one")
}

fn what_is_staged_is_visible(store: &mut dyn Store) -> Result<(), Violation> {
    read(store.stage("run", batch(vec![run("a", 0, RunStatus::Running), append("a", 0, &[1])])))?;
    read(store.stage("run", batch(vec![history("a", 0, &[1, 2]), append("a", 1, &[2])])))?;
    let seen = |store: &dyn Store| -> Result<_, Violation> {
        let history = read(store.history(&history_key("a")))?.len();
        Ok((read(store.journal("a", "run", 0))?.len(), history, read(store.runs(&RunFilter::of("a")))?.len()))
    };
    expect(seen(store)? == (2, 2, 1), "what was staged is not visible")?;
    let stale = store.stage("run", batch(vec![append("a", 1, &[3]), history("a", 0, &[])]));
    expect(matches!(stale, Err(StoreError::Stale { expected: 1, actual: 2, .. })), "a stale write was staged")?;
    expect(seen(store)? == (2, 2, 1), "a refused write is visible")?;
    let (tell, told) = std::sync::mpsc::channel();
    let herald = Box::new(move |outcome| drop(tell.send(outcome)));
    store.submit("run", batch(vec![append("a", 2, &[3]), history("a", 1, &[9])]), herald);
    expect(seen(store)? == (3, 2, 1), "what was submitted is not visible")?;
    expect(told.recv() == Ok(Ok(())), "nobody was told that it is durable")?;
    expect(seen(store)? == (3, 2, 1), "what is durable is not visible")?;
    let records: Vec<_> = read(store.verified("a", "run"))?.into_iter().filter_map(|row| row.record).collect();
    expect(records == [json!(1), json!(2), json!(3)], "what was staged is not durable in its order")
}

fn erased_journals_verify(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Running), append("a", 0, &[1, 2]), history("a", 0, &[1])])?;
    expect(read(store.erase_thread("a", "t"))? == 0, "a run that goes on was erased")?;
    commit(store, vec![run("a", 1, RunStatus::Finished)])?;
    expect(read(store.erase_thread("b", "t"))? == 0, "another tenant's thread was erased")?;
    expect(read(store.erase_thread("a", "t"))? == 2, "not every record was erased")?;
    let (records, head) = (read(store.journal("a", "run", 0))?, read(store.head("a", "run"))?);
    expect(records.iter().all(|stored| stored.record.is_none()), "a record kept its body")?;
    expect(read(store.history(&history_key("a")))?.is_empty(), "the history stays")?;
    verify("a", "run", &records, &head).map_err(|fault| fault.to_string())
}

fn read_back_in_order(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![append("a", 0, &[1, 2]), history("a", 0, &[1, 2, 3])])?;
    commit(store, vec![append("a", 2, &[3]), history("a", 1, &[9])])?;
    let records: Vec<Value> =
        read(store.journal("a", "run", 1))?.into_iter().filter_map(|stored| stored.record).collect();
    expect(records == [json!(2), json!(3)], "the journal is out of order")?;
    expect(read(store.history(&history_key("a")))? == [json!(1), json!(9)], "the history is out of order")
}

fn one_of_two_writers_is_stale(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Running)])?;
    commit(store, vec![run("a", 1, RunStatus::Paused)])?;
    let second = store.commit(batch(vec![run("a", 1, RunStatus::Failed)]));
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
    expect(
        read(store.run("b", "run"))?.is_none() && read(store.runs(&RunFilter::of("b")))?.is_empty(),
        "a run is visible",
    )?;
    expect(read(store.history(&history_key("b")))?.is_empty(), "a history is visible")?;
    expect(read(store.reference("b", &handle))?.is_none(), "a reference is visible")
}

fn spending_is_kept(store: &mut dyn Store) -> Result<(), Violation> {
    expect(read(store.spending("a", "t"))?.is_none(), "a thread has used something before it began")?;
    commit(store, vec![spending("a", 0, 1)])?;
    commit(store, vec![spending("a", 1, 5)])?;
    let second = store.commit(batch(vec![spending("a", 1, 2)]));
    expect(matches!(second, Err(StoreError::Stale { expected: 1, actual: 2, .. })), "both writers were taken")?;
    let kept = read(store.spending("a", "t"))?.ok_or("the spending is gone")?;
    expect((kept.version, kept.value.model_calls) == (2, 5), "the stale writer won")?;
    expect(read(store.spending("b", "t"))?.is_none(), "another tenant's spending is visible")
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
    store.commit(batch(writes)).map_err(|fault| fault.to_string())
}

fn batch(writes: Vec<Write>) -> Batch {
    Batch { writes, fence: None }
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
        request_id: Some("r".to_owned()),
        status,
        epoch: 0,
        owner: None,
        lease_until: 0,
        started_at: 0,
        body: Value::Null,
    };
    Write::Run { version, row }
}

fn spending(tenant: &str, version: u64, model_calls: u64) -> Write {
    let spent = Spent { model_calls, ..Spent::default() };
    Write::Spending { version, tenant: tenant.to_owned(), thread: "t".to_owned(), spent }
}

fn entry(tenant: &str, now: i64) -> Result<Entry, Violation> {
    let spec = ReferenceSpec { name: "Rows".to_owned(), schema: json!({}), ttl_ms: 100 };
    Entry::new(tenant, &spec, &json!([1]), Value::Null, now).map_err(|fault| fault.to_string())
}
