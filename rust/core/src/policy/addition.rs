//! Additions: what an interpreter adds to the policy of a runtime, rule by rule.

use crate::specs::{AddedPolicy, Rule};

/// What an added rule speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The tool of that name, of whichever agent.
    Tool(String),
    /// Every tool but those that roles bring along.
    Tools,
    /// Plans.
    Plans,
}

/// A rule that an interpreter adds; it can only make the policy stricter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The agent it holds for; `None` for all.
    pub agent: Option<String>,
    /// What it speaks about.
    pub subject: Subject,
    /// When to ask.
    pub rule: Rule,
}

impl Addition {
    /// The rules of an interpreter, one by one.
    #[must_use]
    pub fn all(added: &AddedPolicy) -> Vec<Self> {
        let mut additions = of_agent(None, added);
        additions.extend(added.agents.iter().flat_map(|(agent, rules)| of_agent(Some(agent), rules)));
        additions
    }
}

fn of_agent(agent: Option<&String>, added: &AddedPolicy) -> Vec<Addition> {
    let broad = [(Subject::Plans, added.plans.as_ref()), (Subject::Tools, added.tools.as_ref())];
    let broad = broad.into_iter().filter_map(|(subject, rule)| Some((subject, rule?)));
    let named = added.tool_approvals.iter().map(|(tool, rule)| (Subject::Tool(tool.clone()), rule));
    broad.chain(named).map(|(subject, rule)| Addition { agent: agent.cloned(), subject, rule: rule.clone() }).collect()
}
