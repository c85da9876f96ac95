//! A log of messages: persistent, with a rolling digest, so that a step does not pay for the whole history.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::json::Digest;

/// One call that a model asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolRequest {
    /// The model's own name for this call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, unchecked.
    pub arguments: Json,
}

/// A file that a person gives or a model makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Such as `image/png` or `application/pdf`.
    pub media_type: String,
    /// The name that a person would know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its bytes, in standard base64; absent where `url` says where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Where the provider fetches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One piece of an answer, in the model's order, with whatever its provider wants to see again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// Words for the reader.
    Text {
        /// The words.
        text: String,
        /// What only the provider understands: citations, annotations, signatures.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        extras: Json,
    },
    /// Thinking, as far as it is shown.
    Thinking {
        /// The words, empty where the thinking is hidden.
        text: String,
        /// What only the provider understands: signatures, encrypted content, item ids.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        extras: Json,
    },
    /// A call that the model asks for; the same as in `tool_calls`.
    ToolCall {
        /// The model's own name for the call.
        id: String,
        /// The tool.
        name: String,
        /// The arguments, unchecked.
        arguments: Json,
        /// What only the provider understands: item ids, thought signatures.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        extras: Json,
    },
    /// A file that the model made.
    File {
        /// The file.
        file: File,
        /// What only the provider understands.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        extras: Json,
    },
    /// The words of a refusal.
    Refusal {
        /// The words.
        text: String,
    },
    /// An item of the provider's own, such as a search it ran; passed through whole.
    Other {
        /// The item.
        extras: Json,
    },
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// What the agent is.
    System {
        /// The text.
        text: String,
    },
    /// What a person or a calling agent said.
    User {
        /// The text.
        text: String,
        /// Pictures and documents that belong to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<File>,
    },
    /// What the model said.
    Assistant {
        /// The text, empty when it only called tools.
        text: String,
        /// Its thinking, when it showed any.
        thinking: Option<String>,
        /// The calls it asks for.
        tool_calls: Vec<ToolRequest>,
        /// The answer piece by piece, where the fields above do not say all that its provider needs back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<Part>,
        /// Whose extras the parts carry, such as `anthropic`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        api: Option<String>,
    },
    /// What a tool answered.
    Tool {
        /// The call it answers.
        call_id: String,
        /// The tool.
        name: String,
        /// The result, or the error as data.
        content: Json,
        /// Whether the content is an error.
        is_error: bool,
    },
}

/// A conversation; adding to it shares all that was there.
#[derive(Clone, Default)]
pub struct MessageLog(Option<Arc<Node>>);

struct Node {
    message: Arc<Message>,
    earlier: MessageLog,
    length: u32,
    /// Computed when first needed.
    digest: OnceLock<Digest>,
}

impl MessageLog {
    /// The log with one message more, which another log may have too.
    #[must_use]
    pub fn with(&self, message: impl Into<Arc<Message>>) -> Self {
        let length = self.len().saturating_add(1);
        Self(Some(Arc::new(Node { message: message.into(), earlier: self.clone(), length, digest: OnceLock::new() })))
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.as_ref().map_or(0, |node| node.length)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// A digest over all of it.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut open = Vec::new();
        let mut next = self.0.as_ref();
        while let Some(node) = next.filter(|node| node.digest.get().is_none()) {
            open.push(node);
            next = node.earlier.0.as_ref();
        }
        let known = next.and_then(|node| node.digest.get().copied());
        let digest = open.iter().rev().fold(known.unwrap_or_else(|| Digest::of_bytes(b"messages")), |digest, node| {
            let bytes = serde_json::to_vec(&*node.message).unwrap_or_default();
            *node.digest.get_or_init(|| Digest::chain(&digest, &bytes))
        });
        digest.to_string()
    }

    /// The newest message.
    #[must_use]
    pub fn last(&self) -> Option<&Message> {
        self.0.as_ref().map(|node| &*node.message)
    }

    /// All messages, oldest first.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = self.newest_first().cloned().collect();
        messages.reverse();
        messages
    }

    /// All messages, newest first, without copying.
    pub fn newest_first(&self) -> impl Iterator<Item = &Message> {
        let mut next = self.0.as_ref();
        std::iter::from_fn(move || {
            let node = next?;
            next = node.earlier.0.as_ref();
            Some(&*node.message)
        })
    }
}

impl Message {
    /// What a person said, without files.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into(), files: Vec::new() }
    }
}

impl FromIterator<Message> for MessageLog {
    fn from_iter<I: IntoIterator<Item = Message>>(messages: I) -> Self {
        messages.into_iter().fold(Self::default(), |log, message| log.with(message))
    }
}

impl Drop for MessageLog {
    /// Unwinds a long log in a loop, so that no stack is needed for it.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(node) = next {
            match Arc::try_unwrap(node) {
                Ok(mut owned) => next = owned.earlier.0.take(),
                Err(_) => break,
            }
        }
    }
}
