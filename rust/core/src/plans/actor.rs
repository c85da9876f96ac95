//! Who moves a plan.

use serde::{Deserialize, Serialize};

/// The part in which someone moves a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// An agent or program that stores plans.
    Planner,
    /// A reviewer.
    Human,
    /// Code of the user's that answers in place of a reviewer.
    Handler,
    /// A rule that says `never`.
    Policy,
    /// An agent or program that performs plans.
    Executor,
    /// The runtime itself.
    Runtime,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 6] = [Self::Planner, Self::Human, Self::Handler, Self::Policy, Self::Executor, Self::Runtime];
}

/// Someone, by part and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The part.
    pub part: Part,
    /// The agent's name or the principal; the rule for a policy.
    pub name: Option<String>,
}

impl Actor {
    /// An actor of that part and name.
    #[must_use]
    pub fn new(part: Part, name: &str) -> Self {
        Self { part, name: Some(name.to_owned()) }
    }

    /// A reviewer, who may be unnamed where storage is not durable.
    #[must_use]
    pub fn human(principal: Option<&str>) -> Self {
        Self { part: Part::Human, name: principal.map(str::to_owned) }
    }

    /// A handler of the user's.
    #[must_use]
    pub fn handler() -> Self {
        Self { part: Part::Handler, name: None }
    }

    /// The runtime.
    #[must_use]
    pub fn runtime() -> Self {
        Self { part: Part::Runtime, name: None }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Planner => "planner",
            Self::Human => "human",
            Self::Handler => "handler",
            Self::Policy => "policy",
            Self::Executor => "executor",
            Self::Runtime => "runtime",
        })
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{} {name}", self.part),
            None => write!(formatter, "{}", self.part),
        }
    }
}
