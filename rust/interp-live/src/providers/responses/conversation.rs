//! A conversation as input items.

use flowai_core::effects::{File, Message, ToolRequest};
use flowai_core::fault::Fault;
use serde_json::{Value as Json, json};

use super::{API, items};
use crate::providers::output::{FINAL_ANSWER, cannot, given, spoken};

/// The input items of a conversation, without its system messages.
pub(super) fn input(conversation: &[Message]) -> Result<Vec<Json>, Fault> {
    let mut input = Vec::new();
    for message in conversation {
        match message {
            Message::System { .. } => {}
            Message::User { text, files } => {
                input.push(json!({"type": "message", "role": "user", "content": content(text, files)?}));
            }
            Message::Assistant { parts, api, .. } if api.as_deref() == Some(API) && !parts.is_empty() => {
                input.extend(items::items(parts).into_iter().filter(|item| item["name"] != FINAL_ANSWER));
                input.extend(said(&given(parts).unwrap_or_default(), &[]));
            }
            Message::Assistant { text, tool_calls, parts, .. } => {
                input.extend(said(&spoken(text, parts), tool_calls));
            }
            Message::Tool { call_id, content, .. } => {
                let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
                input.push(json!({"type": "function_call_output", "call_id": call_id, "output": text}));
            }
        }
    }
    Ok(input)
}

fn said(text: &str, calls: &[ToolRequest]) -> Vec<Json> {
    let words = (!text.is_empty()).then(|| json!({"type": "message", "role": "assistant", "content": text}));
    let calls = calls.iter().filter(|call| call.name != FINAL_ANSWER).map(|call| {
        let arguments = call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned);
        json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments})
    });
    words.into_iter().chain(calls).collect()
}

fn content(text: &str, files: &[File]) -> Result<Json, Fault> {
    if files.is_empty() {
        return Ok(json!(text));
    }
    let words = (!text.is_empty()).then(|| Ok(json!({"type": "input_text", "text": text})));
    let pieces: Result<Vec<Json>, Fault> = words.into_iter().chain(files.iter().map(piece)).collect();
    Ok(Json::Array(pieces?))
}

fn piece(file: &File) -> Result<Json, Fault> {
    let media_type = file.media_type.split(';').next().unwrap_or_default().trim();
    let data = file.base64.as_ref().map(|base64| format!("data:{media_type};base64,{base64}"));
    let address = data.clone().or_else(|| file.url.clone());
    let Some(address) = address else {
        return Err(cannot("needs the bytes or the URL of a file", "give one of them"));
    };
    if media_type.starts_with("image/") {
        return Ok(json!({"type": "input_image", "image_url": address, "detail": "auto"}));
    }
    match data {
        Some(data) => {
            let name = file.name.as_deref().unwrap_or("document.pdf");
            Ok(json!({"type": "input_file", "filename": name, "file_data": data}))
        }
        None => Ok(json!({"type": "input_file", "file_url": address})),
    }
}
