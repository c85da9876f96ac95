//! Roles: the four parts that an agent can play.

use serde::{Deserialize, Serialize};

/// What an agent is for, which decides its built-in tools and what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the request and routes it to other agents.
    Coordinator,
    /// Turns a goal into a typed plan.
    Planner,
    /// Performs an approved plan.
    Executor,
    /// Handles one focused job.
    Specialist,
}

/// The toolkit that reads the data catalog.
pub const CATALOG_TOOLKIT: &str = "catalog";

/// The tools that the catalog toolkit adds; all of them only read.
pub const CATALOG_TOOLS: [&str; 5] =
    ["search_catalog", "list_schema_fields", "get_catalog_relations", "sample_table_data", "execute_query"];

/// The tools of a toolkit, or nothing for an unknown one.
#[must_use]
pub fn toolkit_tools(toolkit: &str) -> Option<&'static [&'static str]> {
    (toolkit == CATALOG_TOOLKIT).then_some(&CATALOG_TOOLS)
}

impl Role {
    /// The tools that the role brings along, whatever the spec lists.
    #[must_use]
    pub fn built_in_tools(self) -> &'static [&'static str] {
        match self {
            Self::Coordinator => &["call_agent"],
            Self::Planner => &["store_plan", "get_plan"],
            Self::Executor => &["get_plan", "execute_plan"],
            Self::Specialist => &[],
        }
    }

    /// Whether the role works on plans and so needs to know their type.
    #[must_use]
    pub fn needs_plan(self) -> bool {
        matches!(self, Self::Planner | Self::Executor)
    }

    /// Whether the role may hold tools that change something.
    #[must_use]
    pub fn may_write(self) -> bool {
        matches!(self, Self::Executor | Self::Specialist)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Coordinator => "coordinator",
            Self::Planner => "planner",
            Self::Executor => "executor",
            Self::Specialist => "specialist",
        })
    }
}
