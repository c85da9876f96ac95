//! A conversation, as this API reads it: turns of content blocks, the user's and the assistant's in turn.

use std::collections::BTreeMap;

use flowai_core::effects::{Message, Part, ToolRequest};
use flowai_core::fault::Fault;
use serde_json::{Value as Json, json};

use super::answer::final_value;
use super::ids::{Ids, spelled};
use super::{API, CONTAINER, FINAL_ANSWER, STOP_DETAILS, files};

/// A conversation that grows by messages.
#[derive(Default)]
pub(super) struct Conversation {
    turns: Vec<(&'static str, Vec<Json>)>,
    ids: Ids,
    /// The calls of the newest answers: each id in the conversation, with the id it is sent under.
    calls: BTreeMap<String, String>,
    /// The calls that have no result yet, under the ids that are sent.
    open: Vec<String>,
    /// Where the provider ran code for the turn that is not over.
    pub container: Option<String>,
}

impl Conversation {
    /// The conversation that these messages are.
    pub(super) fn of(messages: &[Message]) -> Result<Self, Fault> {
        let mut conversation = Self::default();
        messages.iter().try_for_each(|message| conversation.add(message))?;
        Ok(conversation)
    }

    /// The messages as they are sent; with a mark on the last block, up to which the provider caches.
    pub(super) fn messages(mut self, cache: bool) -> Vec<Json> {
        if let Some(block) = self.turns.last_mut().and_then(|(_, blocks)| blocks.last_mut()).filter(|_| cache) {
            let takes_marks = block["type"] != "thinking" && block["type"] != "redacted_thinking";
            if takes_marks {
                block["cache_control"] = json!({"type": "ephemeral"});
            }
        }
        self.turns.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
    }

    fn add(&mut self, message: &Message) -> Result<(), Fault> {
        match message {
            Message::System { .. } => {}
            Message::User { text, files } => {
                self.close();
                self.container = None;
                for file in files {
                    self.push("user", files::block(file)?);
                }
                self.say("user", text);
            }
            Message::Assistant { tool_calls, text, parts, api, .. } => {
                self.close();
                if api.as_deref() == Some(API) && !parts.is_empty() {
                    for part in parts {
                        self.add_part(part);
                    }
                } else {
                    self.say("assistant", &spoken(text, parts));
                    for call in tool_calls {
                        self.call(call, &Json::Null);
                    }
                }
            }
            Message::Tool { name, content, .. } if name == FINAL_ANSWER => self.say("user", &words(content)),
            Message::Tool { call_id, name, content, is_error } => match self.calls.remove(call_id) {
                Some(id) => self.result(&id, &words(content), *is_error),
                // The call is not in the conversation any more; its result alone would be refused.
                None => self.say("user", &format!("`{name}` answered: {}", words(content))),
            },
        }
        Ok(())
    }

    fn add_part(&mut self, part: &Part) {
        match part {
            Part::Text { text, extras: Json::Null } => self.say("assistant", text),
            Part::Text { text, extras } => self.push("assistant", block("text", extras, [("text", json!(text))])),
            Part::Thinking { extras, .. } if is_kind(extras, "redacted_thinking") => {
                self.push("assistant", extras.clone());
            }
            Part::Thinking { text, extras } => {
                self.push("assistant", block("thinking", extras, [("thinking", json!(text))]));
            }
            Part::ToolCall { name, arguments, .. } if name == FINAL_ANSWER => {
                self.say("assistant", &final_value(arguments).to_string());
            }
            Part::ToolCall { id, name, arguments, extras } => {
                let call = ToolRequest { id: id.clone(), name: name.clone(), arguments: arguments.clone() };
                self.call(&call, extras);
            }
            Part::Other { extras } if is_kind(extras, CONTAINER) => {
                self.container = extras.get("id").and_then(Json::as_str).map(str::to_owned);
            }
            Part::Other { extras } if is_kind(extras, STOP_DETAILS) => {}
            Part::Other { extras } => self.push("assistant", extras.clone()),
            Part::File { .. } | Part::Refusal { .. } => {}
        }
    }

    fn call(&mut self, call: &ToolRequest, extras: &Json) {
        let id = self.ids.unique(spelled(&call.id));
        self.calls.insert(call.id.clone(), id.clone());
        self.open.push(id.clone());
        // Arguments that were no JSON: the model sees what it wrote, in the only shape that the API takes.
        let input = if call.arguments.is_object() {
            call.arguments.clone()
        } else {
            json!({"invalid_arguments": call.arguments})
        };
        self.push(
            "assistant",
            block("tool_use", extras, [("id", json!(id)), ("name", json!(call.name)), ("input", input)]),
        );
    }

    fn result(&mut self, id: &str, content: &str, is_error: bool) {
        self.open.retain(|open| open != id);
        let mut result = json!({"type": "tool_result", "tool_use_id": id});
        if !content.is_empty() {
            result["content"] = json!(content);
        }
        if is_error {
            result["is_error"] = json!(true);
        }
        self.push("user", result);
    }

    /// Says of each open call that it has no result; the API refuses to go on without one.
    fn close(&mut self) {
        for id in std::mem::take(&mut self.open) {
            self.result(&id, "the call was not carried out", true);
        }
    }

    /// Adds words; the API refuses blocks without any.
    fn say(&mut self, role: &'static str, text: &str) {
        if !text.trim().is_empty() {
            self.push(role, json!({"type": "text", "text": text}));
        }
    }

    fn push(&mut self, role: &'static str, block: Json) {
        match self.turns.last_mut() {
            Some((last, blocks)) if *last == role => blocks.push(block),
            _ => self.turns.push((role, vec![block])),
        }
    }
}

/// What an answer of another API said, for this one: its words, or what stands for them.
fn spoken(text: &str, parts: &[Part]) -> String {
    let other = parts.iter().filter_map(|part| match part {
        Part::Refusal { text: words } if text.is_empty() => Some(words.clone()),
        Part::ToolCall { name, arguments, .. } if name == FINAL_ANSWER => Some(final_value(arguments).to_string()),
        _ => None,
    });
    let words: Vec<String> = [text.to_owned()].into_iter().chain(other).filter(|words| !words.is_empty()).collect();
    words.join("\n\n")
}

/// A result of a tool in words.
fn words(content: &Json) -> String {
    content.as_str().map_or_else(|| content.to_string(), str::to_owned)
}

fn is_kind(extras: &Json, kind: &str) -> bool {
    extras.get("type").is_some_and(|known| known == kind)
}

fn block<const N: usize>(kind: &str, extras: &Json, own: [(&str, Json); N]) -> Json {
    let mut fields = extras.as_object().cloned().unwrap_or_default();
    fields.insert("type".to_owned(), json!(kind));
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Json::Object(fields)
}
