//! The question for a model.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Message, MessageLog, Part, Tool, ToolRequest};

/// Ask a model; answers with a [`ModelAnswer`].
pub struct CallModel {
    /// The model's name.
    pub model: Arc<str>,
    /// The conversation so far.
    pub messages: MessageLog,
    /// What the model may call.
    pub tools: Arc<[Arc<Tool>]>,
    /// The JSON Schema that the answer has to fit.
    pub output: Option<Arc<Json>>,
    /// Settings as the user gave them.
    pub settings: Arc<Json>,
    /// Whether the program wants the whole answer and not its text or output.
    pub whole: bool,
}

impl CallModel {
    /// The arguments, with digests in place of the conversation.
    #[must_use]
    pub fn arguments(&self) -> Json {
        let tools: Vec<&str> = self.tools.iter().map(|tool| tool.spec.name.as_str()).collect();
        json!({
            "model": self.model, "messages": self.messages.digest(), "count": self.messages.len(),
            "tools": tools, "output": self.output, "settings": self.settings,
        })
    }
}

/// Tokens that an answer cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens read from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens spent thinking.
    pub reasoning_tokens: u64,
    /// Tokens written to the provider's cache.
    pub cache_write_tokens: u64,
    /// What it cost, in millionths of a US dollar; absent where no price is known.
    pub cost_microusd: Option<u64>,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(more.input_tokens),
            output_tokens: self.output_tokens.saturating_add(more.output_tokens),
            cached_tokens: self.cached_tokens.saturating_add(more.cached_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(more.reasoning_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(more.cache_write_tokens),
            cost_microusd: match (self.cost_microusd, more.cost_microusd) {
                (Some(one), Some(other)) => Some(one.saturating_add(other)),
                (one, other) => one.or(other),
            },
        }
    }
}

/// What a model said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelAnswer {
    /// The text, empty when it only called tools.
    pub text: String,
    /// Its thinking, when it showed any.
    pub thinking: Option<String>,
    /// The calls it asks for.
    pub tool_calls: Vec<ToolRequest>,
    /// The structured answer, when one was asked for and given apart from the text.
    pub output: Option<Json>,
    /// Why it stopped.
    pub stop_reason: String,
    /// What it cost.
    pub usage: Usage,
    /// The answer piece by piece, where the fields above do not say all that its provider needs back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Whose extras the parts carry, such as `anthropic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The model that answered, as its provider names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl ModelAnswer {
    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!(self)
    }

    /// The message by which a conversation remembers it.
    #[must_use]
    pub fn into_message(self) -> Message {
        Message::Assistant {
            text: self.text,
            thinking: self.thinking,
            tool_calls: self.tool_calls,
            parts: self.parts,
            api: self.api,
        }
    }
}
