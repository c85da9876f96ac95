//! One call of a tool, as a case expects it or a run made it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A tool, and its arguments where they matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// Not compared where a case gives none.
    #[serde(default)]
    pub arguments: Option<Map<String, Json>>,
}

impl Call {
    /// A call of which only the name is known.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), arguments: None }
    }

    /// A call with arguments.
    #[must_use]
    pub fn with(name: &str, arguments: Map<String, Json>) -> Self {
        Self { name: name.to_owned(), arguments: Some(arguments) }
    }
}
