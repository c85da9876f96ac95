//! The live interpreter: answers from the world.

use std::time::{SystemTime, UNIX_EPOCH};

use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId, Dice};
use flowai_core::session::{Answerer, Desk, HostWork, Interpreter, Performance};
use flowai_core::value::{Outcome, Value};
use serde_json::json;

/// Answers from tools, people, the store and the clock; model providers come with the next release.
pub struct Live {
    dice: Dice,
    /// Whether someone outside can answer approvals.
    attended: bool,
    answerer: Box<dyn Answerer>,
    alarm: Box<dyn Alarm>,
}

/// Wakes sleepers; the answer comes through the driver.
pub trait Alarm: Send {
    /// Answers this ask with null after so many milliseconds.
    fn sleep(&mut self, id: AskId, wait_ms: i64);
}

impl Live {
    /// A live interpreter; `entropy` must be fresh from the operating system.
    #[must_use]
    pub fn new(entropy: u64, attended: bool, answerer: Box<dyn Answerer>, alarm: Box<dyn Alarm>) -> Self {
        Self { dice: Dice::new(entropy), attended, answerer, alarm }
    }

    fn ask_human(&self, ask: &Ask, desk: &mut Desk, now: i64) -> Performance {
        if !self.attended {
            let fault = Fault::new(FaultKind::ApprovalError, "nobody can answer an approval of a bare program")
                .hint("run it through a runtime, or give a handler: `.handling(AwaitApproval, answer)`");
            return Performance::Answered(Err(fault));
        }
        desk.open(ask, now).map_or_else(|fault| Performance::Answered(Err(fault)), |_| Performance::Waiting)
    }
}

impl Interpreter for Live {
    fn now(&mut self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        if let Some(performance) = self.answerer.answer(ask) {
            return performance;
        }
        let now = self.now();
        match &ask.effect {
            Effect::CallModel(call) => Performance::Answered(Err(unavailable(&call.model))),
            Effect::CallTool(_) => Performance::Host(HostWork::Tool),
            Effect::CheckPlan(_) => Performance::Host(HostWork::CheckPlan),
            Effect::AwaitApproval(_) => self.ask_human(ask, desk, now),
            Effect::ReadClock => answered(Ok(json!(now))),
            Effect::DrawId => answered(Ok(json!(format!("{:016x}{:016x}", self.dice.bits(), self.dice.bits())))),
            Effect::DrawNumber(range) => {
                let width = u64::try_from(range.high.saturating_sub(range.low)).unwrap_or(0);
                let drawn = i64::try_from(self.dice.bits() % width.saturating_add(1)).unwrap_or(0);
                answered(Ok(json!(range.low.saturating_add(drawn))))
            }
            Effect::Sleep(wait_ms) => {
                self.alarm.sleep(ask.id, *wait_ms);
                Performance::Waiting
            }
            Effect::Custom(_) | Effect::CallAgent(_) => answered(Err(unhandled(ask.effect.kind()))),
            Effect::StoreRef(_)
            | Effect::LoadRef(_)
            | Effect::StorePlan(_)
            | Effect::LoadPlan(_)
            | Effect::AdvancePlan(_)
            | Effect::LoadHistory(_)
            | Effect::SaveHistory(_) => Performance::Answered(desk.perform(ask, now)),
        }
    }
}

fn answered(answer: Result<serde_json::Value, Fault>) -> Performance {
    let outcome: Outcome = answer.map(Value::from);
    Performance::Answered(outcome)
}

fn unavailable(model: &str) -> Fault {
    Fault::new(FaultKind::ModelUnavailable, format!("no provider answers for model `{model}` yet"))
        .hint("use the test interpreter, or answer it yourself: `Live().handling(CallModel, my_gateway)`")
}

fn unhandled(kind: &str) -> Fault {
    Fault::new(FaultKind::UnhandledEffect, format!("nobody answers `{kind}`"))
        .hint(format!("give a handler: `.handling({kind}, answer)`"))
}
