//! What a model is shown of the past, and what of its last words is the output.

use serde_json::Value as Json;

use super::summary::turn_starts;
use crate::effects::{Message, ModelAnswer};
use crate::schema::Validator;
use crate::specs::History;

/// Four characters are about one token, whatever the model.
const CHARACTERS_A_TOKEN: usize = 4;

/// The output of an agent: its text, or the JSON that its schema asks for.
pub(super) fn output_of(answer: &ModelAnswer, validator: Option<&Validator>) -> Result<Json, Vec<String>> {
    let Some(validator) = validator else { return Ok(Json::String(answer.text.clone())) };
    let output = match &answer.output {
        Some(output) => output.clone(),
        None => serde_json::from_str(strip_fence(&answer.text)).map_err(|error| vec![format!("not JSON: {error}")])?,
    };
    match validator.validate(&output) {
        Ok(()) => Ok(output),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

fn strip_fence(text: &str) -> &str {
    let text = text.trim();
    let inner =
        text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).and_then(|rest| rest.strip_suffix("```"));
    inner.unwrap_or(text).trim()
}

/// The part of the past that is shown: whole turns, so that no call is parted from its answer.
pub(super) fn history_shown<'a>(remembered: &'a [Message], history: Option<&History>) -> &'a [Message] {
    let starts = turn_starts(remembered);
    let from = match history {
        // A history to be summarised is shown whole until it is.
        None | Some(History::Summarised(_)) => Some(0),
        Some(History::Turns(turns)) => {
            let turns = usize::try_from(*turns).unwrap_or(usize::MAX);
            starts.get(starts.len().saturating_sub(turns)..).and_then(<[usize]>::first).copied()
        }
        Some(History::Tokens(tokens)) => {
            let budget = usize::try_from(*tokens).unwrap_or(usize::MAX).saturating_mul(CHARACTERS_A_TOKEN);
            starts.iter().copied().find(|start| characters(remembered.get(*start..).unwrap_or_default()) <= budget)
        }
    };
    from.and_then(|from| remembered.get(from..)).unwrap_or_default()
}

fn characters(messages: &[Message]) -> usize {
    messages.iter().map(|message| serde_json::to_value(message).map_or(0, |json| crate::json::size(&json))).sum()
}
