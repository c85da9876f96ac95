//! Strings of canonical JSON: only what must be escaped is escaped.

use std::fmt::Write;

/// Writes a string with its quotes, as RFC 8785 section 3.2.2.2 asks.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        rest = write_first_escaped(out, tail);
    }
    out.push_str(rest);
    out.push('"');
}

fn needs_escape(character: char) -> bool {
    character < ' ' || character == '"' || character == '\\'
}

fn write_first_escaped<'a>(out: &mut String, tail: &'a str) -> &'a str {
    let mut characters = tail.chars();
    if let Some(character) = characters.next() {
        write_escaped(out, character);
    }
    characters.as_str()
}

fn write_escaped(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        // Writing to a `String` cannot fail.
        other => {
            let _ = write!(out, "\\u{:04x}", u32::from(other));
        }
    }
}
