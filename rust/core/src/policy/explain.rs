//! Explaining a policy: which rule decides, and which it replaced.

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::layers::{Layer, Source};
use super::resolved::Resolved;
use super::table::Policy;
use crate::specs::{Rule, RuntimeSpec};

/// Which rule decides about one agent and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The agent.
    pub agent: String,
    /// A tool's name, or `plans`.
    pub subject: String,
    /// The rule that decides.
    pub rule: Rule,
    /// Who set it.
    pub source: Source,
    /// Rules that ask as well, such as a tool's own floor.
    pub also: Vec<Shadowed>,
    /// Rules that a more specific one replaced, from broad to specific.
    pub shadowed: Vec<Shadowed>,
}

/// A rule that stands beside or behind the deciding one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadowed {
    /// Who set it.
    pub source: Source,
    /// The rule.
    pub rule: Rule,
}

/// Says for each agent, its plans and each of its tools which rule decides.
///
/// # Errors
///
/// [`PolicyError`] for the first deciding rule that is no CEL.
pub fn explain(spec: &RuntimeSpec) -> Result<Vec<Explained>, PolicyError> {
    Ok(Policy::new(spec)?.explain(spec))
}

impl Policy {
    /// Says which rules decide, those that an interpreter added included.
    #[must_use]
    pub fn explain(&self, spec: &RuntimeSpec) -> Vec<Explained> {
        let mut rows = Vec::new();
        for agent in &spec.agents {
            if agent.role.needs_plan() {
                rows.extend(row(&agent.name, "plans", self.for_plans(&agent.name)));
            }
            let tools = agent.tool_names().into_iter();
            rows.extend(tools.filter_map(|tool| row(&agent.name, tool, self.for_tool(&agent.name, tool))));
        }
        rows
    }
}

fn row(agent: &str, subject: &str, resolved: &Resolved) -> Option<Explained> {
    let first = |asks: fn(&Rule) -> bool| resolved.deciding().iter().position(|(_, rule)| asks(rule.rule()));
    let stricter = first(Rule::is_always).or_else(|| first(|rule| *rule != Rule::Never)).unwrap_or(0);
    let (source, rule) = resolved.deciding().get(stricter)?;
    let others = resolved.deciding().iter().enumerate().filter(|(index, _)| *index != stricter).map(|(_, other)| other);
    let also = others.map(|(source, rule)| Shadowed { source: *source, rule: rule.rule().clone() });
    Some(Explained {
        agent: agent.to_owned(),
        subject: subject.to_owned(),
        rule: rule.rule().clone(),
        source: *source,
        also: also.collect(),
        shadowed: resolved.shadowed().iter().map(shadowed).collect(),
    })
}

fn shadowed(layer: &Layer) -> Shadowed {
    Shadowed { source: layer.source, rule: layer.rule.clone() }
}
