//! A whole answer, from its content blocks.

use flowai_core::effects::{ModelAnswer, Part, ToolRequest};
use flowai_core::fault::{Fault, FaultKind};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::heard::Written;
use super::ids::Ids;
use super::{API, CONTAINER, FINAL_ANSWER, FINAL_VALUE, STOP_DETAILS, fault};

/// Reads a whole answer, or the error in its place.
pub(super) fn read(body: &Json) -> Result<ModelAnswer, Fault> {
    if body.get("type").is_some_and(|kind| kind == "error") || body.get("content").is_none() {
        return Err(fault::of_answer(body));
    }
    let written = Written::deserialize(body).map_err(|error| {
        Fault::new(FaultKind::StreamMalformed, format!("the provider sent an answer that cannot be read: {error}"))
    })?;
    Ok(assemble(written))
}

/// The answer that a message is.
pub(super) fn assemble(written: Written) -> ModelAnswer {
    let mut ids = Ids::default();
    let mut parts: Vec<Part> = written.content.into_iter().flatten().map(|block| part(block, &mut ids)).collect();
    parts.extend(refusal(&written.stop_details));
    parts.extend(container(&written.container));
    let mut answer = ModelAnswer {
        stop_reason: written.stop_reason.unwrap_or_default(),
        usage: written.usage.unwrap_or_default().usage(),
        model: fallback(&parts).or(written.model),
        ..ModelAnswer::default()
    };
    for part in &parts {
        tell(&mut answer, part);
    }
    if !is_plain(&parts) {
        answer.parts = parts;
        answer.api = Some(API.to_owned());
    }
    answer
}

/// The model that took the answer over from the one that was asked.
fn fallback(parts: &[Part]) -> Option<String> {
    let blocks = parts.iter().rev().filter_map(|part| match part {
        Part::Other { extras } if extras["type"] == "fallback" => extras["to"]["model"].as_str(),
        _ => None,
    });
    blocks.map(str::to_owned).next()
}

/// Whether text and tool calls say all that these parts say.
fn is_plain(parts: &[Part]) -> bool {
    let begins_with_text = matches!(parts.first(), Some(Part::Text { extras: Json::Null, .. }));
    let calls = parts.get(usize::from(begins_with_text)..).unwrap_or_default();
    calls.iter().all(|part| match part {
        Part::ToolCall { name, extras, .. } => {
            name != FINAL_ANSWER && (extras.is_null() || *extras == json!({"caller": {"type": "direct"}}))
        }
        _ => false,
    })
}

/// Adds a part to the plain fields.
fn tell(answer: &mut ModelAnswer, part: &Part) {
    match part {
        Part::Text { text, .. } => answer.text.push_str(text),
        Part::Thinking { text, .. } if !text.is_empty() => {
            answer.thinking.get_or_insert_default().push_str(text);
        }
        Part::ToolCall { name, arguments, .. } if name == FINAL_ANSWER => {
            answer.output.get_or_insert_with(|| final_value(arguments));
        }
        Part::ToolCall { id, name, arguments, .. } => {
            answer.tool_calls.push(ToolRequest { id: id.clone(), name: name.clone(), arguments: arguments.clone() });
        }
        Part::Thinking { .. } | Part::File { .. } | Part::Refusal { .. } | Part::Other { .. } => {}
    }
}

/// The structured answer in the arguments of its tool.
pub(super) fn final_value(arguments: &Json) -> Json {
    let wrapped = arguments.as_object().filter(|fields| fields.len() == 1);
    wrapped.and_then(|fields| fields.get(FINAL_VALUE)).unwrap_or(arguments).clone()
}

/// A content block as a part.
fn part(block: Json, ids: &mut Ids) -> Part {
    let Json::Object(mut fields) = block else { return Part::Other { extras: block } };
    let kind = fields.get("type").and_then(Json::as_str).unwrap_or_default();
    match kind {
        "text" if is_text(&fields, "text") => {
            let text = taken(&mut fields, "text");
            if fields.get("citations").is_some_and(|citations| citations.is_null() || *citations == json!([])) {
                fields.remove("citations");
            }
            Part::Text { text, extras: extras(fields) }
        }
        "thinking" if is_text(&fields, "thinking") => {
            Part::Thinking { text: taken(&mut fields, "thinking"), extras: extras(fields) }
        }
        "redacted_thinking" => Part::Thinking { text: String::new(), extras: Json::Object(fields) },
        "tool_use" if is_text(&fields, "name") => {
            let (id, name) = (taken(&mut fields, "id"), taken(&mut fields, "name"));
            let id = if id.is_empty() { ids.made() } else { ids.unique(id) };
            let arguments = fields.remove("input").unwrap_or_else(|| json!({}));
            Part::ToolCall { id, name, arguments, extras: extras(fields) }
        }
        _ => Part::Other { extras: Json::Object(fields) },
    }
}

fn is_text(fields: &Map<String, Json>, name: &str) -> bool {
    fields.get(name).is_some_and(Json::is_string)
}

fn taken(fields: &mut Map<String, Json>, name: &str) -> String {
    match fields.remove(name) {
        Some(Json::String(text)) => text,
        _ => String::new(),
    }
}

fn extras(mut fields: Map<String, Json>) -> Json {
    fields.remove("type");
    if fields.is_empty() { Json::Null } else { Json::Object(fields) }
}

/// What is said about the end: the words of a refusal, and all of it for a program.
fn refusal(details: &Json) -> Vec<Part> {
    let words = details.get("explanation").and_then(Json::as_str).map(str::to_owned);
    let words = words.map(|text| Part::Refusal { text });
    let whole = details.is_object().then(|| json!({"type": STOP_DETAILS, STOP_DETAILS: details}));
    words.into_iter().chain(whole.map(|extras| Part::Other { extras })).collect()
}

/// Where the provider ran code; it has to be named when its calls are answered.
fn container(container: &Json) -> Option<Part> {
    let mut fields = container.as_object()?.clone();
    fields.insert("type".to_owned(), json!(CONTAINER));
    Some(Part::Other { extras: Json::Object(fields) })
}
