//! The live interpreter: answers asks from the world.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use flowai_core::effects::{CallModel, Effect};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId, Dice};
use flowai_core::session::{Answerer, Desk, HostWork, Interpreter, Performance};
use flowai_core::value::{Outcome, Value};
use serde_json::json;

/// Answers from models, tools, people, the store and the clock.
pub struct Live {
    dice: Dice,
    /// Whether someone outside can answer approvals.
    attended: bool,
    answerer: Box<dyn Answerer>,
    alarm: Box<dyn Alarm>,
    courier: Box<dyn Courier>,
}

/// Wakes sleepers; the answer comes through the driver.
pub trait Alarm: Send {
    /// Answers this ask with null after so many milliseconds.
    fn sleep(&mut self, id: AskId, wait_ms: i64);
    /// Hears that nobody waits for this ask any more, or that it was answered.
    fn forget(&mut self, id: AskId);
}

/// Carries questions to models; the answer comes through the driver.
///
/// # Laws
/// - An ask that was sent is answered once, unless it is let go before.
/// - Letting go ends the request at once; letting go of what is over changes nothing.
pub trait Courier: Send {
    /// Asks a model.
    ///
    /// # Errors
    /// What keeps the question from being sent at all, such as a model that nobody knows.
    fn send(&mut self, ask: &Ask, call: &Arc<CallModel>) -> Result<(), Fault>;

    /// Nobody waits for this answer any more.
    fn let_go(&mut self, id: AskId);
}

impl Live {
    /// A live interpreter; `entropy` must be fresh from the operating system.
    #[must_use]
    pub fn new(
        entropy: u64,
        attended: bool,
        answerer: Box<dyn Answerer>,
        alarm: Box<dyn Alarm>,
        courier: Box<dyn Courier>,
    ) -> Self {
        Self { dice: Dice::new(entropy), attended, answerer, alarm, courier }
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

    fn note(&mut self, ask: &Ask, _: &Outcome) {
        match ask.effect {
            Effect::Sleep(_) => self.alarm.forget(ask.id),
            Effect::CallModel(_) => self.courier.let_go(ask.id),
            _ => {}
        }
    }

    fn dropped(&mut self, id: AskId) {
        self.alarm.forget(id);
        self.courier.let_go(id);
    }

    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        if let Some(performance) = self.answerer.answer(ask) {
            return performance;
        }
        let now = self.now();
        match &ask.effect {
            Effect::CallModel(call) => match self.courier.send(ask, &within(call, ask.answer_tokens_max())) {
                Ok(()) => Performance::Waiting,
                Err(fault) => Performance::Answered(Err(fault)),
            },
            Effect::CallTool(_) => Performance::Host(HostWork::Tool),
            Effect::CheckPlan(_) => Performance::Host(HostWork::CheckPlan),
            Effect::CheckWrite(_) => Performance::Host(HostWork::CheckWrite),
            Effect::AwaitApproval(_) => self.ask_human(ask, desk, now),
            Effect::ReadClock => answered(Ok(json!(now))),
            Effect::DrawId => answered(Ok(json!(format!("{:016x}{:016x}", self.dice.bits(), self.dice.bits())))),
            Effect::DrawNumber(range) => answered(Ok(json!(self.dice.between(range.low, range.high)))),
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

/// The call with an answer no longer than its budgets allow.
fn within(call: &Arc<CallModel>, tokens_max: Option<u64>) -> Arc<CallModel> {
    let Some(tokens_max) = tokens_max else { return Arc::clone(call) };
    let asked = call.settings.get("max_tokens").and_then(serde_json::Value::as_u64);
    if asked.is_some_and(|asked| asked <= tokens_max) {
        return Arc::clone(call);
    }
    let mut settings = call.settings.as_object().cloned().unwrap_or_default();
    settings.insert("max_tokens".to_owned(), json!(tokens_max));
    Arc::new(CallModel {
        model: Arc::clone(&call.model),
        messages: call.messages.clone(),
        tools: Arc::clone(&call.tools),
        output: call.output.clone(),
        settings: Arc::new(json!(settings)),
        whole: call.whole,
    })
}

fn answered(answer: Result<serde_json::Value, Fault>) -> Performance {
    let outcome: Outcome = answer.map(Value::from);
    Performance::Answered(outcome)
}

fn unhandled(kind: &str) -> Fault {
    Fault::new(FaultKind::UnhandledEffect, format!("nobody answers `{kind}`"))
        .hint(format!("give a handler: `.handling({kind}, answer)`"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowai_core::effects::{CallModel, Message, MessageLog};
    use serde_json::{Value as Json, json};

    use super::within;

    fn sent(settings: Json, tokens_max: Option<u64>) -> Json {
        let call = CallModel {
            model: Arc::from("m"),
            messages: MessageLog::default().with(Message::user("go")),
            tools: Arc::from([]),
            output: None,
            settings: Arc::new(settings),
            whole: true,
        };
        Json::clone(&within(&Arc::new(call), tokens_max).settings)
    }

    #[test]
    fn an_answer_is_asked_no_longer_than_its_budget_allows() {
        assert_eq!(sent(Json::Null, None), Json::Null);
        assert_eq!(sent(Json::Null, Some(9)), json!({"max_tokens": 9}));
        assert_eq!(sent(json!({"max_tokens": 20, "seed": 1}), Some(9)), json!({"max_tokens": 9, "seed": 1}));
        assert_eq!(sent(json!({"max_tokens": 5}), Some(9)), json!({"max_tokens": 5}));
    }
}
