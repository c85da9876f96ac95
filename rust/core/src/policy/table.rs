//! The policy of a runtime: every agent and subject, resolved once.

use std::collections::BTreeMap;

use super::addition::{Addition, Subject};
use super::compiled::Compiled;
use super::error::PolicyError;
use super::layers::{Layer, Source, floor, plan_layers, runtime_tool_layers, tool_layers};
use super::resolved::Resolved;
use crate::specs::{AgentSpec, Role, Rule, RuntimeSpec, ToolSpec};

/// All rules of a runtime, resolved and compiled.
///
/// # Laws
///
/// - an agent or tool that nobody declared asks.
/// - [`add`](Self::add) turns no question into silence.
///
/// # Examples
///
/// ```
/// use flowai_core::policy::{Facts, Policy, Verdict};
/// use flowai_core::specs::{Decode, RuntimeSpec};
/// use serde_json::json;
///
/// let spec = RuntimeSpec::decode(json!({"tenant": {"id": "acme"}, "agents": [{
///     "role": "specialist", "name": "ops", "model": "m", "tool_approvals": {"wipe": "always"},
///     "tools": [{"name": "wipe", "parameters": {}}]}]}))?;
/// let policy = Policy::new(&spec)?;
/// let facts = Facts { args: &json!({}), tool: "wipe", agent: "ops", tenant: "acme", principal: None };
/// assert!(matches!(policy.for_tool("ops", "wipe").decide(&facts), Verdict::Ask { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    roles: BTreeMap<String, Role>,
    tools: BTreeMap<String, BTreeMap<String, Resolved>>,
    plans: BTreeMap<String, Resolved>,
    outside: Vec<Layer>,
    added: Vec<(Addition, Compiled)>,
    unknown: Resolved,
}

impl Policy {
    /// Resolves the rules of a runtime.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] for the first deciding rule that is no CEL.
    pub fn new(spec: &RuntimeSpec) -> Result<Self, PolicyError> {
        let tools = spec.agents.iter().map(|agent| Ok((agent.name.clone(), resolve_tools(spec, agent)?)));
        let plans = spec.agents.iter().map(|agent| Ok((agent.name.clone(), Resolved::new(plan_layers(spec, agent))?)));
        Ok(Self {
            roles: spec.agents.iter().map(|agent| (agent.name.clone(), agent.role)).collect(),
            tools: tools.collect::<Result<_, PolicyError>>()?,
            plans: plans.collect::<Result<_, PolicyError>>()?,
            outside: runtime_tool_layers(spec),
            added: Vec::new(),
            unknown: Resolved::new(vec![Layer { source: Source::RuntimeDefault, rule: Rule::ALWAYS }])?,
        })
    }

    /// The rules about one tool of one agent.
    #[must_use]
    pub fn for_tool(&self, agent: &str, tool: &str) -> &Resolved {
        self.tools.get(agent).and_then(|tools| tools.get(tool)).unwrap_or(&self.unknown)
    }

    /// The rules about the plans that one agent stores.
    #[must_use]
    pub fn for_plans(&self, agent: &str) -> &Resolved {
        self.plans.get(agent).unwrap_or(&self.unknown)
    }

    /// The rules about a tool that a program calls outside any agent.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when the tool's own rule is no CEL.
    pub fn for_program(&self, tool: &ToolSpec) -> Result<Resolved, PolicyError> {
        let mut resolved = Resolved::new(self.outside.iter().cloned().chain(floor(tool)).collect())?;
        let added = self
            .added
            .iter()
            .filter(|(addition, _)| addition.agent.is_none() && speaks_of(&addition.subject, &tool.name));
        added.for_each(|(_, rule)| resolved.add(rule.clone()));
        Ok(resolved)
    }

    /// Adds rules; those that hold already stay.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] for the first rule that is no CEL; then nothing is added.
    pub fn add(&mut self, additions: &[Addition]) -> Result<(), PolicyError> {
        let compiled = additions.iter().map(|addition| Ok((addition.clone(), Compiled::new(&addition.rule)?)));
        for (addition, rule) in compiled.collect::<Result<Vec<_>, PolicyError>>()? {
            self.add_one(&addition, &rule);
            self.added.push((addition, rule));
        }
        Ok(())
    }

    fn add_one(&mut self, addition: &Addition, rule: &Compiled) {
        let concerns = |agent: &String| addition.agent.as_ref().is_none_or(|named| named == agent);
        if addition.subject == Subject::Plans {
            let plans = self.plans.iter_mut().filter(|(agent, _)| concerns(agent));
            plans.for_each(|(_, resolved)| resolved.add(rule.clone()));
            return;
        }
        for (agent, tools) in self.tools.iter_mut().filter(|(agent, _)| concerns(agent)) {
            // What a role brings along is gated only by a rule that names it.
            let built_in = self.roles.get(agent).map_or(&[][..], |role| role.built_in_tools());
            let broad = addition.subject == Subject::Tools;
            let meant = tools.iter_mut().filter(|(tool, _)| !broad || !built_in.contains(&tool.as_str()));
            let named = meant.filter(|(tool, _)| speaks_of(&addition.subject, tool));
            named.for_each(|(_, resolved)| resolved.add(rule.clone()));
        }
    }

    /// Whether an added rule speaks about the plans of this very agent.
    #[must_use]
    pub fn asks_about_plans_of(&self, agent: &str) -> bool {
        let about = |addition: &Addition| addition.subject == Subject::Plans && addition.rule != Rule::Never;
        self.added.iter().any(|(addition, _)| addition.agent.as_deref() == Some(agent) && about(addition))
    }
}

fn speaks_of(subject: &Subject, tool: &str) -> bool {
    match subject {
        Subject::Tool(named) => named == tool,
        Subject::Tools => true,
        Subject::Plans => false,
    }
}

fn resolve_tools(spec: &RuntimeSpec, agent: &AgentSpec) -> Result<BTreeMap<String, Resolved>, PolicyError> {
    let names = agent.tool_names().into_iter();
    names.map(|tool| Ok((tool.to_owned(), Resolved::new(tool_layers(spec, agent, tool))?))).collect()
}
