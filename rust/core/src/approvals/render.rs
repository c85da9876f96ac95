//! Rendering: what an approver sees is what was hashed, with nothing hidden in it.

use std::fmt::Write;

use serde_json::{Value, json};

use super::approval::Approval;
use super::bound::ApprovalKind;

/// Shows every character that could hide, reorder or become markup as an escape.
///
/// The result is safe as text of a terminal or of a web page, not within a tag.
///
/// # Examples
///
/// ```
/// assert_eq!(flowai_core::approvals::escape("\"Adler & Sons\", O'Brien"), "\"Adler & Sons\", O'Brien");
/// assert_eq!(flowai_core::approvals::escape("a\u{202e}b<i>\u{1b}[1m"), "a\\u202eb\\u003ci\\u003e\\u001b[1m");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if deceives(character) || character == '&' && rest.peek().is_some_and(|next| begins_reference(*next)) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// The value with every text and field name escaped.
#[must_use]
pub fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape(text)),
        Value::Array(items) => Value::Array(items.iter().map(escaped).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (escape(name), escaped(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// What waits, as events and lists of approvals show it: the bound subject with the names of what it belongs to.
#[must_use]
pub fn shown(approval: &Approval) -> Value {
    let bound = &approval.bound;
    let subject = escaped(&bound.subject);
    match bound.kind {
        ApprovalKind::Tool => json!({"tool": bound.tool, "arguments": subject}),
        ApprovalKind::Plan => json!({
            "plan_id": bound.plan_id, "revision": bound.plan_revision, "digest": bound.plan_digest, "body": subject,
        }),
        ApprovalKind::InDoubt => json!({
            "tool": bound.tool, "arguments": subject, "plan_id": bound.plan_id, "action": bound.action,
            "idempotency_key": bound.key(),
        }),
        ApprovalKind::Program => subject,
    }
}

fn deceives(character: char) -> bool {
    let plain_space = matches!(character, '\n' | '\t');
    character.is_control() && !plain_space || is_markup(character) || is_invisible(character)
}

/// The backslash is among them, so that a text cannot pretend to be an escape.
///
/// Quotes are not: they end nothing in a text, and a name like O'Brien stays one.
fn is_markup(character: char) -> bool {
    matches!(character, '<' | '>' | '\\')
}

/// Whether an ampersand before it would make a web page show another character.
fn begins_reference(character: char) -> bool {
    character == '#' || character.is_ascii_alphanumeric()
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}
