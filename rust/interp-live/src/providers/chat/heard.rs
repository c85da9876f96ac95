//! What these servers write, in one shape for whole answers and for pieces of them.

use std::fmt;

use flowai_core::effects::Usage;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value as Json};

use crate::providers::counts::{InputDetails, OutputDetails, count};

/// A whole answer, or one piece of a stream.
#[derive(Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    pub choices: Option<Vec<Choice>>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub usage: Option<Counts>,
    #[serde(default)]
    pub error: Option<Json>,
    #[serde(default)]
    pub x_groq: Option<Groq>,
    /// What it is: `error` where a server writes its error without a field of that name.
    #[serde(default)]
    pub object: Option<Json>,
}

/// Where Groq's streams count tokens and tell errors.
#[derive(Deserialize)]
pub(super) struct Groq {
    #[serde(default)]
    pub usage: Option<Counts>,
    #[serde(default)]
    pub error: Option<Json>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(default, alias = "message")]
    pub delta: Option<Words>,
    #[serde(default)]
    pub finish_reason: Option<String>,
}

/// What a choice says or adds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    pub content: Content,
    pub reasoning_content: Option<String>,
    pub reasoning: Option<String>,
    pub reasoning_details: Option<Vec<Json>>,
    pub refusal: Option<String>,
    pub tool_calls: Option<Vec<Call>>,
    pub function_call: Option<Function>,
    pub annotations: Option<Vec<Json>>,
    pub executed_tools: Option<Vec<Json>>,
    pub images: Option<Vec<Json>>,
    pub audio: Option<Json>,
}

#[derive(Deserialize)]
pub(super) struct Call {
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub function: Option<Function>,
    /// What some routes to Gemini keep a thought signature in.
    #[serde(default)]
    pub extra_content: Option<Json>,
}

#[derive(Deserialize)]
pub(super) struct Function {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub arguments: Arguments,
}

/// Arguments: a text of JSON, or from some servers the JSON itself.
#[derive(Default)]
pub(super) struct Arguments(pub String);

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Json::deserialize(deserializer)? {
            Json::Null => String::new(),
            Json::String(text) => text,
            other => other.to_string(),
        }))
    }
}

/// Content: words, or pieces of several kinds.
#[derive(Default)]
pub(super) enum Content {
    #[default]
    None,
    Text(String),
    Pieces(Vec<Json>),
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list of content pieces, or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pieces: A) -> Result<Content, A::Error> {
        let mut read = Vec::new();
        while let Some(piece) = pieces.next_element()? {
            read.push(piece);
        }
        Ok(Content::Pieces(read))
    }
}

/// Tokens as these servers count them.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    #[serde(deserialize_with = "count")]
    prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    completion_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
    #[serde(deserialize_with = "count")]
    prompt_cache_hit_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    num_cached_tokens: Option<u64>,
    /// What `OpenRouter` charged, in US dollars.
    cost: Option<Number>,
}

impl Counts {
    /// The counts in our words.
    pub(super) fn usage(&self) -> Usage {
        let input = self.prompt_tokens.unwrap_or(0);
        let reasoning = self.completion_tokens_details.and_then(|details| details.reasoning_tokens).unwrap_or(0);
        let details = self.prompt_tokens_details.unwrap_or_default();
        let cached = details.cached_tokens.or(self.prompt_cache_hit_tokens).or(self.num_cached_tokens);
        Usage {
            input_tokens: input,
            output_tokens: self.output(input, reasoning),
            cached_tokens: cached.unwrap_or(0),
            reasoning_tokens: reasoning,
            cache_write_tokens: details.cache_write_tokens.unwrap_or(0),
            cost_microusd: self.cost.as_ref().and_then(microusd),
        }
    }

    /// All tokens written: xAI counts thinking beside the completion, everybody else within it.
    fn output(&self, input: u64, reasoning: u64) -> u64 {
        let completion = self.completion_tokens.unwrap_or(0);
        let both = completion.saturating_add(reasoning);
        let is_apart = reasoning > 0 && self.total_tokens == Some(input.saturating_add(both));
        if is_apart { both } else { completion }
    }
}

/// A price in US dollars as millionths, rounded up.
fn microusd(dollars: &Number) -> Option<u64> {
    let micro = (dollars.as_f64()? * 1e6).ceil();
    // Written and read as text: a cast would hide what does not fit.
    (0.0..1e15).contains(&micro).then(|| format!("{micro:.0}").parse().ok()).flatten()
}
