//! Questions about values that stay outside the prompt.

use serde_json::Value as Json;

use crate::value::Value;

/// Keep a value and answer with its handle.
pub struct StoreRef {
    /// The reference's name.
    pub kind: String,
    /// The value.
    pub value: Value,
    /// What a model may see of it.
    pub glimpse: Json,
    /// How long it is kept.
    pub ttl_ms: i64,
}

/// Fetch a value by its handle.
pub struct LoadRef {
    /// The reference's name.
    pub kind: String,
    /// The content's address.
    pub id: String,
}
