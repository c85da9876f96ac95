//! One streamed answer.

use std::collections::BTreeMap;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::Fault;
use serde_json::{Value as Json, json};

use super::answer::{answer, no_answer};
use super::fault;
use super::heard::{Heard, Written};
use crate::json;
use crate::providers::{ANSWER_BYTES_MAX, Listener, Piece};
use crate::sse;

/// Hears a stream; its last event holds the whole response.
#[derive(Default)]
pub(super) struct Stream {
    /// Items that are done, for servers whose last event leaves them out.
    items: BTreeMap<u64, Json>,
    written: Option<Written>,
    bytes: usize,
    has_thought: bool,
}

impl Listener for Stream {
    fn hear(&mut self, event: &sse::Event<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let data = event.data.trim();
        if data.is_empty() || data == "[DONE]" || repeats(event.name) {
            return Ok(());
        }
        let heard: Heard = json::read(data)?;
        match if heard.kind.is_empty() { event.name } else { &heard.kind } {
            "response.output_text.delta" => pieces.push(Piece::Text(heard.delta.0)),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.has_thought = true;
                pieces.push(Piece::Thinking(heard.delta.0));
            }
            // Between the parts of a summary stands an empty line, as in the whole answer.
            "response.reasoning_summary_part.added" if self.has_thought => {
                pieces.push(Piece::Thinking("\n\n".to_owned()));
            }
            "response.output_item.done" => self.keep(heard.output_index, heard.item, json::weight(data))?,
            "response.completed" | "response.incomplete" => self.written = heard.response,
            "response.failed" => return Err(failed(heard.response)),
            kind if kind == "error" || heard.error.as_ref().is_some_and(|error| !error.is_null()) => {
                let own = json!({"code": heard.code, "message": heard.message});
                return Err(fault::of_error(None, heard.error.as_ref().unwrap_or(&own)));
            }
            // All else is told again, whole, by what follows.
            _ => {}
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.written.is_some()
    }

    fn finish(self: Box<Self>) -> Result<ModelAnswer, Fault> {
        let Some(mut written) = self.written else { return Err(no_answer("it ended in the middle")) };
        if written.output.as_ref().is_none_or(Vec::is_empty) {
            written.output = Some(self.items.into_values().collect());
        }
        answer(written)
    }
}

/// Events that hold the request again and nothing of the answer.
fn repeats(name: &str) -> bool {
    matches!(name, "response.created" | "response.in_progress" | "response.queued")
}

fn failed(response: Option<Written>) -> Fault {
    let error = response.and_then(|response| response.error).unwrap_or(Json::Null);
    fault::of_error(None, &error)
}

impl Stream {
    fn keep(&mut self, index: u64, item: Option<Json>, bytes: usize) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > ANSWER_BYTES_MAX {
            return Err(no_answer("it is too large"));
        }
        if let Some(item) = item {
            self.items.insert(index, item);
        }
        Ok(())
    }
}
