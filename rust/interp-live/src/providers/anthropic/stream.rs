//! One streamed answer.

use std::collections::BTreeMap;

use flowai_core::effects::{ModelAnswer, Usage};
use flowai_core::fault::{Fault, FaultKind};
use serde_json::Value as Json;

use super::answer::assemble;
use super::block::{Block, Field};
use super::fault;
use super::heard::{Counts, Delta, Heard, Written};
use crate::json;
use crate::providers::{ANSWER_BYTES_MAX, Listener, Piece};
use crate::sse;

/// What a block takes beside its words, about.
const BLOCK_BYTES: usize = 1024;

/// Listens to one answer.
#[derive(Default)]
pub(super) struct Stream {
    message: Option<Written>,
    blocks: Vec<Block>,
    /// The blocks that have begun and not ended: where each stands, by the index that the provider gave it.
    open: BTreeMap<u64, usize>,
    bytes: usize,
    has_shown_text: bool,
    has_ended: bool,
}

impl Listener for Stream {
    fn hear(&mut self, event: &sse::Event<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        // Gateways end with a line of another API.
        if event.data == "[DONE]" {
            return Ok(());
        }
        if let Ok(heard) = serde_json::from_str(event.data) {
            return self.take(event, heard, pieces);
        }
        if event.name == "error" {
            return Err(fault::of_body(None, event.data));
        }
        // Half a surrogate pair, or null where text should be: rare enough to read twice.
        let written = Heard::mended(json::read(event.data)?);
        let heard = serde_json::from_str(&written)
            .map_err(|error| malformed(&format!("an event of the stream cannot be read: {error}")))?;
        self.take(&sse::Event { name: event.name, data: &written }, heard, pieces)
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn usage(&self) -> Usage {
        let counts = self.message.as_ref().and_then(|message| message.usage);
        counts.map(Counts::usage).unwrap_or_default()
    }

    fn finish(mut self: Box<Self>) -> Result<ModelAnswer, Fault> {
        let has_said_why = self.message.as_ref().is_some_and(|message| message.stop_reason.is_some());
        let is_whole = self.has_ended || has_said_why && self.open.is_empty();
        if !is_whole {
            return Err(malformed("the stream ended before the answer did"));
        }
        let mut message = self.message.take().ok_or_else(|| malformed("the stream ended before an answer began"))?;
        message.content = Some(self.blocks.into_iter().map(Block::end).collect());
        Ok(assemble(message))
    }
}

impl Stream {
    fn take(&mut self, event: &sse::Event<'_>, heard: Heard<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        match if heard.kind.is_empty() { event.name } else { &heard.kind } {
            "content_block_delta" => self.add(event, &heard, pieces),
            "content_block_start" => self.begin_block(event, heard, pieces),
            "content_block_stop" => {
                self.open.remove(&heard.index);
                Ok(())
            }
            "message_start" => self.begin(event, heard.message, pieces),
            "message_delta" => self.update(heard),
            "message_stop" => {
                self.has_ended = true;
                Ok(())
            }
            "ping" => Ok(()),
            kind if kind == "error" || heard.error.is_some() => Err(fault::of_body(None, event.data)),
            kind if heard.carries_content() => {
                Err(malformed(&format!("the stream has an event `{kind}` whose content cannot be read")))
            }
            _ => Ok(()),
        }
    }

    /// Begins the answer; one that has begun before gives way to it as long as nobody has read a word of it.
    fn begin(&mut self, event: &sse::Event<'_>, begun: Option<Written>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        if self.has_ended || self.has_shown_text {
            return Err(malformed("a second answer begins in the same stream"));
        }
        let mut message = begun.ok_or_else(|| malformed("an answer begins without a message"))?;
        *self = Self::default();
        self.count(json::weight(event.data))?;
        for block in message.content.take().unwrap_or_default() {
            self.push(block, pieces);
        }
        self.message = Some(message);
        Ok(())
    }

    fn begin_block(&mut self, event: &sse::Event<'_>, heard: Heard<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let block = heard.content_block.filter(|_| self.message.is_some() && !self.has_ended);
        let block = block.ok_or_else(|| malformed("a block of the answer begins where none can"))?;
        if self.open.insert(heard.index, self.blocks.len()).is_some() {
            return Err(malformed("a block of the answer begins twice"));
        }
        self.count(json::weight(event.data).saturating_add(BLOCK_BYTES))?;
        self.push(Json::Object(block), pieces);
        Ok(())
    }

    fn push(&mut self, begun: Json, pieces: &mut Vec<Piece>) {
        let block = Block::of(begun);
        self.show(block.field, &block.words, pieces);
        self.blocks.push(block);
    }

    fn add(&mut self, event: &sse::Event<'_>, heard: &Heard<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let delta = heard.delta.as_ref().ok_or_else(|| malformed("a piece of the answer is empty"))?;
        let (field, words) = match &*delta.kind {
            "text_delta" => (Field::Text, &delta.text),
            "thinking_delta" => (Field::Thinking, &delta.thinking),
            "input_json_delta" => (Field::Input, &delta.partial_json),
            _ => return self.add_other(event, heard.index, delta),
        };
        self.count(words.len())?;
        let block = self.open_block(heard.index)?;
        if block.field != field {
            return Err(malformed("a piece of the answer does not fit its block"));
        }
        block.words.push_str(words);
        self.show(field, words, pieces);
        Ok(())
    }

    /// Adds a piece that is not shown: a signature, a citation, or one that only the provider understands.
    fn add_other(&mut self, event: &sse::Event<'_>, index: u64, delta: &Delta<'_>) -> Result<(), Fault> {
        self.count(json::weight(event.data))?;
        let block = self.open_block(index)?;
        match &*delta.kind {
            "signature_delta" => block.signature.push_str(&delta.signature),
            "citations_delta" => block.cite(&delta.citation),
            _ => {
                let written: Json = json::read(event.data)?;
                block.merge(written.get("delta"));
            }
        }
        Ok(())
    }

    fn update(&mut self, heard: Heard<'_>) -> Result<(), Fault> {
        let message = self.message.as_mut().ok_or_else(|| malformed("an answer ends that has not begun"))?;
        if let Some(usage) = heard.usage {
            message.usage.get_or_insert_default().update(usage);
        }
        let Some(delta) = heard.delta else { return Ok(()) };
        message.stop_reason = delta.stop_reason.or_else(|| message.stop_reason.take());
        message.stop_details =
            Some(delta.stop_details).filter(Json::is_object).unwrap_or_else(|| message.stop_details.take());
        message.container = Some(delta.container).filter(Json::is_object).unwrap_or_else(|| message.container.take());
        Ok(())
    }

    fn open_block(&mut self, index: u64) -> Result<&mut Block, Fault> {
        let place = self.open.get(&index).copied();
        place
            .and_then(|place| self.blocks.get_mut(place))
            .ok_or_else(|| malformed("a piece of the answer belongs to no open block"))
    }

    fn show(&mut self, field: Field, words: &str, pieces: &mut Vec<Piece>) {
        match field {
            _ if words.is_empty() => {}
            Field::Text => {
                self.has_shown_text = true;
                pieces.push(Piece::Text(words.to_owned()));
            }
            Field::Thinking => pieces.push(Piece::Thinking(words.to_owned())),
            Field::Input => {}
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= ANSWER_BYTES_MAX { Ok(()) } else { Err(malformed("the answer is too large")) }
    }
}

fn malformed(message: &str) -> Fault {
    Fault::new(FaultKind::StreamMalformed, message)
}
