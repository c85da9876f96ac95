//! Output items as parts of an answer, and the same items again as input.

use flowai_core::effects::{File, Part};
use serde_json::{Value as Json, json};

use crate::providers::calls::arguments;
use crate::providers::output::FINAL_ANSWER;

/// The parts of an item, each with what is needed to write the item again.
pub(super) fn parts(mut item: Json) -> Vec<Part> {
    let text = |item: &Json, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    match item["type"].as_str() {
        Some("message") => message(item),
        Some("reasoning") => vec![Part::Thinking { text: thought(&item), extras: item }],
        Some("function_call") => {
            let arguments = arguments(text(&item, "arguments"));
            if let Some(fields) = item.as_object_mut() {
                fields.remove("arguments");
            }
            vec![Part::ToolCall { id: text(&item, "call_id"), name: text(&item, "name"), arguments, extras: item }]
        }
        Some("image_generation_call") if item["result"].is_string() => vec![image(item)],
        _ => vec![Part::Other { extras: item }],
    }
}

/// What is shown of thinking: its summary, or its own words where the model is open.
fn thought(item: &Json) -> String {
    let texts = |name: &str| -> Vec<&str> {
        item[name].as_array().into_iter().flatten().filter_map(|piece| piece["text"].as_str()).collect()
    };
    let summary = texts("summary");
    if summary.is_empty() { texts("content").join("") } else { summary.join("\n\n") }
}

fn message(mut item: Json) -> Vec<Part> {
    let content = item.as_object_mut().and_then(|fields| fields.remove("content"));
    let pieces = content.and_then(|content| content.as_array().cloned()).unwrap_or_default();
    pieces.iter().map(|piece| words(piece, &item)).collect()
}

fn words(piece: &Json, item: &Json) -> Part {
    let annotations = piece["annotations"].clone();
    match (piece["type"].as_str(), piece["text"].as_str(), piece["refusal"].as_str()) {
        (Some("output_text"), Some(text), _) => {
            let annotations = if annotations.is_null() { json!([]) } else { annotations };
            Part::Text { text: text.to_owned(), extras: json!({"message": item, "annotations": annotations}) }
        }
        (Some("refusal"), _, Some(refusal)) => Part::Refusal { text: refusal.to_owned() },
        _ => Part::Other { extras: json!({"message": item, "content": piece}) },
    }
}

fn image(mut item: Json) -> Part {
    let format = item["output_format"].as_str().unwrap_or("png").to_owned();
    let base64 = item.as_object_mut().and_then(|fields| fields.remove("result"));
    let base64 = base64.and_then(|base64| base64.as_str().map(str::to_owned));
    Part::File { file: File { media_type: format!("image/{format}"), name: None, base64, url: None }, extras: item }
}

/// Whether a part says no more than the plain fields of an answer.
pub(super) fn is_plain(part: &Part) -> bool {
    match part {
        Part::Text { extras, .. } => extras["annotations"].as_array().is_none_or(Vec::is_empty),
        Part::ToolCall { name, extras, .. } => extras["caller"].is_null() && name != FINAL_ANSWER,
        Part::Thinking { .. } | Part::File { .. } | Part::Refusal { .. } | Part::Other { .. } => false,
    }
}

/// The input items that parts are, in their order.
pub(super) fn items(parts: &[Part]) -> Vec<Json> {
    let mut items: Vec<Json> = Vec::new();
    for part in parts {
        match part {
            Part::Text { text, extras } => {
                let piece = json!({"type": "output_text", "text": text, "annotations": extras["annotations"]});
                add_words(&mut items, &extras["message"], piece);
            }
            Part::Refusal { text } => {
                add_words(&mut items, &json!({}), json!({"type": "refusal", "refusal": text}));
            }
            Part::Other { extras } if extras.get("message").is_some() => {
                add_words(&mut items, &extras["message"], extras["content"].clone());
            }
            Part::ToolCall { arguments, extras, .. } => {
                let mut item = extras.clone();
                item["arguments"] = json!(arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned));
                items.push(item);
            }
            Part::File { file, extras } => {
                let mut item = extras.clone();
                item["result"] = json!(file.base64);
                items.push(item);
            }
            Part::Thinking { extras, .. } | Part::Other { extras } => items.push(extras.clone()),
        }
    }
    items
}

/// Adds words to the message that they are of, or begins it.
fn add_words(items: &mut Vec<Json>, message: &Json, piece: Json) {
    let is_same =
        |last: &&mut Json| last["type"] == "message" && (message["id"].is_null() || last["id"] == message["id"]);
    if let Some(content) = items.last_mut().filter(is_same).and_then(|last| last["content"].as_array_mut()) {
        return content.push(piece);
    }
    let mut begun = if message.is_object() { message.clone() } else { json!({}) };
    begun["type"] = json!("message");
    begun["role"] = json!("assistant");
    begun["content"] = json!([piece]);
    items.push(begun);
}
