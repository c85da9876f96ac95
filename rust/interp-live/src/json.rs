//! JSON as providers write it: a lone surrogate becomes U+FFFD instead of an error.

use flowai_core::fault::{Fault, FaultKind};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// Reads JSON of a provider.
///
/// # Errors
/// [`FaultKind::StreamMalformed`] where it is none, or not of this shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).or_else(|error| match mended(text) {
        Some(text) => serde_json::from_str(&text).map_err(|error| malformed(&error)),
        None => Err(malformed(&error)),
    })
}

/// What a value takes beside its letters, about.
const VALUE_BYTES: usize = 64;

/// About how much memory a text of JSON takes once it is read: a number of one digit takes thirty times its letter.
#[must_use]
pub fn weight(text: &str) -> usize {
    let (mut values, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' | b',' | b':' if !in_text => values = values.saturating_add(1),
            _ => {}
        }
    }
    text.len().saturating_add(values.saturating_mul(VALUE_BYTES))
}

/// About how much memory a value takes.
#[must_use]
pub fn held(value: &Json) -> usize {
    let within = match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(held).fold(0, usize::saturating_add),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, field)| held(field).saturating_add(name.len()).saturating_add(VALUE_BYTES))
            .fold(0, usize::saturating_add),
    };
    within.saturating_add(VALUE_BYTES)
}

fn malformed(error: &serde_json::Error) -> Fault {
    // Serde's message says where and what was expected, never the text itself beyond a name.
    Fault::new(FaultKind::StreamMalformed, format!("the provider sent JSON that cannot be read: {error}"))
}

/// The text with its lone surrogates replaced; none where there is none.
fn mended(text: &str) -> Option<String> {
    let (mut out, mut rest, mut changed) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let (taken, replaced) = escape(tail);
        changed |= replaced;
        let (escaped, after) = tail.split_at_checked(taken).unwrap_or((tail, ""));
        out.push_str(if replaced { "\\ufffd" } else { escaped });
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// How long the escape at the start is, and whether it is half a pair.
fn escape(tail: &str) -> (usize, bool) {
    match unit(tail) {
        Some(0xd800..=0xdbff) if tail.get(6..).and_then(unit).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) => {
            (12, false)
        }
        Some(0xd800..=0xdfff) => (6, true),
        Some(_) => (6, false),
        None => (tail.chars().take(2).map(char::len_utf8).sum(), false),
    }
}

fn unit(tail: &str) -> Option<u16> {
    let digits = tail.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{held, read, weight};

    #[test]
    fn lone_surrogates_become_replacement_characters_and_pairs_stay() {
        let text = r#"["\ud83d\ude00 \ud83d \ude00 \ud83d\ud83d\ude00 \\ud83d \n"]"#;
        let read: Vec<String> = read(text).unwrap();
        assert_eq!(read, ["😀 \u{fffd} \u{fffd} \u{fffd}😀 \\ud83d \n"]);
    }

    #[test]
    fn many_values_weigh_more_than_many_letters() {
        assert_eq!(weight(r#""a, [b] \", {c}""#), 16);
        assert_eq!(weight("[0,0]"), 5 + 2 * 64);
        assert_eq!(held(&serde_json::json!({"a": ["bc", 0]})), 4 * 64 + 64 + 3);
        assert!(weight(&format!("[{}0]", "0,".repeat(1 << 20))) > 64 << 20);
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        assert!(read::<serde_json::Value>(r#"{"a": "\ud83d"#).is_err());
    }
}
