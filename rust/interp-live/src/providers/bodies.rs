//! Error bodies in words: what all providers' files say alike.

use flowai_core::fault::FaultKind;

/// How much is kept of a body that is no JSON, in characters.
const BODY_CHARACTERS_MAX: usize = 300;

/// What to do about a kind of failure; `account` says what to look at where no waiting helps.
pub(super) fn advice(kind: FaultKind, account: Option<&str>) -> Option<&str> {
    match kind {
        FaultKind::AuthenticationFailed => Some("check the key of this provider"),
        FaultKind::ModelNotFound => Some("check the name of the model, and that the key may use it"),
        FaultKind::ContextTooLong => Some("shorten the conversation, or use a model that reads more"),
        FaultKind::RateLimited => account,
        _ => None,
    }
}

/// A body that is no JSON, in one readable line.
pub(super) fn plain(status: Option<u16>, body: &str) -> String {
    let title = body.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title);
    let words: Vec<&str> = title.unwrap_or(body).split_whitespace().collect();
    let text: String = words.join(" ").chars().take(BODY_CHARACTERS_MAX).collect();
    let status = status.map_or_else(|| "an error".to_owned(), |status| format!("status {status}"));
    if text.is_empty() {
        format!("the provider answered with {status} and no words")
    } else {
        format!("the provider answered with {status}: {text}")
    }
}

/// The message with every key that begins so cut off.
pub(super) fn without_keys(message: &str, key: &str) -> String {
    let mut pieces = message.split(key);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |told, piece| {
        let rest = piece.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "-_*".contains(letter));
        told + key + "…" + rest
    })
}
