//! The memory store keeps the laws, and answers race for one approval.

use serde_json::json;

use super::{Batch, LAWS, MemoryStore, Store, StoreError, Write};
use crate::approvals::{Approval, ApprovalKind, Bound, Decision, Verdict, answer};
use crate::plans::{Actor, Part, PlanInstance};
use crate::specs::PlanSpec;

#[test]
fn the_memory_store_keeps_every_law() {
    for (name, law) in LAWS {
        assert_eq!(law(&mut MemoryStore::default()), Ok(()), "{name}");
    }
}

fn asked(tenant: &str, id: &str, at: i64) -> Write {
    let bound = Bound::new(ApprovalKind::Program, tenant, "run", "1", "always");
    let mut approval = Approval::ask(id, bound, "t", at, 100).unwrap();
    approval.thread_id = Some("t".to_owned());
    Write::Approval { version: 0, approval }
}

#[test]
fn of_fifty_racing_answers_exactly_one_takes_effect() {
    let mut store = MemoryStore::default();
    store.commit(Batch::new().with(asked("acme", "a", 0))).unwrap();
    let read: Vec<_> = (0..50).map(|_| store.approval("acme", "a").unwrap().unwrap()).collect();
    let mut taken = 0;
    for (index, row) in read.into_iter().enumerate() {
        let (version, mut approval) = (row.version, row.value);
        let verdict = Verdict::reject(&index.to_string());
        answer(&mut approval, "acme", Decision { verdict, principal: None, at: 1 }, 1).unwrap();
        match store.commit(Batch::new().with(Write::Approval { version, approval })) {
            Ok(()) => taken += 1,
            Err(fault) => {
                assert!(matches!(fault, StoreError::Stale { expected: 1, actual: 2, .. }));
            }
        }
    }
    assert_eq!(taken, 1);
}

#[test]
fn pending_approvals_are_listed_in_the_order_they_were_asked() {
    let mut store = MemoryStore::default();
    for write in [asked("acme", "a", 9), asked("acme", "b", 3), asked("other", "c", 1)] {
        store.commit(Batch::new().with(write)).unwrap();
    }
    let ids = |tenant: &str, thread| -> Vec<String> {
        store.pending_approvals(tenant, thread).unwrap().into_iter().map(|row| row.value.id).collect()
    };
    assert_eq!(ids("acme", None), ["b", "a"]);
    assert_eq!(ids("acme", Some("t")), ["b", "a"]);
    assert!(ids("acme", Some("u")).is_empty());
    assert_eq!(ids("other", None), ["c"]);
}

#[test]
fn a_plan_and_the_thread_that_means_it_are_kept_together() {
    let mut store = MemoryStore::default();
    let spec = PlanSpec { name: "P".to_owned(), schema: json!({}), actions_field: None };
    let plan = PlanInstance::store("p-1", &spec, "acme", "t", json!({}), Actor::new(Part::Planner, "p")).unwrap().0;
    let current = Write::CurrentPlan { tenant: "acme".to_owned(), thread: "t".to_owned(), plan_id: "p-1".to_owned() };
    store.commit(Batch::new().with(Write::Plan { version: 0, plan: plan.clone() }).with(current)).unwrap();
    assert_eq!(store.plan("acme", "p-1").unwrap().unwrap().value, plan);
    assert_eq!(store.current_plan("acme", "t").unwrap().as_deref(), Some("p-1"));
    assert_eq!(store.current_plan("other", "t").unwrap(), None);
    assert!(store.plan("other", "p-1").unwrap().is_none());
}
