//! One streamed answer, and one that comes whole.

use flowai_core::effects::{ModelAnswer, Usage};
use flowai_core::fault::Fault;
use serde_json::Value as Json;

use super::fault;
use super::gathered::{Gathered, malformed};
use super::heard::Heard;
use crate::json;
use crate::providers::{Listener, Piece};
use crate::sse;

/// Listens to one answer.
#[derive(Default)]
pub(super) struct Stream {
    gathered: Gathered,
}

impl Listener for Stream {
    fn hear(&mut self, event: &sse::Event<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let data = event.data.trim();
        // Gateways end with a line of another API.
        if data.is_empty() || data == "[DONE]" {
            return Ok(());
        }
        take(&mut self.gathered, data, pieces)
    }

    fn usage(&self) -> Usage {
        self.gathered.usage()
    }

    fn finish(self: Box<Self>) -> Result<ModelAnswer, Fault> {
        self.gathered.answer()
    }
}

fn take(gathered: &mut Gathered, data: &str, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
    if data.starts_with('{')
        && let Ok(heard) = serde_json::from_str::<Heard<'_>>(data)
    {
        return gathered.add(heard, pieces);
    }
    // Half a surrogate pair, or an error within a list: rare enough to read twice.
    let written: Json = json::read(data)?;
    if written.is_array() || written["error"].is_object() {
        return Err(fault::of_body(None, data));
    }
    let mended = written.to_string();
    let heard = serde_json::from_str(&mended)
        .map_err(|error| malformed(&format!("an event of the stream cannot be read: {error}")))?;
    gathered.add(heard, pieces)
}

/// Reads a whole answer; a list is a streamed one that was asked for without events.
pub(super) fn read(body: &Json) -> Result<ModelAnswer, Fault> {
    let (mut gathered, mut pieces) = (Gathered::default(), Vec::new());
    for piece in body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice) {
        take(&mut gathered, &piece.to_string(), &mut pieces)?;
    }
    gathered.answer()
}
