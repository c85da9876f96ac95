//! Tool specs: what a tool is called, takes, returns and may do to the world.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode::Decode;
use super::rule::Rule;

/// What a call may do to the world, which decides what a crash may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Changes nothing; may be asked again.
    Read,
    /// Changes something; asking again with the same key changes nothing more.
    WriteIdempotent,
    /// Changes something each time it is called.
    #[default]
    WriteOnce,
}

impl Access {
    /// Whether a call changes anything.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Read)
    }

    /// The word for it in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::WriteIdempotent => "write_idempotent",
            Self::WriteOnce => "write_once",
        }
    }
}

/// One tool, as the model and the gate see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolSpec {
    /// The name by which models and policies call it.
    pub name: String,
    /// What the model is told about it.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: Value,
    /// JSON Schema of the result, when the tool declares one.
    #[serde(default)]
    pub returns: Option<Value>,
    /// What a call may do; a tool that does not say so writes once.
    #[serde(default)]
    pub access: Access,
    /// Whether the author stated the access class or it was assumed.
    #[serde(default)]
    pub marked: bool,
    /// The tool's own rule: `always` and `when` are floors that no policy lowers.
    #[serde(default)]
    pub approval: Option<Rule>,
    /// How long a call may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How large a result may be before it becomes a reference, in bytes.
    #[serde(default = "max_result_bytes")]
    pub max_result_bytes: usize,
    /// Who performs it: `python`, `native` or `mcp`.
    #[serde(default = "origin")]
    pub origin: String,
    /// Whether it can say what became of a call.
    #[serde(default)]
    pub checks: bool,
    /// The version of its schema, or one that the author gave.
    #[serde(default)]
    pub version: String,
}

impl Decode for ToolSpec {
    const NAME: &'static str = "ToolSpec";
}

fn timeout_ms() -> u64 {
    60_000
}

fn max_result_bytes() -> usize {
    16_384
}

fn origin() -> String {
    "python".to_owned()
}
