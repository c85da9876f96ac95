//! A conversation in the words of this API.

use flowai_core::effects::{File, Message, Part, ToolRequest};
use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::{API, Flavour, files};
use crate::providers::output::{FINAL_ANSWER, spoken};

/// The messages of a conversation.
pub(super) fn messages(conversation: &[Message], flavour: Flavour) -> Result<Vec<Json>, Fault> {
    conversation
        .iter()
        .filter(|message| !matches!(message, Message::System { .. }))
        .map(|one| message(one, flavour))
        .collect()
}

fn message(message: &Message, flavour: Flavour) -> Result<Json, Fault> {
    Ok(match message {
        Message::System { text } => json!({"role": "system", "content": text}),
        Message::User { text, files } if files.is_empty() => json!({"role": "user", "content": text}),
        Message::User { text, files } => json!({"role": "user", "content": content(text, files, flavour)?}),
        Message::Assistant { text, tool_calls, parts, api, .. } => {
            let text = spoken(text, parts);
            let parts = if api.as_deref() == Some(API) { parts.as_slice() } else { &[] };
            assistant(&text, tool_calls, parts, flavour)
        }
        Message::Tool { call_id, name, content, .. } => {
            let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
            let mut written = json!({"role": "tool", "tool_call_id": call_id, "content": text});
            if flavour == Flavour::Mistral {
                written["name"] = json!(name);
            }
            written
        }
    })
}

fn content(text: &str, files: &[File], flavour: Flavour) -> Result<Vec<Json>, Fault> {
    let words = (!text.is_empty()).then(|| Ok(json!({"type": "text", "text": text})));
    words.into_iter().chain(files.iter().map(|file| files::piece(file, flavour))).collect()
}

fn assistant(text: &str, calls: &[ToolRequest], parts: &[Part], flavour: Flavour) -> Json {
    let mut written = Map::from_iter([("role".to_owned(), json!("assistant"))]);
    let content = if text.is_empty() { Json::Null } else { json!(text) };
    written.insert("content".to_owned(), content);
    for part in parts {
        give_back(&mut written, part, text, flavour);
    }
    let calls: Vec<Json> = calls.iter().filter(|call| call.name != FINAL_ANSWER).map(|one| call(one, parts)).collect();
    if calls.is_empty() {
        if written.get("content").is_some_and(Json::is_null) && !written.contains_key("refusal") {
            written.insert("content".to_owned(), json!(""));
        }
    } else {
        written.insert("tool_calls".to_owned(), Json::Array(calls));
    }
    Json::Object(written)
}

fn call(call: &ToolRequest, parts: &[Part]) -> Json {
    let arguments = call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned);
    let function = json!({"name": call.name, "arguments": arguments});
    let mut written = json!({"id": call.id, "type": "function", "function": function});
    let same = |part: &&Part| matches!(part, Part::ToolCall { id, .. } if *id == call.id);
    if let Some(Part::ToolCall { extras, .. }) = parts.iter().find(same)
        && let Some(extra) = extras.get("extra_content")
    {
        written["extra_content"] = extra.clone();
    }
    written
}

/// Gives a server back what it wants to see again.
fn give_back(written: &mut Map<String, Json>, part: &Part, text: &str, flavour: Flavour) {
    match part {
        Part::Thinking { text: thought, extras } => {
            let details = extras.get("details").filter(|details| details.as_array().is_some_and(|all| !all.is_empty()));
            if let Some(details) = details {
                written.insert("reasoning_details".to_owned(), details.clone());
            }
            if flavour == Flavour::Mistral && extras["field"] == "content" {
                let thinking = json!({"type": "thinking", "thinking": [{"type": "text", "text": thought}]});
                let words = (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
                let content: Vec<Json> = std::iter::once(thinking).chain(words).collect();
                written.insert("content".to_owned(), Json::Array(content));
            } else if let (Some(field), false) = (flavour.thinking_back(), thought.is_empty()) {
                written.insert(field.to_owned(), json!(thought));
            }
        }
        Part::Refusal { text } => {
            written.insert("refusal".to_owned(), json!(text));
        }
        // What the server did or showed by itself is not taken back by any of them.
        Part::Text { .. } | Part::ToolCall { .. } | Part::File { .. } | Part::Other { .. } => {}
    }
}
