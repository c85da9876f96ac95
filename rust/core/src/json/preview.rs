//! Small pictures of large values, for people and models who cannot see them whole.

use serde_json::{Map, Value, json};

/// How many items or fields of one level a preview keeps.
pub const PREVIEW_ITEMS_MAX: usize = 5;
/// How many characters of one string a preview keeps.
pub const PREVIEW_TEXT_MAX: usize = 120;

/// Shows the beginning of a value and counts what it leaves out.
///
/// Strings are cut, arrays and objects keep their first entries, and the depth
/// is bounded; whatever was left out is counted, never dropped in silence. The
/// same value always gives the same preview.
///
/// # Examples
///
/// ```
/// use flowai_core::json::preview;
/// use serde_json::json;
///
/// let picture = preview(&json!([1, 2, 3, 4, 5, 6, 7]), 2048);
/// assert_eq!(picture, json!([1, 2, 3, 4, 5, {"omitted": 2}]));
/// ```
#[must_use]
pub fn preview(value: &Value, bytes_max: usize) -> Value {
    for depth in (0..=4).rev() {
        let picture = shrink(value, depth);
        if super::size(&picture) <= bytes_max {
            return picture;
        }
    }
    outline(value)
}

/// Cuts a text after `characters` characters and says how many it left out.
#[must_use]
pub fn truncate(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((at, _)) => {
            let (kept, rest) = text.split_at(at);
            format!("{kept}… ({} more characters)", rest.chars().count())
        }
    }
}

fn shrink(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => Value::String(truncate(text, PREVIEW_TEXT_MAX)),
        Value::Array(_) | Value::Object(_) if depth == 0 => outline(value),
        Value::Array(items) => shrink_items(items, depth.saturating_sub(1)),
        Value::Object(fields) => shrink_fields(fields, depth.saturating_sub(1)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn shrink_items(items: &[Value], depth: usize) -> Value {
    let mut kept: Vec<Value> = items.iter().take(PREVIEW_ITEMS_MAX).map(|item| shrink(item, depth)).collect();
    let omitted = items.len().saturating_sub(PREVIEW_ITEMS_MAX);
    if omitted > 0 {
        kept.push(json!({ "omitted": omitted }));
    }
    Value::Array(kept)
}

fn shrink_fields(fields: &Map<String, Value>, depth: usize) -> Value {
    let kept = fields.iter().take(PREVIEW_ITEMS_MAX);
    let mut shown: Map<String, Value> = kept.map(|(name, value)| (name.clone(), shrink(value, depth))).collect();
    let omitted = fields.len().saturating_sub(PREVIEW_ITEMS_MAX);
    if omitted > 0 {
        shown.insert("omitted_fields".to_owned(), json!(omitted));
    }
    Value::Object(shown)
}

fn outline(value: &Value) -> Value {
    match value {
        Value::Array(items) => json!({ "items": items.len() }),
        Value::Object(fields) => json!({ "fields": fields.len() }),
        Value::String(text) => json!({ "characters": text.chars().count() }),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
