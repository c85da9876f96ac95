//! One streamed answer.

use flowai_core::effects::{ModelAnswer, Usage};
use flowai_core::fault::Fault;
use serde_json::Value as Json;

use super::fault;
use super::heard::Chunk;
use super::said::Said;
use crate::json;
use crate::providers::{Listener, Piece};
use crate::sse;

/// Hears a stream.
#[derive(Default)]
pub(super) struct Stream(Said);

/// The fault of an event that is an error itself.
fn of_event(data: &str) -> Fault {
    let error = json::read(data).unwrap_or_else(|_| Json::String(data.to_owned()));
    fault::of_error(None, &error)
}

impl Listener for Stream {
    fn hear(&mut self, event: &sse::Event<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let data = event.data.trim();
        if data == "[DONE]" {
            self.0.is_over = true;
            return Ok(());
        }
        if data.is_empty() || self.0.is_over {
            return Ok(());
        }
        let chunk: Chunk = match json::read(data) {
            Ok(chunk) => chunk,
            Err(_) if event.name == "error" => return Err(of_event(data)),
            Err(fault) => return Err(fault),
        };
        // The error of some servers stands at the top of its event, or is told by the name of the event alone.
        let is_error = event.name == "error" || chunk.object.as_ref().is_some_and(|object| object == "error");
        if is_error && chunk.error.is_none() {
            return Err(of_event(data));
        }
        self.0.hear(chunk, pieces)
    }

    fn is_done(&self) -> bool {
        self.0.is_over
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }

    fn finish(self: Box<Self>) -> Result<ModelAnswer, Fault> {
        self.0.finish()
    }
}
