//! Routes: one coordinator, which reaches every agent and never itself.

use super::report::Wiring;
use crate::specs::hints::{did_you_mean, listed};
use crate::specs::{AgentSpec, Role, RuntimeSpec};

pub(super) fn check(spec: &RuntimeSpec, wiring: &mut Wiring) {
    check_coordinators(spec, wiring);
    for agent in &spec.agents {
        check_routes(spec, agent, wiring);
    }
    if let Some(cycle) = spec.route_cycle() {
        let shown: Vec<String> = cycle.iter().map(|name| format!("`{name}`")).collect();
        wiring.fault("agents", format!("routes form a cycle: {}", shown.join(" → ")), "remove one of these routes");
    }
    check_reach(spec, wiring);
}

fn check_coordinators(spec: &RuntimeSpec, wiring: &mut Wiring) {
    let coordinators = spec.agents.iter().filter(|agent| agent.role == Role::Coordinator);
    let names: Vec<&str> = coordinators.map(|agent| agent.name.as_str()).collect();
    if names.len() > 1 {
        let message = format!("a runtime has at most one coordinator, not {}", listed(&names));
        wiring.fault("agents", message, "keep one and make the others specialists");
    }
}

fn check_routes(spec: &RuntimeSpec, agent: &AgentSpec, wiring: &mut Wiring) {
    let place = format!("agents.{}.routes", agent.name);
    for route in agent.routes.iter().filter(|route| spec.agent(route).is_none()) {
        let known = spec.agents.iter().map(|other| other.name.as_str()).filter(|name| *name != agent.name);
        wiring.fault(
            &place,
            format!("unknown agent `{route}` in routes of `{}`", agent.name),
            did_you_mean(route, known),
        );
    }
    match (agent.role, agent.routes.is_empty()) {
        (Role::Coordinator, true) => {
            wiring.fault(
                &place,
                format!("coordinator `{}` has no routes", agent.name),
                "name the agents it may call in `routes=[...]`",
            );
        }
        (Role::Planner | Role::Executor | Role::Specialist, false) => {
            wiring.fault(
                &place,
                format!("{} `{}` has routes", agent.role, agent.name),
                "only a coordinator calls other agents",
            );
        }
        _ => {}
    }
}

fn check_reach(spec: &RuntimeSpec, wiring: &mut Wiring) {
    let reached = spec.coordinated();
    for agent in spec.agents.iter().filter(|agent| !reached.contains(agent.name.as_str())) {
        // A specialist needs no coordinator, and a second coordinator is a fault already.
        let alone = agent.role == Role::Specialist && spec.coordinator().is_none();
        if !alone && agent.role != Role::Coordinator {
            let hint = reach_hint(spec, agent);
            wiring.warn(
                format!("agents.{}", agent.name),
                format!("nothing reaches {} `{}`", agent.role, agent.name),
                hint,
            );
        }
    }
}

fn reach_hint(spec: &RuntimeSpec, agent: &AgentSpec) -> String {
    match (spec.coordinator(), agent.role) {
        (Some(coordinator), Role::Specialist) => {
            format!("add it to routes of `{}`, or call it with `run_specialist`", coordinator.name)
        }
        (Some(coordinator), _) => format!("add it to routes of `{}`", coordinator.name),
        (None, _) => "define a coordinator that routes to it".to_owned(),
    }
}
