//! The rules that speak about one agent and subject, from broad to specific.

use serde::{Deserialize, Serialize};

use crate::specs::{AgentSpec, Role, Rule, RuntimeSpec, ToolSpec};

/// Who set a rule, from the broadest to the one that has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The runtime: plans always, tools never, unless its spec says otherwise.
    RuntimeDefault,
    /// The coordinator, for itself and the agents below it.
    Coordinator,
    /// The agent.
    Agent,
    /// The agent's rule for one tool.
    ToolApproval,
    /// The tool itself; never lowered.
    ToolFloor,
    /// The interpreter, which can only add.
    Interpreter,
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::RuntimeDefault => "runtime",
            Self::Coordinator => "coordinator",
            Self::Agent => "agent",
            Self::ToolApproval => "tool_approvals",
            Self::ToolFloor => "tool",
            Self::Interpreter => "interpreter",
        })
    }
}

/// One rule with the one who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Who set it.
    pub source: Source,
    /// The rule.
    pub rule: Rule,
}

impl Layer {
    fn new(source: Source, rule: &Rule) -> Self {
        Self { source, rule: rule.clone() }
    }
}

/// The rules about one tool of one agent; the last one but for a floor decides.
///
/// The tools that a role brings along are not `tools` in the sense of a policy:
/// only a rule that names them gates them, and an executor's own rule for plans
/// gates `execute_plan`.
#[must_use]
pub fn tool_layers(spec: &RuntimeSpec, agent: &AgentSpec, tool: &str) -> Vec<Layer> {
    let built_in = agent.role.built_in_tools().contains(&tool);
    let mut layers = if built_in { built_in_layers(agent, tool) } else { broad_tool_layers(spec, agent) };
    layers.extend(agent.tool_approvals.get(tool).map(|rule| Layer::new(Source::ToolApproval, rule)));
    layers.extend(agent.tool(tool).and_then(floor));
    layers
}

/// The rules about the plans that one agent stores; the last one decides.
#[must_use]
pub fn plan_layers(spec: &RuntimeSpec, agent: &AgentSpec) -> Vec<Layer> {
    let mut layers = vec![Layer::new(Source::RuntimeDefault, &Rule::ALWAYS)];
    let runtime = spec.approval.as_ref().and_then(|approval| approval.plans.as_ref());
    layers.extend(runtime.map(|rule| Layer::new(Source::RuntimeDefault, rule)));
    let coordinator = coordinator_of(spec, agent).and_then(|one| one.approval.plans.as_ref());
    layers.extend(coordinator.map(|rule| Layer::new(Source::Coordinator, rule)));
    layers.extend(agent.approval.plans.as_ref().map(|rule| Layer::new(Source::Agent, rule)));
    layers
}

/// The floor that a tool sets for itself: its own `never` lowers nothing and so is none.
pub(super) fn floor(tool: &ToolSpec) -> Option<Layer> {
    let rule = tool.approval.as_ref().filter(|rule| **rule != Rule::Never)?;
    Some(Layer::new(Source::ToolFloor, rule))
}

fn broad_tool_layers(spec: &RuntimeSpec, agent: &AgentSpec) -> Vec<Layer> {
    let mut layers = runtime_tool_layers(spec);
    let coordinator = coordinator_of(spec, agent).and_then(|one| one.approval.tools.as_ref());
    layers.extend(coordinator.map(|rule| Layer::new(Source::Coordinator, rule)));
    layers.extend(agent.approval.tools.as_ref().map(|rule| Layer::new(Source::Agent, rule)));
    layers
}

/// The rules about tools that programs call outside any agent.
pub(super) fn runtime_tool_layers(spec: &RuntimeSpec) -> Vec<Layer> {
    let mut layers = vec![Layer::new(Source::RuntimeDefault, &Rule::Never)];
    let runtime = spec.approval.as_ref().and_then(|approval| approval.tools.as_ref());
    layers.extend(runtime.map(|rule| Layer::new(Source::RuntimeDefault, rule)));
    layers
}

fn built_in_layers(agent: &AgentSpec, tool: &str) -> Vec<Layer> {
    let mut layers = vec![Layer::new(Source::RuntimeDefault, &Rule::Never)];
    let own = agent.approval.plans.as_ref().filter(|_| agent.role == Role::Executor && tool == "execute_plan");
    layers.extend(own.map(|rule| Layer::new(Source::Agent, rule)));
    layers
}

fn coordinator_of<'a>(spec: &'a RuntimeSpec, agent: &AgentSpec) -> Option<&'a AgentSpec> {
    let coordinated = spec.coordinated().contains(agent.name.as_str());
    spec.coordinator().filter(|_| coordinated)
}
