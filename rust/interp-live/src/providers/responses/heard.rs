//! What this API writes, read as far as it is wanted.

use std::fmt;

use flowai_core::effects::Usage;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::providers::counts::{InputDetails, OutputDetails, count};

/// An event of a stream.
#[derive(Deserialize)]
pub(super) struct Heard {
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub delta: Words,
    #[serde(default)]
    pub item: Option<Json>,
    #[serde(default)]
    pub output_index: u64,
    #[serde(default)]
    pub response: Option<Written>,
    #[serde(default)]
    pub error: Option<Json>,
    #[serde(default)]
    pub code: Option<Json>,
    #[serde(default)]
    pub message: Option<String>,
}

/// Words, where there are some; what tools of the provider's print comes whole with their item.
#[derive(Default)]
pub(super) struct Words(pub String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or anything else")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
        Ok(Words(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Words, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Words::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Words, A::Error> {
        while all.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Words::default())
    }
}

/// A response, whole or at the end of a stream.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    pub status: Option<String>,
    pub model: Option<String>,
    pub output: Option<Vec<Json>>,
    pub usage: Option<Counts>,
    pub incomplete_details: Option<Json>,
    pub error: Option<Json>,
    pub object: Option<String>,
}

/// Tokens as this API counts them.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    #[serde(deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    output_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

impl Counts {
    /// The counts in our words.
    pub(super) fn usage(self) -> Usage {
        let details = self.input_tokens_details.unwrap_or_default();
        Usage {
            input_tokens: self.input_tokens.unwrap_or(0),
            output_tokens: self.output_tokens.unwrap_or(0),
            cached_tokens: details.cached_tokens.unwrap_or(0),
            reasoning_tokens: self.output_tokens_details.and_then(|each| each.reasoning_tokens).unwrap_or(0),
            cache_write_tokens: details.cache_write_tokens.unwrap_or(0),
            cost_microusd: None,
        }
    }
}
