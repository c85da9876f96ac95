//! Spilling: what is too large for a prompt is kept as a reference, and the model sees a glimpse.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};

use super::built_in::READ_RESULT;
use super::outcome::{Reply, is_fatal};
use super::turn::reply;
use crate::effects::{Effect, StoreRef};
use crate::events::EventBody;
use crate::json::{preview, size};
use crate::machine::{Continuation, Move};
use crate::value::{Outcome, Value};

/// The kind of a result that was too large for the prompt.
pub(super) const RESULT_KIND: &str = "ToolResult";
/// What a model is shown of an answer whose tool sets no limit, as with tools of the user's own.
pub(super) const RESULT_BYTES_MAX: usize = 16_384;
const RESULT_TTL_MS: i64 = 24 * 60 * 60 * 1000;
const GLIMPSE_BYTES: usize = 1_024;

/// A place in an answer, as a JSON pointer, and how many bytes it may have; the whole has the empty place.
pub(super) type Limit = (String, usize);

/// Answers with the reply, each place within its limit.
pub(super) struct Spill {
    reply: Reply,
    left: VecDeque<Limit>,
    /// The place whose value is being stored, with what stands for it.
    storing: Option<(String, Json)>,
}

impl Spill {
    pub fn new(reply: Reply, limits: impl IntoIterator<Item = Limit>) -> Self {
        Self { reply, left: limits.into_iter().collect(), storing: None }
    }

    fn next(&mut self) -> Move {
        while let Some((place, bytes_max)) = self.left.pop_front() {
            let Some(value) = self.reply.content.pointer(&place) else { continue };
            let bytes = size(value);
            if bytes > bytes_max {
                return self.store(place, bytes);
            }
        }
        reply(std::mem::take(&mut self.reply))
    }

    fn store(&mut self, place: String, bytes: usize) -> Move {
        let value = self.reply.content.pointer_mut(&place).map(Json::take).unwrap_or_default();
        let glimpse = preview(&value, GLIMPSE_BYTES);
        self.storing = Some((place, json!({"bytes": bytes, "glimpse": glimpse, "read_with": READ_RESULT})));
        let store =
            StoreRef { kind: RESULT_KIND.to_owned(), value: Value::from(value), glimpse, ttl_ms: RESULT_TTL_MS };
        Move::Ask(Effect::StoreRef(std::sync::Arc::new(store)))
    }

    fn stored(&mut self, handle: &Value) {
        let Some((place, mut shown)) = self.storing.take() else { return };
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("reference".to_owned(), handle.to_json().unwrap_or(Json::Null));
        }
        if let Some(found) = self.reply.content.pointer_mut(&place) {
            *found = shown;
        }
    }
}

impl Continuation for Spill {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        match outcome {
            Ok(handle) => {
                self.stored(&handle);
                self.next()
            }
            Err(fault) if is_fatal(&fault) => Move::Raise(fault),
            Err(fault) => {
                let content = Reply::failed("store_result", &fault).content;
                reply(Reply { content, is_error: true, ..std::mem::take(&mut self.reply) })
            }
        }
    }
}
