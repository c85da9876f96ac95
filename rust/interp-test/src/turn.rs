//! One scripted answer of a model.

use flowai_core::effects::{ModelAnswer, ToolRequest, Usage};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::decode;
use serde_json::Value as Json;

/// Why a scripted turn cannot be read.
pub type TurnError = String;

/// One turn, ready or to be worked out by the host when it is reached.
#[derive(Clone, Debug)]
pub enum Turn {
    /// What the model says, as `{"steps": [...], "delay_ms": n, "usage": {...}}`.
    Ready(Json),
    /// The host works it out from what was seen; the number names it there.
    Host(usize),
}

/// What a turn comes to.
pub struct Said {
    /// The answer, or the failure that was scripted.
    pub outcome: Result<ModelAnswer, Fault>,
    /// After how much virtual time.
    pub delay_ms: i64,
}

/// Reads a turn; calls are numbered below `place`, so that ids are the same in every run.
///
/// # Errors
/// A sentence about the step that is none.
pub fn read(turn: &Json, place: &str) -> Result<Said, TurnError> {
    let mut answer = ModelAnswer { stop_reason: "end_turn".to_owned(), usage: usage(turn), ..ModelAnswer::default() };
    let delay_ms = turn.get("delay_ms").and_then(Json::as_i64).unwrap_or(0);
    for step in turn.get("steps").and_then(Json::as_array).into_iter().flatten() {
        if let Some(failure) = step.get("fails") {
            return Ok(Said { outcome: Err(failed(failure)), delay_ms });
        }
        add(&mut answer, step, place)?;
    }
    Ok(Said { outcome: Ok(answer), delay_ms })
}

fn add(answer: &mut ModelAnswer, step: &Json, place: &str) -> Result<(), TurnError> {
    if let Some(text) = step.get("says").and_then(Json::as_str) {
        answer.text.push_str(text);
    } else if let Some(text) = step.get("thinks").and_then(Json::as_str) {
        answer.thinking.get_or_insert_default().push_str(text);
    } else if let Some(output) = step.get("answers") {
        answer.text = output.to_string();
        answer.output = Some(output.clone());
    } else if let Some(call) = step.get("calls") {
        let name = call.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let arguments = call.get("arguments").cloned().unwrap_or(Json::Null);
        let id = format!("call_{place}_{}", answer.tool_calls.len());
        answer.tool_calls.push(ToolRequest { id, name, arguments });
        "tool_use".clone_into(&mut answer.stop_reason);
    } else {
        return Err(format!("a scripted step is none of says, thinks, calls, answers and fails: {step}"));
    }
    Ok(())
}

fn usage(turn: &Json) -> Usage {
    turn.get("usage").and_then(|usage| decode(usage.clone()).ok()).unwrap_or_default()
}

/// Whether a call of a model may be scripted to fail so.
fn may_fail_with(kind: FaultKind) -> bool {
    kind.is_of_model() || matches!(kind, FaultKind::LimitReached | FaultKind::TimedOut)
}

fn failed(failure: &Json) -> Fault {
    let text = |field: &str| failure.get(field).and_then(Json::as_str).map(str::to_owned);
    let kind = failure.get("kind").and_then(|kind| serde_json::from_value(kind.clone()).ok());
    let kind = kind.filter(|kind| may_fail_with(*kind)).unwrap_or(FaultKind::ModelFailed);
    let detail = failure.get("detail").cloned().unwrap_or(Json::Null);
    let fault = Fault::new(kind, text("message").unwrap_or_default()).detail(detail);
    match text("hint") {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}
