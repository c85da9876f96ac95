//! Calls that a model asks for: ids of their own, and arguments that are never lost.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::ANSWER_BYTES_MAX;

/// The id of a call: its own, or a made-up one, never the id of another call of the answer.
///
/// `taken` holds each id with the number that its next double gets, so that many doubles take no longer than others.
pub(super) fn unique(id: String, number: usize, taken: &mut BTreeMap<String, u32>) -> String {
    let base = if id.is_empty() { format!("call_{number}") } else { id };
    let Some(mut double) = taken.get(&base).copied() else {
        taken.insert(base.clone(), 2);
        return base;
    };
    let mut candidate = format!("{base}_{double}");
    while taken.contains_key(&candidate) {
        double = double.saturating_add(1);
        candidate = format!("{base}_{double}");
    }
    taken.insert(base, double.saturating_add(1));
    taken.insert(candidate.clone(), 2);
    candidate
}

/// Arguments as JSON; what is none stays as text, so that the schema refuses it and the model can repair it.
pub(super) fn arguments(text: String) -> Json {
    if text.trim().is_empty() {
        return json!({});
    }
    // What would fill the memory once it is read stays as text, too.
    if crate::json::weight(&text) > ANSWER_BYTES_MAX {
        return Json::String(text);
    }
    crate::json::read(&text).unwrap_or(Json::String(text))
}
