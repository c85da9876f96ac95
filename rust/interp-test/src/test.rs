//! Answering from a script under a virtual clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use flowai_core::approvals::ApprovalKind;
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
    /// How long what the host is at takes, in virtual time.
    delays: BTreeMap<AskId, i64>,
    /// Moments that humans outside let pass.
    moments: BTreeSet<i64>,
    answerer: Box<dyn Answerer>,
    sleeps: bool,
    /// What was made to hang, by the name of its effect and its place.
    hanging: BTreeMap<AskId, (String, String)>,
}

impl Test {
    /// An interpreter at the beginning of its script.
    #[must_use]
    pub fn new(settings: TestSettings, answerer: Box<dyn Answerer>) -> Self {
        let (clock, dice) = (settings.starts_at, Dice::new(settings.seed ^ 0x5EED));
        Self {
            settings,
            clock,
            dice,
            later: BTreeMap::new(),
            drawn: 0,
            crash_after: None,
            delays: BTreeMap::new(),
            moments: BTreeSet::new(),
            answerer,
            sleeps: false,
            hanging: BTreeMap::new(),
        }
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
            Effect::CheckWrite(_) => Performance::Host(HostWork::CheckWrite),
            Effect::AwaitApproval(_) => self.decide(ask, desk),
            Effect::ReadClock => Performance::Answered(Ok(Value::from(json!(self.clock)))),
            Effect::DrawId => Performance::Answered(Ok(Value::from(json!(format!(
                "{:016x}{:016x}",
                self.dice.bits(),
                self.dice.bits()
            ))))),
            Effect::DrawNumber(range) => {
                Performance::Answered(Ok(Value::from(json!(self.dice.between(range.low, range.high)))))
            }
            Effect::Custom(custom) => Performance::Answered(Err(unhandled(custom.kind()))),
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
        let nobody = self.settings.decisions.is_none() && !self.settings.attended;
        if nobody && is_about_doubt(&ask.effect) {
            let message = "nobody can say what became of the write";
            return Performance::Answered(Err(Fault::new(FaultKind::ApprovalError, message)));
        }
        if let Err(fault) = desk.open(ask, self.clock) {
            return Performance::Answered(Err(fault));
        }
        match self.settings.decisions.as_mut().map(VecDeque::pop_front) {
            Some(Some(decision)) => self.take_decision(ask, decision, desk),
            None if self.settings.attended => Performance::Waiting,
            Some(None) | None => Performance::Answered(Err(unanswered(&ask.effect))),
        }
    }

    /// What a decision changes of a plan passes the plan's own type first, which only the host knows.
    fn take_decision(&self, ask: &Ask, decision: Json, desk: &mut Desk) -> Performance {
        let changes = ["edits", "actions"].iter().any(|field| decision.get(field).is_some_and(|part| !part.is_null()));
        match plan_of(ask).filter(|_| changes).and_then(|plan_id| desk.plan_type(plan_id)) {
            Some(plan) => Performance::Host(HostWork::Decision { plan, decision }),
            None => self.rule(ask, &decision, desk),
        }
    }

    fn rule(&self, ask: &Ask, decision: &Json, desk: &mut Desk) -> Performance {
        Performance::Answered(desk.decide_scripted(ask.id, decision, self.clock).map_err(|fault| unfit(&fault)))
    }

    fn trouble(&mut self, ask: &Ask, trouble: Trouble, desk: &mut Desk) -> Performance {
        match trouble {
            Trouble::Fails(fault) => Performance::Answered(Err(fault)),
            Trouble::Hangs => {
                self.hanging.insert(ask.id, (ask.effect.kind().to_owned(), ask.position.to_string()));
                Performance::Waiting
            }
            Trouble::Crashes { before: true } => Performance::Crashed(crashed(ask)),
            Trouble::Crashes { before: false } => {
                self.crash_after = Some(ask.id);
                self.answer(ask, desk)
            }
            Trouble::Delays(delay_ms) => match self.answer(ask, desk) {
                Performance::Answered(outcome) => self.later(ask.id, outcome, delay_ms),
                Performance::Host(work) => {
                    self.delays.insert(ask.id, delay_ms);
                    Performance::Host(work)
                }
                other => {
                    self.moments.insert(self.clock.saturating_add(delay_ms));
                    other
                }
            },
        }
    }
}

