//! Added policies: every rule of an interpreter is CEL and names only what there is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::policies::{Schemas, check_approval, check_rule};
use super::report::Wiring;
use crate::specs::hints::did_you_mean;
use crate::specs::{AddedPolicy, AgentSpec, ApprovalSpec, RuntimeSpec};

/// Reports what is wrong with the rules that an interpreter adds to a runtime's.
///
/// Where no agent is known the tools are a program's own, and their names are taken as they are.
#[must_use]
pub fn check_added(spec: &RuntimeSpec, added: &AddedPolicy) -> Wiring {
    let mut wiring = Wiring::default();
    let everyone: Vec<&AgentSpec> = spec.agents.iter().collect();
    check_rules("policy", added, &everyone, &mut wiring);
    for (name, rules) in &added.agents {
        let place = format!("policy.agents.{name}");
        match everyone.iter().find(|agent| agent.name == *name) {
            Some(agent) => check_rules(&place, rules, &[agent], &mut wiring),
            None if everyone.is_empty() => check_rules(&place, rules, &[], &mut wiring),
            None => {
                let hint = did_you_mean(name, everyone.iter().map(|agent| agent.name.as_str()));
                wiring.fault(place, format!("unknown agent `{name}` in the policy of the interpreter"), hint);
            }
        }
    }
    wiring
}

fn check_rules(place: &str, added: &AddedPolicy, agents: &[&AgentSpec], wiring: &mut Wiring) {
    let approval = ApprovalSpec { plans: added.plans.clone(), tools: added.tools.clone() };
    check_approval(place, &approval, agents, wiring);
    let known: BTreeSet<&str> = agents.iter().flat_map(|agent| agent.tool_names()).collect();
    for (tool, rule) in &added.tool_approvals {
        let place = format!("{place}.tool_approvals.{tool}");
        if !agents.is_empty() && !known.contains(tool.as_str()) {
            let message = format!("unknown tool `{tool}` in the policy of the interpreter");
            wiring.fault(place, message, did_you_mean(tool, known.iter().copied()));
            continue;
        }
        check_rule(&place, rule, &schemas_of(tool, agents), wiring);
    }
}

/// The parameters of every tool of that name; none where one of them is not declared.
fn schemas_of<'a>(tool: &str, agents: &[&'a AgentSpec]) -> Schemas<'a> {
    let holders = agents.iter().filter(|agent| agent.tool_names().contains(&tool));
    let declared = |agent: &&'a AgentSpec| -> Option<&'a Value> { agent.tool(tool).map(|tool| &tool.parameters) };
    holders.map(declared).collect::<Option<Vec<_>>>().filter(|schemas| !schemas.is_empty())
}
