//! Taking answers: from the interpreter to the branch that waits, through the gate where one is closed.

use serde_json::Value as Json;

use super::ask::AskId;
use super::branch::{Next, Waiting};
use super::gate::{Gated, Held, Ruling, approved_call};
use super::{Grant, Machine, cancelled};
use crate::approvals::ApprovalKind;
use crate::effects::{AdvancePlan, AwaitApproval, Effect, PlanMove};
use crate::fault::{Fault, FaultKind};
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
        self.journal.answered(position, effect, &outcome, None, now);
        let Some(branch) = self.branch(index) else { return };
        if branch.interrupt.is_some() && branch.cleaning == 0 && effect.changes_the_world() {
            return self.resume(index, Next::Deliver(Err(cancelled())));
        }
        if let (Effect::AdvancePlan(advance), Ok(value)) = (effect, &outcome) {
            self.grant(advance, value);
        }
        self.resume(index, Next::Deliver(outcome));
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
        let next = match outcome {
            Ok(value) if gated.reading => return self.plan_read(index, gated, &value),
            Ok(value) => self.ruled(index, gated, &value),
            Err(fault) => Some(Next::Deliver(Err(fault))),
        };
        if let Some(next) = next {
            self.resume(index, next);
        }
    }

    fn ruled(&mut self, index: u32, gated: Gated, value: &Value) -> Option<Next> {
        let ruling = match self.read_ruling(value) {
            Ok(ruling) => ruling,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        let released = gated.release(ruling.clone());
        self.note_ruling(&gated, value);
        let clearance = match released {
            Ok(clearance) => clearance,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        match gated.held {
            Held::Program(subject) => Some(Next::Deliver(Ok(if ruling.edited { Value::from(ruling.subject) } else { subject }))),
            Held::Tool(call) => match approved_call(call, &ruling) {
                Ok(call) => self.emit_call(index, gated.position, call, clearance),
                Err(fault) => Some(Next::Deliver(Err(fault))),
            },
            Held::Plan(advance) => self.emit(index, gated.position, Effect::AdvancePlan(advance.into()), Some(clearance)),
        }
    }

    /// Reads a ruling; an approval that let something out before lets nothing out again.
    fn read_ruling(&mut self, value: &Value) -> Result<Ruling, Fault> {
        let ruling: Ruling = serde_json::from_value(value.to_json()?)
            .map_err(|error| Fault::new(FaultKind::ApprovalError, format!("the answer to an approval is none: {error}")))?;
        if !self.used.insert(ruling.approval_id.clone()) {
            return Err(Fault::new(FaultKind::ApprovalError, format!("approval `{}` was used before", ruling.approval_id)));
        }
        Ok(ruling)
    }

    fn note_ruling(&mut self, gated: &Gated, ruling: &Value) {
        let now = self.settings.now;
        let question = AwaitApproval {
            kind: gated.kind(),
            title: String::new(),
            subject: Value::null(),
            rule: gated.rule.clone(),
            bound: None,
            tool: None,
            expires_in_ms: None,
        };
        self.journal.answered(&gated.position, &Effect::AwaitApproval(question.into()), &Ok(ruling.clone()), None, now);
    }
}

impl Gated {
    fn kind(&self) -> ApprovalKind {
        match self.held {
            Held::Tool(_) => ApprovalKind::Tool,
            Held::Plan(_) => ApprovalKind::Plan,
            Held::Program(_) => ApprovalKind::Program,
        }
    }
}

pub(super) fn text(object: &Json, field: &str) -> String {
    object.get(field).and_then(Json::as_str).unwrap_or_default().to_owned()
}
