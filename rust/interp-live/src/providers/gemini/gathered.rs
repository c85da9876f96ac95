//! An answer that grows by what was heard.

use flowai_core::effects::{ModelAnswer, Part, Usage};
use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Map, Value as Json, json};

use super::heard::{Candidate, Counts, Heard, Written};
use super::{ABOUT, API, answer, calls, fault, parts};
use crate::json;
use crate::providers::{ANSWER_BYTES_MAX, Piece};

/// What a part takes beside its words, about.
const PART_BYTES: usize = 1024;

/// An answer, as far as it was heard.
#[derive(Default)]
pub(super) struct Gathered {
    parts: Vec<Part>,
    /// What is said about the answer beside its content.
    about: Vec<Part>,
    /// The place of the call whose arguments still come.
    open: Option<usize>,
    counts: Counts,
    model: Option<String>,
    stop_reason: Option<String>,
    bytes: usize,
}

impl Gathered {
    /// Adds what was heard.
    pub(super) fn add(&mut self, heard: Heard<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        if let Some(error) = heard.error.filter(|error| !error.is_null()) {
            return Err(fault::of_error(None, &error));
        }
        if let Some(counts) = heard.usage_metadata {
            self.counts.update(counts);
        }
        if let Some(model) = heard.model_version.filter(|model| self.model.as_deref() != Some(model)) {
            self.model = Some(model.into_owned());
        }
        for candidate in heard.candidates.into_iter().flatten() {
            self.add_candidate(candidate, pieces)?;
        }
        if let Some(feedback) = heard.prompt_feedback.filter(|feedback| feedback["blockReason"].is_string()) {
            self.stop_reason = feedback["blockReason"].as_str().map(str::to_owned);
            self.keep_about(&json!({"promptFeedback": feedback}))?;
        }
        Ok(())
    }

    /// The tokens that were counted so far.
    pub(super) fn usage(&self) -> Usage {
        self.counts.usage()
    }

    fn add_candidate(&mut self, mut candidate: Candidate<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let about = answer::about(&mut candidate);
        let written = candidate.content.and_then(|content| content.parts).unwrap_or_default();
        let number = candidate.index.unwrap_or_default();
        if number > 0 {
            let content: Vec<Json> = written.into_iter().map(parts::whole).collect();
            return self.keep_about(&json!({"index": number, "parts": content}));
        }
        if !written.is_empty() {
            // Where the provider runs code, it says before its result that it has stopped, and goes on.
            self.stop_reason = None;
        }
        for part in written {
            self.add_part(part, pieces)?;
        }
        if !about.is_empty() {
            self.keep_about(&Json::Object(about))?;
        }
        self.stop_reason = candidate.finish_reason.or_else(|| self.stop_reason.take());
        Ok(())
    }

    fn add_part(&mut self, mut written: Written<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        if written.rest.contains_key("functionCall") {
            let Json::Object(fields) = parts::whole(written) else { return Ok(()) };
            return self.add_call(fields);
        }
        match written.text.take() {
            Some(text) if parts::is_words(&written.rest) => {
                if !text.is_empty() {
                    let shown = if written.is_thought { Piece::Thinking } else { Piece::Text };
                    pieces.push(shown(text.clone().into_owned()));
                }
                self.add_words(&text, written.is_thought, written.rest)
            }
            text => match parts::part(Written { text, ..written }) {
                Some(part) => self.keep(part),
                None => Ok(()),
            },
        }
    }

    /// Adds words to those before them, unless either carry something that belongs to them alone.
    fn add_words(&mut self, more: &str, is_thought: bool, rest: Map<String, Json>) -> Result<(), Fault> {
        let extras = calls::extras(rest);
        if extras.is_null() {
            if more.is_empty() {
                return Ok(());
            }
            let known = match self.parts.last_mut() {
                Some(Part::Text { text, extras: Json::Null }) if !is_thought => Some(text),
                Some(Part::Thinking { text, extras: Json::Null }) if is_thought => Some(text),
                _ => None,
            };
            if let Some(known) = known {
                known.push_str(more);
                return self.count(more.len());
            }
        }
        let text = more.to_owned();
        self.keep(if is_thought { Part::Thinking { text, extras } } else { Part::Text { text, extras } })
    }

    fn add_call(&mut self, fields: Map<String, Json>) -> Result<(), Fault> {
        let begun = calls::begun(fields);
        let is_new = matches!(&begun.part, Part::ToolCall { name, .. } if !name.is_empty());
        if is_new {
            self.open = Some(self.parts.len());
            self.keep(begun.part)?;
        } else if self.open.is_none() {
            return Err(malformed("a call of the answer has no name"));
        }
        if let Some(pieces) = begun.pieces {
            self.count(json::held(&pieces))?;
            if let Some(Part::ToolCall { arguments, .. }) = self.open.and_then(|open| self.parts.get_mut(open)) {
                calls::add(arguments, &pieces)?;
            }
        }
        if !begun.goes_on {
            self.open = None;
        }
        Ok(())
    }

    fn keep(&mut self, part: Part) -> Result<(), Fault> {
        self.count(weight(&part).saturating_add(PART_BYTES))?;
        self.parts.push(part);
        Ok(())
    }

    fn keep_about(&mut self, about: &Json) -> Result<(), Fault> {
        self.count(json::held(about).saturating_add(PART_BYTES))?;
        self.about.push(Part::Other { extras: json!({ABOUT: about}) });
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= ANSWER_BYTES_MAX { Ok(()) } else { Err(malformed("the answer is too large")) }
    }

    /// The answer, once all of it was heard.
    pub(super) fn answer(mut self) -> Result<ModelAnswer, Fault> {
        let Some(stop_reason) = self.stop_reason.take() else {
            return Err(malformed("the answer ended before the provider said so"));
        };
        let waits = self.open.is_some() || self.parts.last().is_some_and(parts::is_code);
        if waits && stop_reason == "STOP" {
            return Err(malformed("the answer ended in the middle of a call"));
        }
        self.parts.append(&mut self.about);
        let output = answer::name_calls(&mut self.parts);
        let is_plain = parts::are_plain(&self.parts);
        let thinking = parts::joined(&self.parts, parts::thought_of);
        Ok(ModelAnswer {
            text: parts::joined(&self.parts, parts::text_of),
            thinking: (!thinking.is_empty()).then_some(thinking),
            tool_calls: self.parts.iter().filter_map(answer::request_of).collect(),
            output,
            stop_reason,
            usage: self.counts.usage(),
            parts: if is_plain { Vec::new() } else { self.parts },
            api: (!is_plain).then(|| API.to_owned()),
            model: self.model,
        })
    }
}

fn weight(part: &Part) -> usize {
    match part {
        Part::Text { text, extras } | Part::Thinking { text, extras } => text.len().saturating_add(json::held(extras)),
        Part::ToolCall { arguments, extras, .. } => json::held(arguments).saturating_add(json::held(extras)),
        Part::File { file, extras } => file.base64.as_ref().map_or(0, String::len).saturating_add(json::held(extras)),
        Part::Refusal { text } => text.len(),
        Part::Other { extras } => json::held(extras),
    }
}

pub(super) fn malformed(message: &str) -> Fault {
    Fault::new(FaultKind::StreamMalformed, message)
}
