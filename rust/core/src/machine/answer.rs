//! Taking answers: from the interpreter to the branch that waits, through the gate where one is closed.

use std::sync::Arc;

use serde_json::Value as Json;

use super::ask::AskId;
use super::branch::{Next, Waiting};
use super::doubt::{Doubt, is_in_doubt, too_late};
use super::gate::{Clearance, Gated, Held, Ruling, approved_arguments};
use super::{Grant, Machine};
use crate::effects::{AdvancePlan, Effect, PlanMove};
use crate::fault::{Fault, FaultKind};
use crate::json::decode;
use crate::position::Position;
use crate::value::{Outcome, Value};

impl Machine {
    pub(super) fn take_answer(&mut self, id: AskId, outcome: Outcome) {
        let Some(branch) = self.branch(id.branch) else { return };
        if branch.turn != id.turn {
            return;
        }
        match std::mem::replace(&mut branch.waiting, Waiting::Running) {
            Waiting::Asked { position, effect } => self.take_plain(id.branch, &position, &effect, outcome),
            Waiting::Gated(gated) => self.take_gated(id.branch, *gated, outcome),
            waiting => branch.waiting = waiting,
        }
    }

    fn take_plain(&mut self, index: u32, position: &Position, effect: &Effect, outcome: Outcome) {
        let now = self.settings.now;
        let outcome = self.settings.purse.priced(effect, too_late(effect, outcome));
        self.journal.answered(position, effect, &outcome, now);
        let Some(branch) = self.branch(index) else { return };
        let id = AskId { branch: index, turn: branch.turn };
        self.came_back(id, Some(&outcome));
        let Some(branch) = self.branch(index) else { return };
        if let Some(timer) = branch.grace.take() {
            self.timers.remove(timer);
            return self.ended_in_grace(index, position.clone(), effect, &outcome);
        }
        if self.take_doubt(index, position, effect, &outcome) {
            return;
        }
        if let (Effect::AdvancePlan(advance), Ok(value)) = (effect, &outcome) {
            self.grant(advance, value);
        }
        self.resume(index, Next::Deliver(outcome));
    }

    /// Says whether the answer leaves a write in doubt, or is what a check says of one.
    fn take_doubt(&mut self, index: u32, position: &Position, effect: &Effect, outcome: &Outcome) -> bool {
        let next = match (effect, outcome) {
            (Effect::CallTool(call), Err(fault)) if is_in_doubt(fault) => {
                self.doubt(index, position.clone(), Doubt { call: Arc::clone(call), fault: fault.clone() })
            }
            (Effect::CheckWrite(check), said) => self.checked(index, position.clone(), check, said),
            _ => return false,
        };
        if let Some(next) = next {
            self.resume(index, next);
        }
        true
    }

    /// An action that begins may run once, with the arguments that its approved plan has.
    fn grant(&mut self, advance: &AdvancePlan, instance: &Value) {
        let (Value::Json(instance), PlanMove::StartAction { index }) = (instance, &advance.step) else { return };
        let mut actions = instance.get("actions").and_then(Json::as_array).into_iter().flatten();
        let place = u64::try_from(*index).ok();
        if let Some(action) = actions.find(|action| action.get("index").and_then(Json::as_u64) == place) {
            let arguments = action.get("arguments").cloned().unwrap_or(Json::Null);
            self.grants.insert((text(instance, "plan_id"), *index), Grant { kind: text(action, "kind"), arguments });
        }
    }

    fn take_gated(&mut self, index: u32, gated: Gated, outcome: Outcome) {
        let now = self.settings.now;
        self.journal.answered(&gated.position, &gated.question, &outcome, now);
        let next = match outcome {
            outcome if gated.is_about_doubt() => self.ruled_doubt(index, gated, outcome),
            Ok(value) if gated.reading => self.plan_read(index, gated, &value),
            Ok(value) => self.ruled(index, gated, &value),
            Err(fault) => Some(Next::Deliver(Err(fault))),
        };
        if let Some(next) = next {
            self.resume(index, next);
        }
    }

    fn ruled(&mut self, index: u32, gated: Gated, value: &Value) -> Option<Next> {
        let now = self.settings.now;
        let released = self.read_ruling(&gated, value).and_then(|ruling| {
            let clearance = gated.release(ruling.clone(), now)?;
            Ok((ruling, clearance))
        });
        match released {
            Ok((ruling, clearance)) => self.let_out(index, gated, ruling, clearance),
            Err(fault) => Some(Next::Deliver(Err(fault))),
        }
    }

    /// What runs is what was approved, from the record and nowhere else.
    fn let_out(&mut self, index: u32, gated: Gated, ruling: Ruling, clearance: Clearance) -> Option<Next> {
        match gated.held {
            Held::Program(asked) => {
                let subject = if ruling.edited { Value::from(ruling.subject) } else { asked.subject.clone() };
                Some(Next::Deliver(Ok(subject)))
            }
            Held::Intent(tool) => Some(Next::Deliver(approved_arguments(&tool, &ruling))),
            Held::Tool(mut call) => match approved_arguments(&call.tool, &ruling) {
                Ok(arguments) => {
                    call.arguments = arguments;
                    self.emit(index, gated.position, Effect::CallTool(Arc::new(call)), Some(clearance))
                }
                Err(fault) => Some(Next::Deliver(Err(fault))),
            },
            // Its ruling settles it and lets nothing out.
            Held::Doubt(doubt) => Some(Next::Deliver(Err(doubt.fault))),
            Held::Plan(advance) => {
                self.emit(index, gated.position, Effect::AdvancePlan(Arc::new(advance)), Some(clearance))
            }
        }
    }

    /// Reads a ruling on just this question; one that was used before counts no more.
    pub(super) fn read_ruling(&mut self, gated: &Gated, value: &Value) -> Result<Ruling, Fault> {
        let none = |error| Fault::new(FaultKind::ApprovalError, format!("the answer to an approval is none: {error}"));
        let ruling: Ruling = decode(value.to_json()?).map_err(none)?;
        gated.check(&ruling)?;
        if !self.used.insert(ruling.approval_id.clone()) {
            let message = format!("approval `{}` was used before", ruling.approval_id);
            return Err(Fault::new(FaultKind::ApprovalError, message));
        }
        Ok(ruling)
    }
}

pub(super) fn text(object: &Json, field: &str) -> String {
    object.get(field).and_then(Json::as_str).unwrap_or_default().to_owned()
}
