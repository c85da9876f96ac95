//! Files that a person gives, as content blocks.

use flowai_core::effects::File;
use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

/// The block of a file: an image, or a document with its name.
pub(super) fn block(file: &File) -> Result<Json, Fault> {
    let kind = if file.media_type.starts_with("image/") { "image" } else { "document" };
    let mut block = json!({"type": kind, "source": source(file)?});
    if let Some(name) = file.name.as_ref().filter(|name| kind == "document" && !name.is_empty()) {
        block["title"] = json!(name);
    }
    Ok(block)
}

fn source(file: &File) -> Result<Json, Fault> {
    let media_type = file.media_type.split(';').next().unwrap_or_default().trim();
    let is_binary = media_type == "application/pdf" || media_type.starts_with("image/");
    match (&file.base64, &file.url) {
        (Some(base64), _) if is_binary => Ok(json!({"type": "base64", "media_type": media_type, "data": base64})),
        (Some(base64), _) if is_text(media_type) => {
            let text = text_of(base64).ok_or_else(|| refused(media_type, "its bytes are no text"))?;
            Ok(json!({"type": "text", "media_type": "text/plain", "data": text}))
        }
        (None, Some(url)) if is_binary => Ok(json!({"type": "url", "url": url})),
        (None, None) => Err(refused(media_type, "it has neither bytes nor a URL")),
        _ => Err(refused(media_type, "this provider reads images, PDFs, and text by its bytes")),
    }
}

fn refused(media_type: &str, why: &str) -> Fault {
    Fault::new(FaultKind::RequestInvalid, format!("a file of type `{media_type}` cannot be sent: {why}"))
        .hint("give an image, a PDF, or the bytes of a text")
}

fn is_text(media_type: &str) -> bool {
    let known = ["application/json", "application/xml", "application/yaml", "application/sql"];
    media_type.starts_with("text/") || known.contains(&media_type)
}

/// The UTF-8 text in standard base64.
fn text_of(base64: &str) -> Option<String> {
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(base64.len() / 4 * 3), 0_u32, 0_u32);
    for letter in base64.bytes().filter(|letter| *letter != b'=' && !letter.is_ascii_whitespace()) {
        bits = (bits << 6 | u32::from(sextet(letter)?)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

fn sextet(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn text_is_read_from_base64() {
        assert_eq!(text_of("SMOpbGxvLCB3w7ZybGQ="), Some("Héllo, wörld".to_owned()));
        assert_eq!(text_of(""), Some(String::new()));
        assert_eq!(text_of("/w=="), None);
        assert_eq!(text_of("!"), None);
    }
}