impl Interpreter for Test {
    fn now(&mut self) -> i64 {
        self.clock
    }

    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        match self.settings.troubles.take(ask) {
            Some(trouble) => self.trouble(ask, trouble, desk),
            None => self.answer(ask, desk),
        }
    }

    fn recalled(&mut self, ask: &Ask) {
        drop(self.settings.troubles.take(ask));
        match &ask.effect {
            Effect::CallModel(call) => {
                let scope = &ask.position.scope;
                let agent = scope.agent().map(AsRef::as_ref);
                // A script that does not reach so far says so when it is asked next.
                drop(self.settings.script.take(agent, &call.model, scope.parallel()));
            }
            Effect::AwaitApproval(_) => drop(self.settings.decisions.as_mut().and_then(VecDeque::pop_front)),
            Effect::DrawId => drop((self.dice.bits(), self.dice.bits())),
            Effect::DrawNumber(range) => drop(self.dice.between(range.low, range.high)),
            _ => {}
        }
    }

    fn work_out(&mut self, ask: &Ask, written: &Json, desk: &mut Desk) -> Performance {
        match &ask.effect {
            Effect::AwaitApproval(_) => self.rule(ask, written, desk),
            _ => self.say(ask, written),
        }
    }

    fn postpone(&mut self, id: AskId, outcome: Outcome) -> Option<Outcome> {
        match self.delays.remove(&id).filter(|delay_ms| *delay_ms > 0) {
            None => Some(outcome),
            Some(delay_ms) => {
                drop(self.later(id, outcome, delay_ms));
                None
            }
        }
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

    fn dropped(&mut self, id: AskId) {
        self.hanging.remove(&id);
    }

    /// Whoever attends the run from outside may still cancel it.
    fn stalled(&mut self) -> Option<(AskId, Outcome)> {
        if self.settings.attended {
            return None;
        }
        let (id, (effect, position)) = self.hanging.pop_first()?;
        Some((id, Err(hung(&effect, &position))))
    }

    fn next_at(&self) -> Option<i64> {
        let moment = self.moments.range(self.clock.saturating_add(1)..).next().copied();
        self.later.keys().next().map(|(at, _)| *at).into_iter().chain(moment).min()
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
        self.settings.troubles.conclude()?;
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

fn unhandled(kind: &str) -> Fault {
    Fault::new(FaultKind::UnhandledEffect, format!("nobody answers `{kind}`"))
        .hint(format!("give a handler: `.handling({kind}, answer)`"))
}

fn is_about_doubt(effect: &Effect) -> bool {
    matches!(effect, Effect::AwaitApproval(request) if request.kind == ApprovalKind::InDoubt)
}

fn unanswered(effect: &Effect) -> Fault {
    let title = if let Effect::AwaitApproval(request) = effect { request.title.as_str() } else { "" };
    Fault::new(FaultKind::ScriptMismatch, format!("nobody answers the approval \"{title}\""))
        .hint("add `Approve()` or `Reject(\"...\")` to `decisions`")
}

/// The plan that an approval is about.
fn plan_of(ask: &Ask) -> Option<&str> {
    let Effect::AwaitApproval(request) = &ask.effect else { return None };
    request.bound.as_ref()?.plan_id.as_deref()
}

/// A decision that cannot be taken is a fault of the script, whatever the program makes of faults.
fn unfit(fault: &Fault) -> Fault {
    Fault::new(FaultKind::ScriptMismatch, format!("a scripted decision cannot be taken: {}", fault.message()))
}

fn hung(effect: &str, position: &str) -> Fault {
    Fault::new(
        FaultKind::ScriptMismatch,
        format!("`{effect}` at position {position} hangs, and nothing is left that could end it"),
    )
    .hint("put a `timeout` around it, or let it fail with `Fails(...)`")
}

fn crashed(ask: &Ask) -> Fault {
    Fault::new(FaultKind::Crashed, format!("the scripted crash at position {} (`{}`)", ask.position, ask.effect.kind()))
}
