//! Doubt: a write whose end nobody saw is settled by the tool's own check, then by a human.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::branch::{Next, Waiting};
use super::gate::{Clearance, Gated, Held, bind_tool};
use super::hold::Question;
use super::interrupt::{in_doubt, interrupted_write};
use super::timers::Alarm;
use super::{AskId, Machine};
use crate::approvals::{ApprovalKind, Bound};
use crate::effects::{AwaitApproval, CallTool, CheckWrite, Effect};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::journal::Teller;
use crate::plans::Settlement;
use crate::position::Position;
use crate::specs::Access;
use crate::value::{Outcome, Value};

/// A write that is in doubt, and the fault by which its program hears of it when nobody settles it.
pub(super) struct Doubt {
    pub call: Arc<CallTool>,
    pub fault: Fault,
}

/// A question about a write that outlives the branch that wrote.
pub struct LeftOpen {
    /// Where the write was asked.
    pub position: Position,
    /// The question.
    pub question: Arc<AwaitApproval>,
    /// The write.
    pub call: Arc<CallTool>,
    /// The ask that carried the question until now, where one did.
    pub asked: Option<AskId>,
}

impl Machine {
    /// A write took too long: its check decides, or a human, while its program waits.
    pub(super) fn doubt(&mut self, index: u32, position: Position, doubt: Doubt) -> Option<Next> {
        if doubt.call.tool.spec.checks {
            let check = CheckWrite { call: Arc::clone(&doubt.call), fault: doubt.fault };
            return self.emit(index, position, Effect::CheckWrite(Arc::new(check)), None);
        }
        self.ask_about(index, position, doubt)
    }

    /// What the tool's own check said.
    pub(super) fn checked(
        &mut self,
        index: u32,
        position: Position,
        check: &CheckWrite,
        said: &Outcome,
    ) -> Option<Next> {
        let (call, fault) = (Arc::clone(&check.call), check.fault.clone());
        match settlement_of(said) {
            Some(settlement) => self.settled(index, position, &Doubt { call, fault }, settlement, "check"),
            None => self.ask_about(index, position, Doubt { call, fault }),
        }
    }

    fn ask_about(&mut self, index: u32, position: Position, doubt: Doubt) -> Option<Next> {
        self.tell_doubt(&position, &doubt.call);
        if self.is_closing(index) {
            self.leave_open(position, &doubt.call, None);
            return Some(Next::Deliver(Err(doubt.fault)));
        }
        match self.question_of(&position, &doubt.call) {
            Ok(question) => self.hold(index, position, Held::Doubt(Box::new(doubt)), question, None),
            Err(fault) => Some(Next::Deliver(Err(fault))),
        }
    }

    /// A plan tells of its own actions.
    fn tell_doubt(&mut self, position: &Position, call: &CallTool) {
        if call.covers.is_none() {
            let (plan_id, kind) = (String::new(), call.tool.spec.name.clone());
            let body = EventBody::ActionInDoubt { plan_id, index: 0, kind };
            self.journal.told(Teller::Run, position.clone(), body, self.settings.now);
        }
    }

    fn question_of(&self, position: &Position, call: &CallTool) -> Result<Question, Fault> {
        let arguments = call.arguments.to_json()?;
        let bound = bind_tool(&self.settings.context, position, &call.tool, arguments, "a write in doubt always asks");
        let plan_id = call.covers.as_ref().map(|action| action.plan_id.as_str()).or(call.open_plan.as_deref());
        let bound = Bound {
            kind: ApprovalKind::InDoubt,
            plan_id: plan_id.map(str::to_owned),
            action: call.covers.as_ref().map(|action| action.index),
            ..bound
        };
        let title = format!("did {} happen? nobody saw it end", call.tool.spec.name);
        Ok(Question { title, bound, expires_in_ms: None })
    }

