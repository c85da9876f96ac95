//! Laws of approvals: one answer counts, and what waits is listed in order.

use super::{Store, StoreError, Violation, Write, batch, commit, expect, read};
use crate::approvals::{Approval, ApprovalKind, Bound, Decision, Verdict, answer};

pub(super) fn one_of_racing_answers_counts(store: &mut dyn Store) -> Result<(), Violation> {
    commit(store, vec![asked("a", "x", 0)?])?;
    let known = read(store.approval("a", "x"))?.ok_or("the approval is gone")?;
    let mut taken = Vec::new();
    for index in 0..50 {
        let mut approval = known.value.clone();
        let verdict = Verdict::reject(&index.to_string());
        let decision = Decision { verdict, principal: None, by_handler: false, reason: None, at: 1 };
        answer(&mut approval, "a", decision, 1).map_err(|fault| fault.to_string())?;
        let write = Write::Approval { version: known.version, approval: approval.clone() };
        match store.commit(batch(vec![write])) {
            Ok(()) => taken.push(approval),
            Err(StoreError::Stale { expected: 1, actual: 2, .. }) => {}
            Err(fault) => return Err(fault.to_string()),
        }
    }
    let kept = read(store.approval("a", "x"))?.map(|row| row.value);
    expect(taken.len() == 1 && kept == taken.pop(), "not exactly one answer counts")
}

pub(super) fn what_waits_is_listed_in_order(store: &mut dyn Store) -> Result<(), Violation> {
    let mut answered = waiting("a", "d", 2)?;
    answered.withdrawn = Some("nobody needs it".to_owned());
    answered.status = crate::approvals::ApprovalStatus::Withdrawn;
    for write in [asked("a", "z", 9)?, asked("a", "b", 3)?, asked("b", "c", 1)?, asked("a", "a", 9)?] {
        commit(store, vec![write])?;
    }
    commit(store, vec![asked("a", "d", 2)?, Write::Approval { version: 1, approval: answered }])?;
    let ids = |tenant: &str, thread| -> Result<Vec<String>, Violation> {
        Ok(read(store.pending_approvals(tenant, thread))?.into_iter().map(|row| row.value.id).collect())
    };
    expect(ids("a", None)? == ["b", "a", "z"], "what waits is out of order, or not all of it")?;
    expect(ids("a", Some("t"))? == ["b", "a", "z"] && ids("a", Some("u"))?.is_empty(), "threads are not told apart")?;
    expect(ids("b", None)? == ["c"] && ids("c", None)?.is_empty(), "another tenant's are listed")?;
    expect(read(store.approval("b", "a"))?.is_none(), "another tenant finds it")
}

pub(super) fn waiting(tenant: &str, id: &str, at: i64) -> Result<Approval, Violation> {
    let bound = Bound::new(ApprovalKind::Program, tenant, "run", "1", "always");
    let mut approval = Approval::ask(id, bound, "t", at, 100).map_err(|fault| fault.to_string())?;
    approval.thread_id = Some("t".to_owned());
    Ok(approval)
}

fn asked(tenant: &str, id: &str, at: i64) -> Result<Write, Violation> {
    Ok(Write::Approval { version: 0, approval: waiting(tenant, id, at)? })
}
