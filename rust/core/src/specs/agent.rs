//! Agent specs: a role, a model and everything the agent may use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decode::Decode;
use super::plan::PlanSpec;
use super::role::{Role, toolkit_tools};
use super::rule::Rule;
use super::tool::ToolSpec;

/// One agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// The part it plays.
    pub role: Role,
    /// Its name, unique in a runtime.
    pub name: String,
    /// The model that answers for it.
    pub model: String,
    /// Its instructions.
    #[serde(default)]
    pub prompt: String,
    /// The tools it was given.
    #[serde(default)]
    pub tools: Vec<ToolSpec>,
    /// The toolkits it was given, by name.
    #[serde(default)]
    pub toolkits: Vec<String>,
    /// The agents it may call.
    #[serde(default)]
    pub routes: Vec<String>,
    /// The type of plan it stores or executes.
    #[serde(default)]
    pub plan: Option<PlanSpec>,
    /// Its own rules; a coordinator's hold for the agents below it too.
    #[serde(default)]
    pub approval: ApprovalSpec,
    /// Rules for single tools, by tool name.
    #[serde(default)]
    pub tool_approvals: BTreeMap<String, Rule>,
    /// Whether it remembers the thread's earlier turns.
    #[serde(default)]
    pub stateful: bool,
    /// JSON Schema of its typed output, when it has one.
    #[serde(default)]
    pub output: Option<Value>,
    /// What is passed to the model as it stands.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// How many model calls one turn may take.
    #[serde(default = "max_steps")]
    pub max_steps: u32,
    /// How much history it is shown.
    #[serde(default)]
    pub history: Option<History>,
    /// The tools that perform each kind of action; executors only.
    #[serde(default)]
    pub dispatcher: Option<BTreeMap<String, DispatchEntry>>,
}

/// The rules that a runtime, a coordinator or an agent sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSpec {
    /// The rule for plans.
    #[serde(default)]
    pub plans: Option<Rule>,
    /// The rule for tools.
    #[serde(default)]
    pub tools: Option<Rule>,
}

/// How much of its history an agent is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum History {
    /// The last turns.
    Turns(u32),
    /// The last turns that fit in so many tokens.
    Tokens(u32),
    /// A summary of what is older than so many turns, then those turns.
    Summarised(u32),
}

/// The tool that performs one kind of action, with the one that takes it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchEntry {
    /// Performs the action.
    pub tool: ToolSpec,
    /// Takes it back; offered to humans, never run in silence.
    #[serde(default)]
    pub undo: Option<ToolSpec>,
}

impl Decode for AgentSpec {
    const NAME: &'static str = "AgentSpec";
}

impl AgentSpec {
    /// The tool of that name among those the agent was given or dispatches to.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&ToolSpec> {
        self.every_tool().find(|tool| tool.name == name)
    }

    /// Every tool spec the agent carries: its own, then its dispatcher's, then their undos.
    pub fn every_tool(&self) -> impl Iterator<Item = &ToolSpec> {
        let entries = || self.dispatcher.iter().flat_map(BTreeMap::values);
        let undos = entries().filter_map(|entry| entry.undo.as_ref());
        self.tools.iter().chain(entries().map(|entry| &entry.tool)).chain(undos)
    }

    /// The names of everything the agent can call, built-ins and toolkits included.
    #[must_use]
    pub fn tool_names(&self) -> Vec<&str> {
        let own = self.every_tool().map(|tool| tool.name.as_str());
        let toolkits = self.toolkits.iter().filter_map(|toolkit| toolkit_tools(toolkit)).flatten().copied();
        own.chain(self.role.built_in_tools().iter().copied()).chain(toolkits).collect()
    }
}

fn max_steps() -> u32 {
    50
}
