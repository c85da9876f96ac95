//! What this API writes, read as far as it is wanted; all of a part is kept.

use std::borrow::Cow;
use std::fmt;

use flowai_core::effects::Usage;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use crate::providers::counts::count;

/// A whole answer, or a piece of a streamed one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Heard<'a> {
    #[serde(borrow, default)]
    pub candidates: Option<Vec<Candidate<'a>>>,
    #[serde(default)]
    pub usage_metadata: Option<Counts>,
    #[serde(default)]
    pub prompt_feedback: Option<Json>,
    #[serde(borrow, default)]
    pub model_version: Option<Cow<'a, str>>,
    #[serde(default)]
    pub error: Option<Json>,
}

/// One of the answers; there is one unless several were asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(borrow, default)]
    pub content: Option<Content<'a>>,
    #[serde(default)]
    pub finish_reason: Option<String>,
    #[serde(default)]
    pub finish_message: Option<Json>,
    #[serde(default)]
    pub safety_ratings: Option<Json>,
    #[serde(default)]
    pub citation_metadata: Option<Json>,
    #[serde(default)]
    pub grounding_metadata: Option<Json>,
    #[serde(default)]
    pub grounding_attributions: Option<Json>,
    #[serde(default)]
    pub url_context_metadata: Option<Json>,
    #[serde(default)]
    pub logprobs_result: Option<Json>,
}

/// The content of an answer.
#[derive(Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow, default)]
    pub parts: Option<Vec<Written<'a>>>,
}

/// A part of the content: its words, and every other field as it came.
#[derive(Default)]
pub(super) struct Written<'a> {
    pub text: Option<Cow<'a, str>>,
    pub is_thought: bool,
    pub rest: Map<String, Json>,
}

/// Words that are borrowed where nothing in them is escaped.
#[derive(Deserialize)]
struct Words<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Written<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written<'de>, A::Error> {
        let mut written = Written::default();
        while let Some(Words(name)) = map.next_key::<Words<'de>>()? {
            match &*name {
                "text" => written.text = map.next_value::<Option<Words<'de>>>()?.map(|Words(text)| text),
                "thought" => written.is_thought = map.next_value::<Option<bool>>()?.unwrap_or_default(),
                _ => drop(written.rest.insert(name.into_owned(), map.next_value()?)),
            }
        }
        Ok(written)
    }
}

/// Tokens as this API counts them; each count stands for all that was read or written so far.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    #[serde(rename = "promptTokenCount", deserialize_with = "count")]
    prompt: Option<u64>,
    #[serde(rename = "cachedContentTokenCount", deserialize_with = "count")]
    cached: Option<u64>,
    #[serde(rename = "candidatesTokenCount", deserialize_with = "count")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount", deserialize_with = "count")]
    thoughts: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount", deserialize_with = "count")]
    tool_use: Option<u64>,
}

impl Counts {
    /// Takes newer counts over; what they leave out stays.
    pub(super) fn update(&mut self, newer: Self) {
        let newest = |old: &mut Option<u64>, new: Option<u64>| *old = new.or(*old);
        newest(&mut self.prompt, newer.prompt);
        newest(&mut self.cached, newer.cached);
        newest(&mut self.candidates, newer.candidates);
        newest(&mut self.thoughts, newer.thoughts);
        newest(&mut self.tool_use, newer.tool_use);
    }

    /// The counts in our words.
    pub(super) fn usage(self) -> Usage {
        let sum = |one: Option<u64>, other: Option<u64>| one.unwrap_or(0).saturating_add(other.unwrap_or(0));
        Usage {
            input_tokens: sum(self.prompt, self.tool_use),
            output_tokens: sum(self.candidates, self.thoughts),
            cached_tokens: self.cached.unwrap_or(0),
            reasoning_tokens: self.thoughts.unwrap_or(0),
            cache_write_tokens: 0,
            cost_microusd: None,
        }
    }
}
