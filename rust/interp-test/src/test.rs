//! Answering from a script under a virtual clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use flowai_core::effects::{CallModel, Effect};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId, Dice};
use flowai_core::session::{Answerer, Desk, HostWork, Interpreter, Performance};
use flowai_core::value::{Outcome, Value};
use serde_json::{Value as Json, json};

use crate::fault::{Trouble, Troubles};
use crate::script::Script;
use crate::turn::{Turn, read};

/// What a test interpreter is told before it starts.
#[derive(Clone, Debug, Default)]
pub struct TestSettings {
    /// What models say.
    pub script: Script,
    /// What humans decide, in the order in which they are asked; absent when someone answers from outside.
    pub decisions: Option<VecDeque<Json>>,
    /// Draws schedules, identifiers and numbers.
    pub seed: u64,
    /// What goes wrong.
    pub troubles: Troubles,
    /// Where the virtual clock begins, in milliseconds.
    pub starts_at: i64,
    /// Whether someone outside can answer approvals.
    pub attended: bool,
}

/// Answers from a script.
pub struct Test {
    settings: TestSettings,
    clock: i64,
    dice: Dice,
    later: BTreeMap<(i64, u64), (AskId, Outcome)>,
    drawn: u64,
    crash_after: Option<AskId>,
    answerer: Box<dyn Answerer>,
    sleeps: bool,
}

impl Test {
    /// An interpreter at the beginning of its script.
    #[must_use]
    pub fn new(settings: TestSettings, answerer: Box<dyn Answerer>) -> Self {
        let (clock, dice) = (settings.starts_at, Dice::new(settings.seed ^ 0x5EED));
        Self { settings, clock, dice, later: BTreeMap::new(), drawn: 0, crash_after: None, answerer, sleeps: false }
    }

    /// The same interpreter with an answerer that is asked for sleeps too, which otherwise pass in virtual time.
    #[must_use]
    pub fn asked_for_sleeps(mut self, asked: bool) -> Self {
        self.sleeps = asked;
        self
    }

    fn later(&mut self, id: AskId, outcome: Outcome, delay_ms: i64) -> Performance {
        if delay_ms <= 0 {
            return Performance::Answered(outcome);
        }
        self.drawn = self.drawn.saturating_add(1);
        self.later.insert((self.clock.saturating_add(delay_ms), self.drawn), (id, outcome));
        Performance::Waiting
    }

    fn answer(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        if let Some(performance) = self.answerer.answer(ask) {
            return performance;
        }
        match &ask.effect {
            Effect::CallModel(call) => self.speak(ask, call),
            Effect::CallTool(_) => Performance::Host(HostWork::Tool),
            Effect::CheckPlan(_) => Performance::Host(HostWork::CheckPlan),
            Effect::AwaitApproval(_) => self.decide(ask, desk),
            Effect::ReadClock => Performance::Answered(Ok(Value::from(json!(self.clock)))),
            Effect::DrawId => Performance::Answered(Ok(Value::from(json!(format!(
                "{:016x}{:016x}",
                self.dice.bits(),
                self.dice.bits()
            ))))),
            Effect::DrawNumber(range) => {
                Performance::Answered(Ok(Value::from(json!(draw(&mut self.dice, range.low, range.high)))))
            }
            Effect::Custom(custom) => Performance::Answered(Err(unhandled(&custom.kind))),
            Effect::StoreRef(_)
            | Effect::LoadRef(_)
            | Effect::StorePlan(_)
            | Effect::LoadPlan(_)
            | Effect::AdvancePlan(_)
            | Effect::LoadHistory(_)
            | Effect::SaveHistory(_) => Performance::Answered(desk.perform(ask, self.clock)),
            Effect::CallAgent(_) | Effect::Sleep(_) => Performance::Answered(Err(unhandled(ask.effect.kind()))),
        }
    }

    fn speak(&mut self, ask: &Ask, call: &CallModel) -> Performance {
        let scope = &ask.position.scope;
        let turn = match self.settings.script.take(scope.agent().map(AsRef::as_ref), &call.model, scope.parallel()) {
            Ok(turn) => turn,
            Err(fault) => return Performance::Answered(Err(fault)),
        };
        match turn {
            Some(Turn::Host(index)) => Performance::Host(HostWork::Script(index)),
            Some(Turn::Ready(turn)) => self.say(ask, &turn),
            None => {
                let text = self.settings.script.mock.clone().unwrap_or_default();
                self.say(ask, &json!({"steps": [{"says": text}]}))
            }
        }
    }

