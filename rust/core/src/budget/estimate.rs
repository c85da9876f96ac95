//! The least that a call of a model will read.

use crate::effects::{CallModel, Message};

/// More bytes than any tokenizer puts into one token on average.
const BYTES_PER_TOKEN: usize = 8;

/// What an answer is expected to need at most where nobody said so, in tokens.
pub(super) const ANSWER_TOKENS: u64 = 16_384;

/// A lower estimate of the tokens that the model will read: no call is refused that would have fitted.
pub(super) fn input_tokens(call: &CallModel) -> u64 {
    let said: usize = call.messages.newest_first().map(bytes).fold(0, usize::saturating_add);
    u64::try_from(said / BYTES_PER_TOKEN).unwrap_or(u64::MAX)
}

/// How many tokens the answer may have by its settings.
pub(super) fn output_tokens_max(call: &CallModel) -> Option<u64> {
    call.settings.get("max_tokens")?.as_u64()
}

fn bytes(message: &Message) -> usize {
    match message {
        Message::System { text } | Message::User { text, .. } => text.len(),
        Message::Assistant { text, tool_calls, .. } => {
            let calls = tool_calls.iter().map(|call| crate::json::size(&call.arguments));
            calls.fold(text.len(), usize::saturating_add)
        }
        Message::Tool { content, .. } => crate::json::size(content),
    }
}
