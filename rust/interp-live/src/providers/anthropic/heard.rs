//! What this API writes, read without copies as far as it goes.

use std::borrow::Cow;

use flowai_core::effects::Usage;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::providers::counts::count;

/// An event of a stream.
#[derive(Deserialize)]
pub(super) struct Heard<'a> {
    /// What it tells.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The block it belongs to.
    #[serde(default)]
    pub index: u64,
    /// What it adds.
    #[serde(borrow, default)]
    pub delta: Option<Delta<'a>>,
    /// The block that it begins.
    #[serde(default)]
    pub content_block: Option<Map<String, Json>>,
    /// The message that it begins.
    #[serde(default)]
    pub message: Option<Written>,
    /// What the answer cost so far.
    #[serde(default)]
    pub usage: Option<Counts>,
    /// Content, in an event that is not known.
    #[serde(default)]
    content: Option<Json>,
    /// What went wrong.
    #[serde(default)]
    pub error: Option<Json>,
}

/// What an event adds.
#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    /// To what.
    #[serde(borrow, default, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Words for the reader.
    #[serde(borrow, default)]
    pub text: Cow<'a, str>,
    /// Thinking.
    #[serde(borrow, default)]
    pub thinking: Cow<'a, str>,
    /// Arguments of a call.
    #[serde(borrow, default)]
    pub partial_json: Cow<'a, str>,
    /// The signature of thinking.
    #[serde(borrow, default)]
    pub signature: Cow<'a, str>,
    /// Where words are from.
    #[serde(default)]
    pub citation: Json,
    /// Why the answer ended.
    #[serde(default)]
    pub stop_reason: Option<String>,
    /// What is said about a refusal.
    #[serde(default)]
    pub stop_details: Json,
    /// Where the provider ran code.
    #[serde(default)]
    pub container: Json,
}

impl Heard<'_> {
    /// The text of an event that could not be read at first, without null in place of words.
    pub(super) fn mended(mut event: Json) -> String {
        if let Some(delta) = event.get_mut("delta").and_then(Json::as_object_mut) {
            delta.retain(|_, value| !value.is_null());
        }
        event.to_string()
    }

    /// Whether an unknown event holds something that the reader would miss.
    pub(super) fn carries_content(&self) -> bool {
        self.delta.is_some() || self.content_block.is_some() || self.message.is_some() || self.content.is_some()
    }
}

/// A message, whole or at the start of a stream.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    /// Its content blocks.
    pub content: Option<Vec<Json>>,
    /// The model that wrote it.
    pub model: Option<String>,
    /// Why it ended.
    pub stop_reason: Option<String>,
    /// What is said about a refusal.
    pub stop_details: Json,
    /// Where the provider ran code for it.
    pub container: Json,
    /// What it cost.
    pub usage: Option<Counts>,
}

/// Tokens as this API counts them: what was read from the cache or written to it is counted apart.
///
/// What the provider spent besides the answer, on a summary or on the advice of another model, stands in `iterations`
/// and in no count; the official SDK does not add it either.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    #[serde(deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_creation_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_read_input_tokens: Option<u64>,
    output_tokens_details: Option<Details>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "count")]
    thinking_tokens: Option<u64>,
}

impl Counts {
    /// Takes newer counts; what they do not say stays.
    pub(super) fn update(&mut self, newer: Self) {
        self.input_tokens = newer.input_tokens.or(self.input_tokens);
        self.output_tokens = newer.output_tokens.or(self.output_tokens);
        self.cache_creation_input_tokens = newer.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens = newer.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.output_tokens_details = newer.output_tokens_details.or(self.output_tokens_details);
    }

    /// The counts in our words.
    pub(super) fn usage(self) -> Usage {
        let read = self.cache_read_input_tokens.unwrap_or(0);
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        Usage {
            input_tokens: self.input_tokens.unwrap_or(0).saturating_add(read).saturating_add(written),
            output_tokens: self.output_tokens.unwrap_or(0),
            cached_tokens: read,
            reasoning_tokens: self.output_tokens_details.and_then(|details| details.thinking_tokens).unwrap_or(0),
            cache_write_tokens: written,
            cost_microusd: None,
        }
    }
}
