//! What has been said so far, and the answer that it becomes.

use flowai_core::effects::{File, ModelAnswer, Part, ToolRequest, Usage};
use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

use super::heard::{Chunk, Content, Counts, Words};
use super::message::{Calls, Details, Thought};
use super::{API, fault, no_answer};
use crate::json;
use crate::providers::output::{FINAL_ANSWER, unwrapped};
use crate::providers::{ANSWER_BYTES_MAX, Piece};

/// What has been said so far.
#[derive(Default)]
pub(super) struct Said {
    text: String,
    thought: Thought,
    refusal: String,
    calls: Calls,
    details: Details,
    annotations: Vec<Json>,
    others: Vec<Json>,
    files: Vec<File>,
    model: Option<String>,
    finish_reason: Option<String>,
    counts: Option<Counts>,
    bytes: usize,
    has_choice: bool,
    /// Whether the server said that nothing follows.
    pub is_over: bool,
}

impl Said {
    /// Takes a piece, or a whole answer.
    pub(super) fn hear(&mut self, chunk: Chunk, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let groq = chunk.x_groq;
        let counts = chunk.usage.or_else(|| groq.as_ref().and_then(|groq| groq.usage.clone()));
        self.counts = counts.or(self.counts.take());
        if let Some(error) = chunk.error.or_else(|| groq.and_then(|groq| groq.error)).filter(|error| !error.is_null()) {
            return Err(fault::of_error(None, &error));
        }
        self.model = chunk.model.filter(|model| !model.is_empty()).or(self.model.take());
        for choice in chunk.choices.into_iter().flatten().filter(|choice| choice.index.unwrap_or(0) == 0) {
            self.has_choice = true;
            self.take(choice.delta.unwrap_or_default(), pieces)?;
            self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        }
        Ok(())
    }

