//! Laws of beginning: two runs share neither a thread while both are active, nor the call that began them.

use super::{RunStatus, Store, StoreError, Violation, Write, batch, commit, expect, read, run};

/// A row of another run than the one of the other laws.
fn second(tenant: &str, thread: Option<&str>, request_id: Option<&str>) -> Write {
    let mut write = run(tenant, 0, RunStatus::Running);
    if let Write::Run { row, .. } = &mut write {
        "second".clone_into(&mut row.run_id);
        (row.thread, row.request_id) = (thread.map(str::to_owned), request_id.map(str::to_owned));
    }
    write
}

fn is_taken(store: &mut dyn Store, write: Write) -> bool {
    matches!(store.commit(batch(vec![write])), Err(StoreError::Taken { run_id, .. }) if run_id == "run")
}

pub(super) fn a_thread_has_one_active_run(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Running)])?;
    expect(is_taken(store, second("a", Some("t"), None)), "two active runs share a thread")?;
    commit(store, vec![run("a", 1, RunStatus::Paused)])?;
    expect(is_taken(store, second("a", Some("t"), None)), "an active run began beside a paused one")?;
    expect(read(store.run("a", "second"))?.is_none(), "a refused run is there")?;
    commit(store, vec![second("b", Some("t"), None)])?;
    commit(store, vec![run("a", 2, RunStatus::Finished)])?;
    commit(store, vec![second("a", Some("t"), None)])
}

pub(super) fn a_call_begins_one_run(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Running)])?;
    commit(store, vec![run("a", 1, RunStatus::Finished)])?;
    expect(is_taken(store, second("a", Some("u"), Some("r"))), "a call began two runs")?;
    commit(store, vec![second("a", Some("u"), Some("s"))])?;
    commit(store, vec![second("b", Some("u"), Some("r"))])
}

pub(super) fn a_batch_that_ends_a_run_may_begin_the_next(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![run("a", 0, RunStatus::Running)])?;
    commit(store, vec![run("a", 1, RunStatus::Finished), second("a", Some("t"), None)])?;
    let twice = vec![second("c", Some("t"), None), run("c", 0, RunStatus::Running)];
    let refused = store.commit(batch(twice));
    expect(matches!(refused, Err(StoreError::Taken { .. })), "one batch began two runs in a thread")?;
    expect(read(store.run("c", "second"))?.is_none(), "half a refused batch is visible")?;
    let called = batch(vec![second("d", Some("u"), Some("r")), run("d", 0, RunStatus::Finished)]);
    expect(matches!(store.commit(called), Err(StoreError::Taken { .. })), "one batch began two runs by one call")
}
