//! Parts of content as parts of an answer, and the same parts again as content.

use flowai_core::effects::{File, Part};
use serde_json::{Map, Value as Json, json};

use super::ABOUT;
use super::calls::extras;
use super::files::file;
use super::heard::Written;
use crate::providers::output::FINAL_ANSWER;

/// Fields of which a part has one, beside its words; a part without any of them is words.
const CONTENTS: [&str; 8] = [
    "functionCall",
    "functionResponse",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// The field of a part that holds the signature of the thinking before it.
pub(super) const SIGNATURE: &str = "thoughtSignature";

/// Whether a part with words and these other fields is no more than words.
pub(super) fn is_words(rest: &Map<String, Json>) -> bool {
    !CONTENTS.iter().any(|name| rest.contains_key(*name))
}

/// A part that is neither a call nor words alone; none where it says nothing.
pub(super) fn part(mut written: Written<'_>) -> Option<Part> {
    if written.text.is_none()
        && let Some(file) = file(&mut written.rest)
    {
        if written.is_thought {
            written.rest.insert("thought".to_owned(), json!(true));
        }
        return Some(Part::File { file, extras: extras(written.rest) });
    }
    let whole = whole(written);
    let says_nothing = whole.as_object().is_none_or(|fields| fields.keys().all(|name| name == "thought"));
    (!says_nothing).then_some(Part::Other { extras: whole })
}

/// A part as it came.
pub(super) fn whole(written: Written<'_>) -> Json {
    let mut fields = written.rest;
    if let Some(text) = written.text {
        fields.insert("text".to_owned(), json!(text));
    }
    if written.is_thought {
        fields.insert("thought".to_owned(), json!(true));
    }
    Json::Object(fields)
}

/// Whether these parts say no more than the plain fields of an answer: thinking, then words, then calls.
pub(super) fn are_plain(parts: &[Part]) -> bool {
    let ranks: Option<Vec<u8>> = parts
        .iter()
        .map(|part| match part {
            Part::Thinking { extras: Json::Null, .. } => Some(0),
            Part::Text { extras: Json::Null, .. } => Some(1),
            Part::ToolCall { extras: Json::Null, name, .. } if name != FINAL_ANSWER => Some(2),
            _ => None,
        })
        .collect();
    ranks.is_some_and(|ranks| ranks.is_sorted())
}

/// Whether a part is code that the provider runs, whose result follows.
pub(super) fn is_code(part: &Part) -> bool {
    matches!(part, Part::Other { extras } if extras.get("executableCode").is_some())
}

/// Whether a part carries a signature of the thinking before it.
pub(super) fn is_signed(part: &Part) -> bool {
    match part {
        Part::Text { extras, .. }
        | Part::Thinking { extras, .. }
        | Part::ToolCall { extras, .. }
        | Part::File { extras, .. }
        | Part::Other { extras } => extras.get(SIGNATURE).is_some(),
        Part::Refusal { .. } => false,
    }
}

/// All words of one kind.
pub(super) fn joined(parts: &[Part], of: fn(&Part) -> Option<&str>) -> String {
    parts.iter().filter_map(of).collect()
}

pub(super) fn text_of(part: &Part) -> Option<&str> {
    if let Part::Text { text, .. } = part { Some(text) } else { None }
}

pub(super) fn thought_of(part: &Part) -> Option<&str> {
    if let Part::Thinking { text, .. } = part { Some(text) } else { None }
}

/// The content that a part is, as it came; none where it is none.
pub(super) fn written(part: &Part) -> Option<Json> {
    let with = |extras: &Json, own: &[(&str, Json)]| {
        let mut fields = extras.as_object().cloned().unwrap_or_default();
        fields.extend(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Json::Object(fields)
    };
    match part {
        Part::Text { text, extras: Json::Null } | Part::Thinking { text, extras: Json::Null } if text.is_empty() => {
            None
        }
        Part::Text { text, extras } => Some(with(extras, &[("text", json!(text))])),
        Part::Thinking { text, extras } => Some(with(extras, &[("text", json!(text)), ("thought", json!(true))])),
        Part::ToolCall { name, arguments, extras, .. } => {
            let call = with(&extras["functionCall"], &[("name", json!(name)), ("args", object(arguments))]);
            Some(with(extras, &[("functionCall", call)]))
        }
        Part::File { file, extras } => {
            let (name, held) = held(file)?;
            let held = with(&extras[name], held.as_slice());
            Some(with(extras, &[(name, held)]))
        }
        Part::Refusal { text } => Some(json!({"text": text})),
        Part::Other { extras } if extras.get(ABOUT).is_some() => None,
        Part::Other { extras } => Some(extras.clone()),
    }
}

/// Arguments in the only shape that the API takes; what is no object was written by the model so.
pub(super) fn object(arguments: &Json) -> Json {
    if arguments.is_object() { arguments.clone() } else { json!({"invalid_arguments": arguments}) }
}

/// The field that holds a file, and what stands in it.
pub(super) fn held(file: &File) -> Option<(&'static str, [(&'static str, Json); 2])> {
    let media_type = ("mimeType", json!(file.media_type));
    match (&file.base64, &file.url) {
        (Some(base64), _) => Some(("inlineData", [media_type, ("data", json!(base64))])),
        (None, Some(url)) => Some(("fileData", [media_type, ("fileUri", json!(url))])),
        (None, None) => None,
    }
}