    fn take(&mut self, words: Words, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        match words.content {
            Content::None => {}
            Content::Text(text) => self.say(&text, pieces),
            Content::Pieces(content) => content.iter().for_each(|piece| self.take_piece(piece, pieces)),
        }
        for (field, text) in [("reasoning_content", words.reasoning_content), ("reasoning", words.reasoning)] {
            self.think(field, text.unwrap_or_default(), pieces);
        }
        if let Some(refusal) = words.refusal {
            self.count(refusal.len());
            self.refusal.push_str(&refusal);
        }
        for detail in words.reasoning_details.into_iter().flatten() {
            self.count(json::held(&detail));
            self.details.add(detail);
        }
        for annotation in words.annotations.into_iter().flatten() {
            self.count(json::held(&annotation));
            self.annotations.push(annotation);
        }
        words.executed_tools.into_iter().flatten().for_each(|tool| self.keep(json!({"executed_tool": tool})));
        words.audio.filter(|audio| !audio.is_null()).into_iter().for_each(|audio| self.keep(json!({"audio": audio})));
        words.images.iter().flatten().for_each(|image| self.take_image(image));
        let bytes = self.calls.add(words.tool_calls, words.function_call);
        self.count(bytes);
        if self.bytes > ANSWER_BYTES_MAX {
            return Err(no_answer("it is too large"));
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Keeps what has no words of its own.
    fn keep(&mut self, other: Json) {
        self.count(json::held(&other));
        self.others.push(other);
    }

    fn say(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        if text.is_empty() {
            return;
        }
        self.count(text.len());
        self.text.push_str(text);
        pieces.push(Piece::Text(text.to_owned()));
    }

    fn think(&mut self, field: &'static str, text: String, pieces: &mut Vec<Piece>) {
        // Some servers write the same thinking under both names.
        if text.is_empty() || !self.thought.takes(field) {
            return;
        }
        self.count(text.len());
        self.thought.text.push_str(&text);
        pieces.push(Piece::Thinking(text));
    }

    /// A piece of Mistral's: thinking, text, or something to keep.
    fn take_piece(&mut self, piece: &Json, pieces: &mut Vec<Piece>) {
        match (piece["type"].as_str(), piece["text"].as_str()) {
            (Some("text"), Some(text)) => self.say(text, pieces),
            (Some("thinking"), _) => {
                let texts = piece["thinking"].as_array().into_iter().flatten().filter_map(|each| each["text"].as_str());
                self.think("content", texts.collect(), pieces);
            }
            _ => self.keep(json!({"content": piece})),
        }
    }

    fn take_image(&mut self, image: &Json) {
        let url = image["image_url"]["url"].as_str().unwrap_or_default();
        let Some((media_type, base64)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) else {
            return self.keep(json!({"image": image}));
        };
        self.count(base64.len());
        let (media_type, base64) = (media_type.to_owned(), Some(base64.to_owned()));
        self.files.push(File { media_type, name: None, base64, url: None });
    }

    /// The tokens that were counted so far.
    pub(super) fn usage(&self) -> Usage {
        self.counts.as_ref().map(Counts::usage).unwrap_or_default()
    }

    /// The whole answer.
    pub(super) fn finish(mut self) -> Result<ModelAnswer, Fault> {
        if !self.has_choice {
            return Err(no_answer("it holds no choice"));
        }
        if self.finish_reason.is_none() && !self.is_over {
            return Err(no_answer("it ended in the middle"));
        }
        if let Some(fault) = self.finish_reason.as_deref().and_then(broken_off) {
            return Err(fault);
        }
        let usage = self.usage();
        let (mut calls, output) = self.calls.take();
        let parts = self.parts(&calls);
        calls.retain(|(call, _)| call.name != FINAL_ANSWER);
        Ok(ModelAnswer {
            thinking: Some(self.thought.text).filter(|text| !text.is_empty()),
            tool_calls: calls.into_iter().map(|(call, _)| call).collect(),
            output: output.map(unwrapped),
            stop_reason: self.finish_reason.unwrap_or_default(),
            usage,
            api: (!parts.is_empty()).then(|| API.to_owned()),
            parts,
            model: self.model,
            text: self.text,
        })
    }

    /// The answer piece by piece, where the plain fields do not say it all.
    fn parts(&mut self, calls: &[(ToolRequest, Json)]) -> Vec<Part> {
        let details = self.details.take();
        let has_extras = calls.iter().any(|(call, extras)| !extras.is_null() || call.name == FINAL_ANSWER);
        let is_plain = self.thought.text.is_empty()
            && self.refusal.is_empty()
            && !has_extras
            && [details.len(), self.annotations.len(), self.others.len(), self.files.len()] == [0; 4];
        if is_plain {
            return Vec::new();
        }
        let thinking = (!self.thought.text.is_empty() || !details.is_empty()).then(|| Part::Thinking {
            text: self.thought.text.clone(),
            extras: json!({"field": self.thought.field, "details": details}),
        });
        let annotations = std::mem::take(&mut self.annotations);
        let extras = if annotations.is_empty() { Json::Null } else { json!({"annotations": annotations}) };
        let text = (!self.text.is_empty()).then(|| Part::Text { text: self.text.clone(), extras });
        let refusal = (!self.refusal.is_empty()).then(|| Part::Refusal { text: std::mem::take(&mut self.refusal) });
        let files = std::mem::take(&mut self.files).into_iter().map(|file| Part::File { file, extras: Json::Null });
        let others = std::mem::take(&mut self.others).into_iter().map(|extras| Part::Other { extras });
        let asked = calls.iter().cloned().map(|(call, extras)| Part::ToolCall {
            id: call.id,
            name: call.name,
            arguments: call.arguments,
            extras,
        });
        thinking.into_iter().chain(others).chain(text).chain(refusal).chain(files).chain(asked).collect()
    }
}

/// The fault of an answer that its server did not finish.
///
/// Sources: the pages on finish reasons of `DeepSeek`, `OpenRouter`, vLLM, `SGLang` and Z.ai.
fn broken_off(reason: &str) -> Option<Fault> {
    let kind = match reason {
        "error" | "abort" | "network_error" => FaultKind::ServerFailed,
        "insufficient_system_resource" => FaultKind::Overloaded,
        _ => return None,
    };
    Some(crate::providers::fault(kind, "the provider broke off", None, Some(reason)))
}
