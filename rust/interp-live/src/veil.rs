//! A veil between a model and its readers: a key that an answer repeats is struck out, however it is cut into pieces.

use std::sync::Arc;

use flowai_core::effects::{ModelAnswer, Part};
use serde_json::Value as Json;

use crate::key::Key;
use crate::secrets::SECRET_BYTES_MIN;
use crate::trouble::struck;

/// The secrets of an endpoint, and what has to wait because it may be the beginning of one.
#[derive(Clone, Default)]
pub(crate) struct Veil {
    secrets: Arc<[Key]>,
    held: String,
}

impl Veil {
    /// A veil for these secrets.
    pub fn of<'k>(secrets: impl Iterator<Item = &'k Key>) -> Self {
        let secrets = secrets.filter(|secret| secret.reveal().len() >= SECRET_BYTES_MIN).cloned().collect();
        Self { secrets, held: String::new() }
    }

    /// What may be shown now, once these words have come.
    pub fn through(&mut self, words: String) -> String {
        let mut seen = if self.held.is_empty() { words } else { std::mem::take(&mut self.held) + &words };
        for secret in &*self.secrets {
            seen = secret.struck_from(&seen).unwrap_or(seen);
        }
        let begun = self.secrets.iter().map(|secret| begun(seen.as_bytes(), secret.reveal().as_bytes())).max();
        let shown = seen.len().saturating_sub(begun.unwrap_or_default());
        if seen.is_char_boundary(shown) {
            self.held = seen.split_off(shown);
        }
        seen
    }

    /// What was held back and turned out to be no secret.
    pub fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// The answer without these secrets.
    pub fn over(&self, answer: ModelAnswer) -> ModelAnswer {
        self.secrets.iter().fold(answer, without)
    }
}

/// How many bytes at the end may be the beginning of a secret.
fn begun(seen: &[u8], secret: &[u8]) -> usize {
    let from = seen.len().saturating_sub(secret.len().saturating_sub(1));
    let tail = seen.get(from..).unwrap_or_default();
    let starts = tail.iter().enumerate().filter(|(_, byte)| Some(*byte) == secret.first()).map(|(at, _)| at);
    let begun = starts.filter_map(|at| tail.get(at..)).find(|end| secret.starts_with(end));
    begun.map_or(0, <[u8]>::len)
}

fn without(mut answer: ModelAnswer, secret: &Key) -> ModelAnswer {
    for text in std::iter::once(&mut answer.text).chain(&mut answer.thinking) {
        strike(text, secret);
    }
    answer.output = answer.output.map(|output| struck(output, secret));
    for call in &mut answer.tool_calls {
        call.arguments = struck(std::mem::take(&mut call.arguments), secret);
    }
    for part in &mut answer.parts {
        strike_part(part, secret);
    }
    answer
}

fn strike_part(part: &mut Part, secret: &Key) {
    let strike_json = |json: &mut Json| *json = struck(std::mem::take(json), secret);
    match part {
        Part::Text { text, extras } | Part::Thinking { text, extras } => {
            strike(text, secret);
            strike_json(extras);
        }
        Part::ToolCall { arguments, extras, .. } => {
            strike_json(arguments);
            strike_json(extras);
        }
        Part::File { extras, .. } | Part::Other { extras } => strike_json(extras),
        Part::Refusal { text } => strike(text, secret),
    }
}

fn strike(text: &mut String, secret: &Key) {
    if let Some(clean) = secret.struck_from(text) {
        *text = clean;
    }
}

#[cfg(test)]
mod tests {
    use super::Veil;
    use crate::key::Key;

    const KEY: &str = "sk-canary-0123456789";

    fn shown(pieces: &[&str]) -> String {
        let mut veil = Veil::of([Key::new(KEY), Key::new("short")].iter());
        let shown: String = pieces.iter().map(|piece| veil.through((*piece).to_owned())).collect();
        shown + &veil.rest()
    }

    #[test]
    fn a_key_is_struck_out_wherever_it_is_cut() {
        let said = format!("é {KEY}, {KEY}{KEY} short");
        for at in (0..=said.len()).filter(|at| said.is_char_boundary(*at)) {
            let (one, other) = said.split_at(at);
            assert_eq!(shown(&[one, other]), "é [key], [key][key] short", "cut at {at}");
        }
        let letters: Vec<String> = said.chars().map(String::from).collect();
        assert_eq!(shown(&letters.iter().map(String::as_str).collect::<Vec<_>>()), "é [key], [key][key] short");
    }

    #[test]
    fn what_only_begins_like_a_key_is_shown() {
        assert_eq!(shown(&["ask sk-can", "ary islands s", "k-"]), "ask sk-canary islands sk-");
        let mut veil = Veil::of([Key::new(KEY)].iter());
        let seen = ["words", " sk"].map(|words| veil.through(words.to_owned()));
        assert_eq!(seen, ["word", "s "]);
        assert_eq!(veil.rest(), "sk");
    }
}
