//! Plans: planners and executors agree on the type, dispatchers cover it.

use std::collections::BTreeMap;

use super::report::Wiring;
use crate::json::canonical;
use crate::specs::hints::did_you_mean;
use crate::specs::{AgentSpec, DispatchEntry, PlanSpec, Role, RuntimeSpec};

pub(super) fn check(spec: &RuntimeSpec, wiring: &mut Wiring) {
    for agent in &spec.agents {
        check_presence(agent, wiring);
        check_dispatcher(agent, wiring);
    }
    check_types(spec, wiring);
    for agent in with_role(spec, Role::Executor) {
        check_planner(spec, agent, wiring);
    }
}

fn check_presence(agent: &AgentSpec, wiring: &mut Wiring) {
    let place = format!("agents.{}.plan", agent.name);
    if agent.role.needs_plan() && agent.plan.is_none() {
        wiring.fault(&place, format!("{} `{}` has no plan", agent.role, agent.name), "pass `plan=define_plan(...)`");
    }
    if !agent.role.needs_plan() && agent.plan.is_some() {
        wiring.fault(
            &place,
            format!("{} `{}` has a plan", agent.role, agent.name),
            "only planners and executors work on plans",
        );
    }
}

/// One name means one schema wherever it is used.
fn check_types(spec: &RuntimeSpec, wiring: &mut Wiring) {
    let mut first: BTreeMap<&str, (&AgentSpec, &PlanSpec)> = BTreeMap::new();
    for agent in &spec.agents {
        let Some(plan) = &agent.plan else { continue };
        let (other, known) = *first.entry(&plan.name).or_insert((agent, plan));
        if !same_type(known, plan) {
            let message =
                format!("plan `{}` of `{}` has another schema than that of `{}`", plan.name, agent.name, other.name);
            wiring.fault(format!("agents.{}.plan", agent.name), message, "define the plan once and pass it to both");
        }
    }
}

fn same_type(one: &PlanSpec, two: &PlanSpec) -> bool {
    one.actions_field == two.actions_field && canonical(&one.schema) == canonical(&two.schema)
}

fn check_planner(spec: &RuntimeSpec, executor: &AgentSpec, wiring: &mut Wiring) {
    let Some(plan) = &executor.plan else { return };
    let planners: Vec<&AgentSpec> = with_role(spec, Role::Planner).filter(|planner| planner.plan.is_some()).collect();
    let stored = || planners.iter().filter_map(|planner| planner.plan.as_ref()).map(|plan| plan.name.as_str());
    let place = format!("agents.{}.plan", executor.name);
    if planners.is_empty() {
        let message = format!("executor `{}` performs `{}`, which no planner stores", executor.name, plan.name);
        wiring.warn(place, message, "only a program can store it; define a planner for it");
    } else if !stored().any(|name| name == plan.name) {
        let names: Vec<String> = planners.iter().map(|planner| stored_by(planner)).collect();
        let message = format!("executor `{}` performs `{}`, but {}", executor.name, plan.name, names.join(" and "));
        wiring.fault(place, message, "pass the same plan to planner and executor");
    }
}

fn stored_by(planner: &AgentSpec) -> String {
    let plan = planner.plan.as_ref().map_or("nothing", |plan| plan.name.as_str());
    format!("planner `{}` stores `{plan}`", planner.name)
}

fn check_dispatcher(agent: &AgentSpec, wiring: &mut Wiring) {
    let place = format!("agents.{}.dispatcher", agent.name);
    match (&agent.dispatcher, agent.role, &agent.plan) {
        (None, Role::Executor, _) => {
            let message =
                format!("executor `{}` has no dispatcher: nothing binds its calls to the plan's actions", agent.name);
            wiring.warn(place, message, "pass `dispatcher=ActionDispatcher(plan)`");
        }
        (Some(entries), Role::Executor, Some(plan)) => check_cover(agent, plan, entries, wiring),
        (Some(_), Role::Coordinator | Role::Planner | Role::Specialist, _) => {
            wiring.fault(
                place,
                format!("{} `{}` has a dispatcher", agent.role, agent.name),
                "only executors perform actions",
            );
        }
        _ => {}
    }
}

fn check_cover(agent: &AgentSpec, plan: &PlanSpec, entries: &BTreeMap<String, DispatchEntry>, wiring: &mut Wiring) {
    let place = format!("agents.{}.dispatcher", agent.name);
    let kinds = plan.action_kinds();
    for kind in kinds.iter().filter(|kind| !entries.contains_key(*kind)) {
        let message = format!("dispatcher of `{}` does not cover the action `{kind}` of `{}`", agent.name, plan.name);
        wiring.fault(&place, message, format!("add `@actions.on(...)` for `{kind}`"));
    }
    for kind in entries.keys().filter(|kind| !kinds.contains(kind)) {
        let message =
            format!("dispatcher of `{}` performs `{kind}`, which is no action of `{}`", agent.name, plan.name);
        wiring.fault(&place, message, did_you_mean(kind, kinds.iter().map(String::as_str)));
    }
}

fn with_role(spec: &RuntimeSpec, role: Role) -> impl Iterator<Item = &AgentSpec> {
    spec.agents.iter().filter(move |agent| agent.role == role)
}
