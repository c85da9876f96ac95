//! The rules that an interpreter adds to those of a runtime.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// Rules of an interpreter: for every agent, and for some by name. They only ever ask more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddedPolicy {
    /// The rule for plans.
    pub plans: Option<Rule>,
    /// The rule for every tool.
    pub tools: Option<Rule>,
    /// Rules for single tools, built-in ones included.
    pub tool_approvals: BTreeMap<String, Rule>,
    /// Rules for one agent alone.
    pub agents: BTreeMap<String, AddedPolicy>,
}
