//! A response as an answer.

use std::collections::BTreeMap;

use flowai_core::effects::{ModelAnswer, Part, ToolRequest};
use flowai_core::fault::{Fault, FaultKind};
use serde_json::Value as Json;

use super::heard::{Counts, Written};
use super::{API, COMPLETE, COMPLETED, fault, items};
use crate::providers::calls::unique;
use crate::providers::output::{FINAL_ANSWER, unwrapped};

/// Reads a response that is over.
pub(super) fn answer(written: Written) -> Result<ModelAnswer, Fault> {
    if let Some(error) = written.error.as_ref().filter(|error| !error.is_null()) {
        return Err(fault::of_error(None, error));
    }
    let stop_reason = stop_reason(&written)?;
    let Some(output) = written.output else { return Err(no_answer("it has no output")) };
    let mut parts: Vec<Part> = output.into_iter().flat_map(items::parts).collect();
    let output = name_calls(&mut parts);
    let is_plain = parts.iter().all(items::is_plain);
    let mut answer = ModelAnswer {
        text: joined(&parts, text_of, ""),
        thinking: Some(joined(&parts, thought_of, "\n\n")).filter(|text| !text.is_empty()),
        tool_calls: parts.iter().filter_map(call_of).filter(|call| call.name != FINAL_ANSWER).collect(),
        output,
        stop_reason,
        usage: written.usage.map(Counts::usage).unwrap_or_default(),
        parts,
        api: Some(API.to_owned()),
        model: written.model,
    };
    if is_plain {
        (answer.parts, answer.api) = (Vec::new(), None);
    }
    Ok(answer)
}

/// Why it ended: the reason of an incomplete response, else its status.
fn stop_reason(written: &Written) -> Result<String, Fault> {
    let status = written.status.as_deref().unwrap_or_default();
    if status == "incomplete" {
        let reason = written.incomplete_details.as_ref().and_then(|details| details["reason"].as_str());
        return Ok(reason.unwrap_or(status).to_owned());
    }
    if status == COMPLETED || status == COMPLETE {
        return Ok(status.to_owned());
    }
    Err(no_answer(&format!("its status is `{status}`")))
}

pub(super) fn no_answer(why: &str) -> Fault {
    let message = format!("the provider's answer is none: {why}");
    crate::providers::fault(FaultKind::StreamMalformed, &message, None, None)
}

fn joined(parts: &[Part], of: fn(&Part) -> Option<&str>, between: &str) -> String {
    parts.iter().filter_map(of).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
}

fn text_of(part: &Part) -> Option<&str> {
    if let Part::Text { text, .. } = part { Some(text) } else { None }
}

fn thought_of(part: &Part) -> Option<&str> {
    if let Part::Thinking { text, .. } = part { Some(text) } else { None }
}

fn call_of(part: &Part) -> Option<ToolRequest> {
    let Part::ToolCall { id, name, arguments, .. } = part else { return None };
    Some(ToolRequest { id: id.clone(), name: name.clone(), arguments: arguments.clone() })
}

/// Gives each call an id of its own, and finds the structured answer that one of them may be.
fn name_calls(parts: &mut [Part]) -> Option<Json> {
    let (mut taken, mut output) = (BTreeMap::new(), None);
    for (number, part) in parts.iter_mut().enumerate() {
        let Part::ToolCall { id, name, arguments, extras } = part else { continue };
        *id = unique(std::mem::take(id), number, &mut taken);
        extras["call_id"] = Json::String(id.clone());
        if name == FINAL_ANSWER {
            output = Some(unwrapped(arguments.clone()));
        }
    }
    output
}
