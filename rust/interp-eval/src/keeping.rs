//! Keeping: what a replay that goes on has to find at the desk, and what it may not let out.

use std::collections::BTreeSet;

use flowai_core::effects::{Effect, PlanMove};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::{decode, diff};
use flowai_core::machine::{Ask, Ruling};
use flowai_core::session::Desk;
use serde_json::{Value as Json, json};

use crate::compare::Side;
use crate::recording::Outcome;
use crate::tape::Tape;

/// What was decided in a recording, and so lets nothing out.
#[derive(Default)]
pub(crate) struct Recalled {
    approvals: BTreeSet<String>,
    plans: BTreeSet<String>,
}

impl Recalled {
    /// Does at the desk what was done there before the recording went on, and holds it against the recording.
    ///
    /// # Errors
    /// [`FaultKind::ReplayMismatch`] when the store answers otherwise.
    pub fn keep(&mut self, desk: &mut Desk, ask: &Ask, recorded: &Outcome, tape: &Tape, at: i64) -> Result<(), Fault> {
        // What failed has changed nothing.
        let Outcome::Ok(recorded) = recorded else { return Ok(()) };
        let position = ask.position.to_string();
        match &ask.effect {
            Effect::AwaitApproval(_) => self.keep_ruling(desk, ask, recorded, tape.tells_of(&position)),
            Effect::SaveHistory(_) => desk.recall(ask, None, at).map(|_| ()),
            Effect::LoadPlan(_) => match desk.recall(ask, None, at) {
                Ok(found) => agree(&position, "LoadPlan", recorded, &found.to_json()?),
                Err(_) => Ok(()),
            },
            // Where the desk told nothing, a handler of the user's stood in for it.
            Effect::StoreRef(_) | Effect::StorePlan(_) | Effect::AdvancePlan(_) if tape.tells_of(&position) => {
                self.note_plan(ask);
                let done = desk.recall(ask, recorded.get("plan_id").and_then(Json::as_str), at);
                let done = done.and_then(|done| done.to_json()).unwrap_or_else(|fault| json!({"error": fault.note()}));
                agree(&position, ask.effect.kind(), recorded, &done)
            }
            _ => Ok(()),
        }
    }

    fn keep_ruling(&mut self, desk: &mut Desk, ask: &Ask, recorded: &Json, is_told: bool) -> Result<(), Fault> {
        let Ok(ruling) = decode::<Ruling>(recorded.clone()) else { return Ok(()) };
        self.approvals.insert(ruling.approval_id.clone());
        if is_told { desk.recall_ruling(ask, &ruling) } else { Ok(()) }
    }

    fn note_plan(&mut self, ask: &Ask) {
        if let (Effect::AdvancePlan(advance), true) = (&ask.effect, self.is_by_recording(ask))
            && matches!(advance.step, PlanMove::Approve { .. })
        {
            self.plans.extend(advance.plan_id.clone());
        }
    }

    fn is_by_recording(&self, ask: &Ask) -> bool {
        let ruling = ask.clearance().and_then(|clearance| clearance.ruling());
        ruling.is_some_and(|ruling| self.approvals.contains(&ruling.approval_id))
    }

    /// Whether an ask may be performed: what a recording decided lets nothing out.
    ///
    /// # Errors
    /// [`FaultKind::ApprovalError`] when only the recording would let it out.
    pub fn check(&self, desk: &Desk, ask: &Ask) -> Result<(), Fault> {
        let is_covered = match &ask.effect {
            Effect::CallTool(call) => {
                call.covers.as_ref().is_none_or(|action| !self.plans.contains(&action.plan_id) && desk.has_begun(call))
            }
            _ => true,
        };
        if is_covered && !self.is_by_recording(ask) {
            return Ok(());
        }
        let message = format!("`{}` was approved in a recording, which lets nothing out", ask.effect.kind());
        Err(Fault::new(FaultKind::ApprovalError, message)
            .hint("replay less of the recording, so that it is asked again"))
    }
}

/// Whether the store answers as it did; what a reviewer is shown of a plan depends on the time.
fn agree(position: &str, effect: &str, recorded: &Json, done: &Json) -> Result<(), Fault> {
    let (recorded, done) = (without_cards(recorded), without_cards(done));
    let changes = diff(&recorded, &done);
    if changes.is_empty() {
        return Ok(());
    }
    let (before, after) = (Side { effect, arguments: &recorded }, Side { effect, arguments: &done });
    let message = format!("at position {position} the store answers `{effect}` otherwise than the recording says");
    Err(Fault::new(FaultKind::ReplayMismatch, message)
        .hint("a replay that goes on needs a store that stands as it stood when the run began")
        .detail(json!({"position": position, "recorded": before.shown(), "asked": after.shown(), "diff": changes})))
}

fn without_cards(answer: &Json) -> Json {
    let mut answer = answer.clone();
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("cards");
    }
    answer
}