    /// What a human said about a write while its program waits.
    pub(super) fn ruled_doubt(&mut self, index: u32, gated: Gated, answer: Outcome) -> Option<Next> {
        let ruling = answer.and_then(|value| self.read_ruling(&gated, &value));
        let Held::Doubt(doubt) = gated.held else { return None };
        let ruling = match ruling {
            Ok(ruling) => ruling,
            // Nobody is there to be asked: the program hears what is known.
            Err(fault) if fault.kind() == FaultKind::ApprovalError => {
                return Some(Next::Deliver(Err(doubt.fault)));
            }
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        let late = || Settlement::Abandon("nobody said in time what became of it".to_owned());
        let in_time = ruling.answered_at < ruling.expires_at;
        let settlement = ruling.settlement.clone().filter(|_| in_time).unwrap_or_else(late);
        let who = ruling.principal.clone().unwrap_or_else(|| "a human".to_owned());
        self.settled(index, gated.position, &doubt, settlement, &who)
    }

    fn settled(
        &mut self,
        index: u32,
        position: Position,
        doubt: &Doubt,
        settlement: Settlement,
        who: &str,
    ) -> Option<Next> {
        match settlement {
            Settlement::Happened(result) => Some(Next::Deliver(Ok(Value::from(result)))),
            Settlement::Abandon(reason) => Some(Next::Deliver(Err(failed(&doubt.call, &reason)))),
            Settlement::Rerun => {
                let clearance = Clearance::by_policy(format!("run again, says {who}"));
                self.emit(index, position, Effect::CallTool(Arc::clone(&doubt.call)), Some(clearance))
            }
        }
    }

    /// A write that its branch leaves behind; a human may say later what became of it.
    pub(super) fn leave_open(&mut self, position: Position, call: &Arc<CallTool>, asked: Option<AskId>) {
        let question = self.question_of(&position, call).and_then(super::hold::question_effect);
        if let Ok((question, _)) = question {
            self.step.left_open.push(LeftOpen { position, question, call: Arc::clone(call), asked });
        }
    }

    /// A branch was interrupted while a write of it was being checked or asked about.
    pub(super) fn abandon_doubt(&mut self, index: u32, position: Position, call: &Arc<CallTool>, asked: Option<AskId>) {
        if asked.is_none() {
            self.tell_doubt(&position, call);
        }
        self.leave_open(position, call, asked);
        self.resume(index, Next::Deliver(Err(in_doubt())));
    }

    /// An interrupted write had its grace: its check has as long again, then nobody knows.
    pub(super) fn give_up_write(&mut self, index: u32, timer: u64) {
        let now = self.settings.now;
        let Some(branch) = self.branch(index).filter(|branch| branch.grace == Some(timer)) else { return };
        branch.grace = None;
        let id = AskId { branch: index, turn: branch.turn };
        let waiting = std::mem::replace(&mut branch.waiting, Waiting::Running);
        let Waiting::Asked { position, effect } = waiting else {
            branch.waiting = waiting;
            return;
        };
        self.journal.answered(&position, &effect, &Err(in_doubt()), now);
        self.step.dropped.push(id);
        match effect {
            Effect::CallTool(call) if call.tool.spec.checks => self.check_in_grace(index, position, call),
            Effect::CallTool(call) => self.abandon_doubt(index, position, &call, None),
            Effect::CheckWrite(check) => self.abandon_doubt(index, position, &check.call, None),
            _ => self.resume(index, Next::Deliver(Err(in_doubt()))),
        }
    }

    fn check_in_grace(&mut self, index: u32, position: Position, call: Arc<CallTool>) {
        let check = CheckWrite { call, fault: in_doubt() };
        self.emit(index, position, Effect::CheckWrite(Arc::new(check)), None);
        let timer = self.timers.add(self.settings.now.saturating_add(self.settings.grace_ms), Alarm::Grace(index));
        if let Some(branch) = self.branch(index) {
            branch.grace = Some(timer);
        }
    }

    /// The end of an interrupted write, or of its check, within its grace.
    pub(super) fn ended_in_grace(&mut self, index: u32, position: Position, effect: &Effect, outcome: &Outcome) {
        match effect {
            Effect::CallTool(call) if outcome.as_ref().is_err_and(is_in_doubt) => {
                if call.tool.spec.checks {
                    return self.check_in_grace(index, position, Arc::clone(call));
                }
                self.abandon_doubt(index, position, call, None);
            }
            Effect::CheckWrite(check) => match settlement_of(outcome) {
                None => self.abandon_doubt(index, position, &check.call, None),
                Some(settlement) => self.resume(index, Next::Deliver(Err(interrupted_write(&ended(settlement))))),
            },
            _ => self.resume(index, Next::Deliver(Err(interrupted_write(&super::interrupt::written(outcome))))),
        }
    }
}

/// What an interrupted branch hears of a write that its check knows about; nothing runs again there.
fn ended(settlement: Settlement) -> Json {
    match settlement {
        Settlement::Happened(result) => json!({"write": "done", "result": result}),
        Settlement::Rerun => json!({"write": "not_begun"}),
        Settlement::Abandon(reason) => json!({"write": "failed", "error": reason}),
    }
}

/// A check that raises, or says nothing, leaves the write in doubt.
fn settlement_of(said: &Outcome) -> Option<Settlement> {
    let said = said.as_ref().ok()?.to_json().ok()?;
    Settlement::read(&said)
}

/// A call that took too long has failed; of a write that must not happen twice nobody knows.
pub(super) fn too_late(effect: &Effect, outcome: Outcome) -> Outcome {
    let (Effect::CallTool(call), Err(fault)) = (effect, &outcome) else { return outcome };
    if fault.kind() != FaultKind::TimedOut {
        return outcome;
    }
    let spec = &call.tool.spec;
    let is_in_doubt = spec.access == Access::WriteOnce;
    let mut detail = json!({"tool": spec.name, "late": true});
    if let (true, Some(fields)) = (is_in_doubt, detail.as_object_mut()) {
        fields.insert("write".to_owned(), json!("in_doubt"));
    }
    let mut told = Fault::new(FaultKind::ToolFailed, fault.message()).detail(detail);
    if is_in_doubt {
        told = told.hint("nobody knows whether it happened; look before you call it again");
    }
    Err(match fault.cause() {
        Some(cause) => told.caused_by(Arc::clone(cause)),
        None => told,
    })
}

/// Whether a fault says that nobody knows what became of a write.
pub(super) fn is_in_doubt(fault: &Fault) -> bool {
    fault.details().get("write").and_then(Json::as_str) == Some("in_doubt")
}

fn failed(call: &CallTool, reason: &str) -> Fault {
    let name = &call.tool.spec.name;
    let message = if reason.is_empty() { format!("`{name}` failed") } else { format!("`{name}` failed: {reason}") };
    Fault::new(FaultKind::ToolFailed, message).detail(json!({"tool": name, "settled": true}))
}
