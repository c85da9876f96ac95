//! What an answer says beside its words: its calls, its structured output, and what is said about it.

use std::collections::BTreeMap;

use flowai_core::effects::{Part, ToolRequest};
use serde_json::{Map, Value as Json, json};

use super::heard::Candidate;
use crate::providers::calls::unique;
use crate::providers::output::{FINAL_ANSWER, unwrapped};

/// What is said about an answer beside its content, and is worth keeping.
pub(super) fn about(candidate: &mut Candidate<'_>) -> Map<String, Json> {
    let has_stopped_short = candidate.finish_reason.as_ref().is_some_and(|reason| reason != "STOP");
    let why = |value: Option<Json>| value.filter(|_| has_stopped_short);
    let fields = [
        ("finishMessage", why(candidate.finish_message.take())),
        ("safetyRatings", why(candidate.safety_ratings.take())),
        ("citationMetadata", candidate.citation_metadata.take()),
        ("groundingMetadata", candidate.grounding_metadata.take()),
        ("groundingAttributions", candidate.grounding_attributions.take()),
        ("urlContextMetadata", candidate.url_context_metadata.take()),
        ("logprobsResult", candidate.logprobs_result.take()),
    ];
    let said = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    said.filter(|(_, value)| !value.is_null() && *value != json!({}) && *value != json!([])).collect()
}

/// Gives each call an id of its own, and finds the structured answer that one of them may be.
pub(super) fn name_calls(parts: &mut [Part]) -> Option<Json> {
    let (mut taken, mut output) = (BTreeMap::new(), None);
    let calls = parts.iter_mut().filter_map(|part| match part {
        Part::ToolCall { id, name, arguments, .. } => Some((id, name, arguments)),
        _ => None,
    });
    for (number, (id, name, arguments)) in calls.enumerate() {
        *id = unique(std::mem::take(id), number, &mut taken);
        if name == FINAL_ANSWER {
            output = Some(unwrapped(arguments.clone()));
        }
    }
    output
}

/// The call that a part asks for; that of the answering tool is the answer itself.
pub(super) fn request_of(part: &Part) -> Option<ToolRequest> {
    let Part::ToolCall { id, name, arguments, .. } = part else { return None };
    let request = || ToolRequest { id: id.clone(), name: name.clone(), arguments: arguments.clone() };
    (name != FINAL_ANSWER).then(request)
}
