//! Laws of plans: they are kept with the thread that means them.

use serde_json::{Value, json};

use super::{Store, StoreError, Violation, Write, batch, commit, expect, read};
use crate::plans::{Actor, Binding, Consent, Part, PlanInstance};
use crate::specs::PlanSpec;

pub(super) fn a_thread_means_its_last_plan(store: &mut dyn Store) -> Result<(), Violation> {
    let plan = draft("a", "p-1", json!({"rows": [1, 2.5], "why": "x".repeat(1_000)}))?;
    commit(store, vec![Write::Plan { version: 0, plan: plan.clone() }, current("P", "p-1")])?;
    commit(store, vec![current("Q", "q-1")])?;
    let kept = read(store.plan("a", "p-1"))?.ok_or("the plan is gone")?;
    expect((kept.version, kept.value) == (1, plan.clone()), "the plan is another one")?;
    let second = store.commit(batch(vec![Write::Plan { version: 0, plan }]));
    expect(matches!(second, Err(StoreError::Stale { expected: 0, actual: 1, .. })), "both writers were taken")?;
    let meant = |tenant: &str, plan: Option<&str>| read(store.current_plan(tenant, "t", plan));
    expect(meant("a", Some("P"))?.as_deref() == Some("p-1"), "the thread lost its plan of a type")?;
    expect(meant("a", Some("Q"))?.as_deref() == Some("q-1"), "the thread lost its plan of another type")?;
    expect(meant("a", None)?.as_deref() == Some("q-1"), "the thread does not mean the last one")?;
    expect(meant("a", Some("R"))?.is_none() && meant("b", Some("P"))?.is_none(), "a plan is meant that is not there")?;
    expect(meant("b", None)?.is_none() && read(store.plan("b", "p-1"))?.is_none(), "another tenant sees it")
}

pub(super) fn draft(tenant: &str, id: &str, body: Value) -> Result<PlanInstance, Violation> {
    let spec = PlanSpec { name: "P".to_owned(), schema: json!({}), actions_field: None };
    let stored = PlanInstance::store(id, &spec, tenant, "t", body, Actor::new(Part::Planner, "p"));
    stored.map(|(plan, _)| plan).map_err(|fault| fault.to_string())
}

/// A plan that was approved and begun.
pub(super) fn executing(tenant: &str, id: &str, body: Value) -> Result<PlanInstance, Violation> {
    let mut plan = draft(tenant, id, body)?;
    let begun = plan.approve(plan.digest(), Actor::human(Some("ana")), Consent::default());
    let executor = Actor::new(Part::Executor, "e");
    let begun = begun.and_then(|_| plan.begin(plan.digest(), executor, Binding::Dispatched));
    begun.map_err(|fault| fault.to_string())?;
    Ok(plan)
}

pub(super) fn current(plan: &str, plan_id: &str) -> Write {
    let [tenant, thread] = ["a", "t"].map(str::to_owned);
    Write::CurrentPlan { tenant, thread, plan: plan.to_owned(), plan_id: plan_id.to_owned() }
}
