//! Law of recovery: the runs that nobody has to wait for are found, and no others.

use super::approvals::waiting;
use super::{RunRow, RunStatus, Store, Violation, Write, batch, commit, expect, read, run};
use crate::approvals::ApprovalStatus;

pub(super) fn runs_that_wait_for_no_human_are_found(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![stands("a", "driven", RunStatus::Running), stands("a", "over", RunStatus::Finished)])?;
    for (tenant, id) in [("a", "asks"), ("a", "late"), ("b", "asks")] {
        commit(store, vec![stands(tenant, id, RunStatus::Paused)])?;
    }
    commit(store, vec![asked("asks", "q", 100)?, asked("asks", "p", 100)?, asked("late", "l", 50)?])?;
    expect(found(store, 49)? == ["a driven", "b asks"], "a run that waits was found, or one that does not was not")?;
    expect(found(store, 50)? == ["a driven", "a late", "b asks"], "nobody answered in time, and it waits on")?;
    answered(store, "q")?;
    expect(found(store, 49)? == ["a driven", "b asks"], "one of two answers was enough")?;
    answered(store, "p")?;
    expect(found(store, 49)? == ["a asks", "a driven", "b asks"], "a run that was answered is not found")?;
    read(store.stage("driven", batch(vec![over("driven")])))?;
    expect(found(store, 49)? == ["a asks", "b asks"], "a run that is over is found")
}

fn found(store: &dyn Store, now: i64) -> Result<Vec<String>, Violation> {
    let mut found: Vec<_> =
        read(store.unattended(now))?.into_iter().map(|(tenant, run_id)| format!("{tenant} {run_id}")).collect();
    found.sort();
    Ok(found)
}

fn stands(tenant: &str, run_id: &str, status: RunStatus) -> Write {
    written(tenant, 0, run_id, status)
}

fn over(run_id: &str) -> Write {
    written("a", 1, run_id, RunStatus::Finished)
}

fn written(tenant: &str, version: u64, run_id: &str, status: RunStatus) -> Write {
    match run(tenant, version, status) {
        Write::Run { row, .. } => {
            let row = RunRow { run_id: run_id.to_owned(), thread: Some(run_id.to_owned()), request_id: None, ..row };
            Write::Run { version, row }
        }
        other => other,
    }
}

fn asked(run_id: &str, id: &str, expires_at: i64) -> Result<Write, Violation> {
    let mut approval = waiting("a", id, 0)?;
    run_id.clone_into(&mut approval.bound.run_id);
    approval.thread_id = Some(run_id.to_owned());
    approval.expires_at = expires_at;
    Ok(Write::Approval { version: 0, approval })
}

/// Staged, so that a store that writes behind knows it before its medium does.
fn answered(store: &mut dyn Store, id: &str) -> Result<(), Violation> {
    let row = read(store.approval("a", id))?.ok_or("the approval is gone")?;
    let mut approval = row.value;
    approval.status = ApprovalStatus::Approved;
    read(store.stage("asks", batch(vec![Write::Approval { version: row.version, approval }])))
}
