//! Names: each is used once, and none hides what a role brings along.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Wiring;
use crate::specs::{AgentSpec, RuntimeSpec, ToolSpec, toolkit_tools};

pub(super) fn check(spec: &RuntimeSpec, wiring: &mut Wiring) {
    for name in repeated(spec.agents.iter().map(|agent| agent.name.as_str())) {
        wiring.fault(
            format!("agents.{name}"),
            format!("two agents are named `{name}`"),
            "give each agent its own name",
        );
    }
    for name in repeated(spec.references.iter().map(|reference| reference.name.as_str())) {
        wiring.fault(
            format!("references.{name}"),
            format!("two references are named `{name}`"),
            "give each reference its own name",
        );
    }
    for agent in &spec.agents {
        check_tools(agent, wiring);
    }
}

fn check_tools(agent: &AgentSpec, wiring: &mut Wiring) {
    for name in repeated_tools(agent) {
        let message = format!("two tools of `{}` are named `{name}`", agent.name);
        wiring.fault(format!("agents.{}.tools", agent.name), message, "rename one of them");
    }
    let names: BTreeSet<&str> = agent.every_tool().map(|tool| tool.name.as_str()).collect();
    for name in names {
        if let Some(owner) = brought_along(agent, name) {
            let message = format!("tool `{name}` of `{}` is named like a tool of {owner}", agent.name);
            wiring.fault(format!("agents.{}.tools", agent.name), message, "rename it");
        }
    }
}

fn brought_along(agent: &AgentSpec, name: &str) -> Option<String> {
    if agent.role.built_in_tools().contains(&name) {
        return Some(format!("its role, {}", agent.role));
    }
    let holds = |toolkit: &&String| toolkit_tools(toolkit).is_some_and(|tools| tools.contains(&name));
    agent.toolkits.iter().find(holds).map(|toolkit| format!("its toolkit `{toolkit}`"))
}

/// Names given twice in `tools`, or given to different tools anywhere in the agent.
///
/// A dispatcher may name a tool that the agent has as well, such as a shared undo.
fn repeated_tools(agent: &AgentSpec) -> BTreeSet<&str> {
    let mut first: BTreeMap<&str, &ToolSpec> = BTreeMap::new();
    let mut found = repeated(agent.tools.iter().map(|tool| tool.name.as_str()));
    for tool in agent.every_tool() {
        if **first.entry(&tool.name).or_insert(tool) != *tool {
            found.insert(&tool.name);
        }
    }
    found
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).collect()
}
