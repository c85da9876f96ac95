//! Counts of tokens: how they are read, and what `OpenAI`'s two APIs count within the tokens read and written.

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// A count, which some servers write as `12.0`; what is none is none, because no answer is lost for its count.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let written = Json::deserialize(deserializer)?;
    let whole = || Some(format!("{:.0}", written.as_f64().filter(|count| (0.0..1e15).contains(count))?));
    Ok(written.as_u64().or_else(|| whole()?.parse().ok()))
}

/// Parts of the tokens read.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct InputDetails {
    /// Read from the cache.
    #[serde(deserialize_with = "count")]
    pub cached_tokens: Option<u64>,
    /// Written to the cache.
    #[serde(deserialize_with = "count")]
    pub cache_write_tokens: Option<u64>,
}

/// Parts of the tokens written.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputDetails {
    /// Spent thinking.
    #[serde(deserialize_with = "count")]
    pub reasoning_tokens: Option<u64>,
}
