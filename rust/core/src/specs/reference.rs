//! Reference specs: named kinds of large values and how long they live.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode::Decode;

/// One kind of reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceSpec {
    /// The kind that handles of it carry.
    pub name: String,
    /// JSON Schema of the values.
    pub schema: Value,
    /// How long a stored value lives, in milliseconds.
    pub ttl_ms: i64,
}

impl Decode for ReferenceSpec {
    const NAME: &'static str = "ReferenceSpec";
}
