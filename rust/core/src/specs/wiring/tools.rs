//! Tools: known toolkits, known approvals, and writes only where they may be.

use super::report::Wiring;
use crate::policy::{Source, tool_layers};
use crate::specs::hints::did_you_mean;
use crate::specs::{AgentSpec, CATALOG_TOOLKIT, CATALOG_TOOLS, Rule, RuntimeSpec, ToolSpec, toolkit_tools};

pub(super) fn check(spec: &RuntimeSpec, wiring: &mut Wiring) {
    for agent in &spec.agents {
        check_toolkits(agent, wiring);
        check_approvals(spec, agent, wiring);
        check_writes(spec, agent, wiring);
    }
}

fn check_toolkits(agent: &AgentSpec, wiring: &mut Wiring) {
    for toolkit in agent.toolkits.iter().filter(|toolkit| toolkit_tools(toolkit).is_none()) {
        let message = format!("unknown toolkit `{toolkit}` in toolkits of `{}`", agent.name);
        wiring.fault(format!("agents.{}.toolkits", agent.name), message, did_you_mean(toolkit, [CATALOG_TOOLKIT]));
    }
}

fn check_approvals(spec: &RuntimeSpec, agent: &AgentSpec, wiring: &mut Wiring) {
    let names = agent.tool_names();
    let place = format!("agents.{}.tool_approvals", agent.name);
    for tool in agent.tool_approvals.keys().filter(|tool| !names.contains(&tool.as_str())) {
        if CATALOG_TOOLS.contains(&tool.as_str()) {
            let message = format!("tool_approvals of `{}` names `{tool}`, which the agent does not have", agent.name);
            wiring.warn(&place, message, format!("add `toolkits=[\"{CATALOG_TOOLKIT}\"]` or remove the rule"));
        } else {
            let message = format!("unknown tool `{tool}` in tool_approvals of `{}`", agent.name);
            wiring.fault(&place, message, approval_hint(spec, agent, tool));
        }
    }
}

fn approval_hint(spec: &RuntimeSpec, agent: &AgentSpec, tool: &str) -> String {
    match spec.agents.iter().find(|other| other.tool(tool).is_some()) {
        Some(owner) => format!("it is a tool of `{}`", owner.name),
        None => did_you_mean(tool, agent.tool_names()),
    }
}

fn check_writes(spec: &RuntimeSpec, agent: &AgentSpec, wiring: &mut Wiring) {
    for tool in agent.tools.iter().filter(|tool| tool.access.writes()) {
        let place = format!("agents.{}.tools.{}", agent.name, tool.name);
        if !agent.role.may_write() {
            let message = format!("{} `{}` has the write tool `{}`", agent.role, agent.name, tool.name);
            wiring.fault(place, message, write_hint(tool));
        } else if is_uncovered(spec, agent, tool) {
            let message =
                format!("neither a plan nor an approval covers the write tool `{}` of `{}`", tool.name, agent.name);
            wiring.warn(place, message, cover_hint(tool));
        }
    }
}

fn write_hint(tool: &ToolSpec) -> String {
    if tool.marked {
        "give it to an executor or a specialist".to_owned()
    } else {
        "a tool of unmarked access counts as a write; if it only reads, define it with `access=\"read\"`".to_owned()
    }
}

fn cover_hint(tool: &ToolSpec) -> String {
    let approval = format!("set `tool_approvals={{\"{}\": \"always\"}}`", tool.name);
    if tool.marked { approval } else { format!("{approval}, or `access=\"read\"` if it only reads") }
}

fn is_uncovered(spec: &RuntimeSpec, agent: &AgentSpec, tool: &ToolSpec) -> bool {
    let dispatched =
        agent.dispatcher.iter().flat_map(|entries| entries.values()).any(|entry| entry.tool.name == tool.name);
    let layers = tool_layers(spec, agent, &tool.name);
    let floor = layers.iter().any(|layer| layer.source == Source::ToolFloor);
    !dispatched && !floor && layers.last().is_none_or(|layer| layer.rule == Rule::Never)
}
