//! Runtime specs: a tenant, its agents and the rules above them.

use serde::{Deserialize, Serialize};

use super::agent::{AgentSpec, ApprovalSpec};
use super::decode::Decode;
use super::reference::ReferenceSpec;
use super::role::Role;

/// Everything that one runtime is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeSpec {
    /// Whose runtime it is.
    pub tenant: TenantSpec,
    /// The agents, in the order they were given.
    pub agents: Vec<AgentSpec>,
    /// The rules that hold where nothing more specific is said.
    #[serde(default)]
    pub approval: Option<ApprovalSpec>,
    /// The kinds of reference that tools may store.
    #[serde(default)]
    pub references: Vec<ReferenceSpec>,
    /// The names of the providers that are configured; their secrets stay outside.
    #[serde(default)]
    pub providers: Vec<String>,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// The id that is part of every key.
    pub id: String,
    /// Recorded with runs; part of no key.
    #[serde(default)]
    pub config_version: String,
}

impl Decode for RuntimeSpec {
    const NAME: &'static str = "RuntimeSpec";
}

impl RuntimeSpec {
    /// The agent of that name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&AgentSpec> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// The coordinator, when there is one.
    #[must_use]
    pub fn coordinator(&self) -> Option<&AgentSpec> {
        self.agents.iter().find(|agent| agent.role == Role::Coordinator)
    }

    /// The kind of reference of that name.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<&ReferenceSpec> {
        self.references.iter().find(|reference| reference.name == name)
    }
}
