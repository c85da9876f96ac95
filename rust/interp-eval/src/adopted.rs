//! Rulings of a recording, adopted by a run of another name: a fork, or one that replays the recording once more.

use flowai_core::approvals::Bound;
use flowai_core::effects::Effect;
use flowai_core::machine::{Ask, Ruling};
use flowai_core::value::{Outcome, Value};

/// The recorded answer; where a human ruled on this very question of the recorded run, the ruling names the one of this
/// run. On anything else it stays a ruling on something else.
pub(crate) fn adopted(ask: &Ask, answer: Outcome, recorded_run: &str) -> Outcome {
    match ruling(ask, &answer, recorded_run) {
        Some(ruling) => serde_json::to_value(ruling).map(Value::from).or(answer),
        None => answer,
    }
}

fn ruling(ask: &Ask, answer: &Outcome, recorded_run: &str) -> Option<Ruling> {
    let Effect::AwaitApproval(request) = &ask.effect else { return None };
    let bound = request.bound.as_deref().filter(|bound| bound.run_id != recorded_run)?;
    let theirs = Bound { run_id: recorded_run.to_owned(), ..bound.clone() }.digest().ok()?;
    let written = answer.as_ref().ok()?.to_json().ok()?.clone();
    let ruling: Ruling = serde_json::from_value(written).ok()?;
    let digest = bound.digest().ok()?.to_string();
    (ruling.digest == theirs.to_string()).then_some(Ruling { digest, ..ruling })
}