    fn say(&mut self, ask: &Ask, turn: &Json) -> Performance {
        match read(turn, &ask.position.to_string()) {
            Ok(said) => self.later(ask.id, said.outcome.map(|answer| Value::Model(Arc::new(answer))), said.delay_ms),
            Err(message) => Performance::Answered(Err(Fault::new(FaultKind::ScriptMismatch, message))),
        }
    }

    /// Scripted decisions are given in the order in which approvals are required.
    fn decide(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        let opened = desk.open(ask, self.clock);
        match &mut self.settings.decisions {
            Some(decisions) => match decisions.pop_front() {
                Some(decision) => Performance::Answered(opened.and_then(|approval| {
                    desk.decide_scripted(&approval, &decision, self.clock).map_err(|fault| unfit(&fault))
                })),
                None => Performance::Answered(Err(unanswered(&ask.effect))),
            },
            None if self.settings.attended => {
                opened.map_or_else(|fault| Performance::Answered(Err(fault)), |_| Performance::Waiting)
            }
            None => Performance::Answered(Err(unanswered(&ask.effect))),
        }
    }

    fn trouble(&mut self, ask: &Ask, trouble: Trouble, desk: &mut Desk) -> Performance {
        match trouble {
            Trouble::Fails(fault) => Performance::Answered(Err(fault)),
            Trouble::Hangs => Performance::Waiting,
            Trouble::Crashes { before: true } => Performance::Crashed(crashed(ask)),
            Trouble::Crashes { before: false } => {
                self.crash_after = Some(ask.id);
                self.answer(ask, desk)
            }
            Trouble::Delays(delay_ms) => match self.answer(ask, desk) {
                Performance::Answered(outcome) => self.later(ask.id, outcome, delay_ms),
                other => other,
            },
        }
    }
}

impl Interpreter for Test {
    fn now(&mut self) -> i64 {
        self.clock
    }

    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        match self.settings.troubles.take(&ask.position, ask.effect.kind()) {
            Some(trouble) => self.trouble(ask, trouble, desk),
            None => self.answer(ask, desk),
        }
    }

    fn work_out(&mut self, ask: &Ask, turn: &Json) -> Performance {
        self.say(ask, turn)
    }

    fn crashes_after(&mut self, id: AskId) -> bool {
        self.crash_after == Some(id)
    }

    fn ready(&mut self, _: &mut Desk) -> Option<(AskId, Outcome)> {
        let (&(at, drawn), _) = self.later.iter().next()?;
        if at > self.clock {
            return None;
        }
        self.later.remove(&(at, drawn))
    }

    fn next_at(&self) -> Option<i64> {
        self.later.keys().next().map(|(at, _)| *at)
    }

    fn jump(&mut self, to: i64) -> bool {
        self.clock = self.clock.max(to);
        true
    }

    fn sleeps(&self) -> bool {
        self.sleeps
    }

    fn one_tool_at_a_time(&self) -> bool {
        true
    }

    fn seed(&self) -> Option<u64> {
        Some(self.settings.seed).filter(|seed| *seed != 0)
    }

    fn conclude(&mut self) -> Result<(), Fault> {
        self.settings.script.conclude()?;
        match self.settings.decisions.as_ref().map(VecDeque::len).filter(|left| *left > 0) {
            None => Ok(()),
            Some(left) => Err(Fault::new(
                FaultKind::ScriptMismatch,
                format!("the run ended and {left} scripted decisions were not used"),
            )
            .hint("remove the decisions, or check which approval was not asked")),
        }
    }
}

fn draw(dice: &mut Dice, low: i64, high: i64) -> i64 {
    let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
    let drawn = if width == u64::MAX { dice.bits() } else { dice.bits() % width.saturating_add(1) };
    low.saturating_add(i64::try_from(drawn).unwrap_or(i64::MAX))
}

fn unhandled(kind: &str) -> Fault {
    Fault::new(FaultKind::UnhandledEffect, format!("nobody answers `{kind}`"))
        .hint(format!("give a handler: `.handling({kind}, answer)`"))
}

fn unanswered(effect: &Effect) -> Fault {
    let title = if let Effect::AwaitApproval(request) = effect { request.title.as_str() } else { "" };
    Fault::new(FaultKind::ScriptMismatch, format!("nobody answers the approval \"{title}\""))
        .hint("add `Approve()` or `Reject(\"...\")` to `decisions`")
}

/// A decision that cannot be taken is a fault of the script, whatever the program makes of faults.
fn unfit(fault: &Fault) -> Fault {
    Fault::new(FaultKind::ScriptMismatch, format!("a scripted decision cannot be taken: {}", fault.message()))
}

fn crashed(ask: &Ask) -> Fault {
    Fault::new(FaultKind::Crashed, format!("the scripted crash at position {} (`{}`)", ask.position, ask.effect.kind()))
}
