//! The memory store keeps the laws, and does not grow.

use serde_json::json;

use super::{Batch, Damage, MemoryStore, Store, StoreError, Write, check_store};
use crate::approvals::{Approval, ApprovalKind, Bound};
use crate::budget::Spent;
use crate::plans::{Actor, Part, PlanInstance};
use crate::references::Entry;
use crate::specs::{PlanSpec, ReferenceSpec};

#[test]
fn the_memory_store_keeps_every_law() {
    let conformance = check_store(MemoryStore::default);
    assert!(conformance.is_kept(), "{conformance}");
}

#[test]
fn a_law_that_is_broken_is_named_with_what_was_done_against_it() {
    let conformance = check_store(|| {
        let mut store = MemoryStore::default();
        let (tenant, thread) = ("a".to_owned(), "t".to_owned());
        let spent = Spent::default();
        store.commit(Batch::new().with(Write::Spending { version: 0, tenant, thread, spent })).unwrap();
        store
    });
    let broken: Vec<_> = conformance.broken().map(|(name, violation)| (name, violation.as_str())).collect();
    assert_eq!(broken[0], ("what a thread used is kept", "a thread has used something before it began"));
    assert!(!conformance.is_kept());
    let line = "broken  what a thread used is kept: a thread has used something before it began\n";
    assert!(conformance.to_string().contains(line), "{conformance}");
}

#[test]
fn a_check_names_the_journal_and_the_record_that_does_not_follow() {
    let mut store = MemoryStore::default();
    for run_id in ["one", "two"] {
        let (tenant, run_id) = ("acme".to_owned(), run_id.to_owned());
        let records = vec![json!(1), json!(2), json!(3)];
        store.commit(Batch::new().with(Write::Append { tenant, run_id, after: 0, records })).unwrap();
    }
    let key = ("acme".to_owned(), "two".to_owned());
    store.journals.get_mut(&key).unwrap()[1].record = Some(json!("another"));
    let fault = StoreError::Broken { run_id: "two".to_owned(), seq: 2 };
    assert_eq!(store.check(), Ok(vec![Damage { key: Damage::name("journal", "acme", "two"), fault }]));
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn kept(number: usize, now: i64, ttl_ms: i64) -> Entry {
    let spec = ReferenceSpec { name: "R".to_owned(), schema: json!({}), ttl_ms };
    Entry::new("acme", &spec, &json!({"number": number}), json!(null), now).unwrap()
}

fn write(store: &mut MemoryStore, write: Write, now: i64) {
    store.commit(Batch::new().with(write)).unwrap();
    store.tend(now).unwrap();
}

#[test]
fn a_store_that_lives_for_long_does_not_grow() {
    let mut store = MemoryStore::default();
    for day in 0..5_000_u32 {
        let (number, now) = (usize::try_from(day).unwrap(), i64::from(day) * DAY_MS);
        write(&mut store, Write::Reference(kept(number, now, DAY_MS)), now);
        let plan_id = format!("p-{day}");
        let spec = PlanSpec { name: "P".to_owned(), schema: json!({}), actions_field: None };
        let plan = PlanInstance::store(&plan_id, &spec, "acme", "t", json!({}), Actor::new(Part::Planner, "p"));
        write(&mut store, Write::Plan { version: 0, plan: plan.unwrap().0 }, now);
        let (tenant, plan) = ("acme".to_owned(), "P".to_owned());
        let current = Write::CurrentPlan { tenant, thread: plan_id.clone(), plan, plan_id };
        write(&mut store, current, now);
        write(&mut store, asked("acme", &format!("a-{day}"), now), now);
    }
    assert!(store.references.len() < 200, "{}", store.references.len());
    assert!(store.approvals.len() < 200 && store.plans.len() < 200, "{}", store.plans.len());
    assert!(store.current_plans.len() < 200 && store.unchanged.len() <= store.plans.len());
}

fn asked(tenant: &str, id: &str, at: i64) -> Write {
    let bound = Bound::new(ApprovalKind::Program, tenant, "run", "1", "always");
    let mut approval = Approval::ask(id, bound, "t", at, 100).unwrap();
    approval.thread_id = Some("t".to_owned());
    Write::Approval { version: 0, approval }
}
