//! Resuming: answering from the run's own journal, then letting the interpreter inside go on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value as Json, json};

use super::desk::Desk;
use super::history::{Answer, History, Next};
use super::interpreter::{Happening, Interpreter, Performance};
use crate::budget::Decided;
use crate::effects::{CallTool, Effect};
use crate::fault::{Fault, FaultKind};
use crate::journal::{Line, Outcome as Recorded, Revive};
use crate::machine::{Ask, AskId};
use crate::specs::Access;
use crate::value::{Outcome, Value};

/// An ask by its position, its effect and how often it was asked there before.
type Key = (String, String, usize);

/// Answers from a journal what it has answers to, in the order in which they came.
///
/// # Laws
/// - An effect that the journal has the answer of is not performed again.
/// - A `write_once` call that it has no answer of is in doubt, and not made again.
/// - A program that asks something else than the journal says stops, and nothing goes out.
pub struct Resumed {
    history: History,
    inner: Box<dyn Interpreter>,
    reviver: Box<dyn Revive>,
    clock: i64,
    asked: BTreeMap<(String, String), usize>,
    waiting: BTreeMap<Key, Ask>,
    keys: BTreeMap<AskId, Key>,
    /// What the machine itself answered, or nobody waits for any more.
    settled: BTreeSet<Key>,
    /// What was asked and never answered, in the order in which it was asked.
    open: VecDeque<Ask>,
    stopped: Option<Fault>,
}

impl Resumed {
    /// Goes on with a run from its journal.
    #[must_use]
    pub fn new(lines: Vec<Line>, started_at: i64, inner: Box<dyn Interpreter>, reviver: Box<dyn Revive>) -> Self {
        let real_time = inner.sleeps();
        Self {
            history: History::new(lines, real_time),
            inner,
            reviver,
            clock: started_at,
            asked: BTreeMap::new(),
            waiting: BTreeMap::new(),
            keys: BTreeMap::new(),
            settled: BTreeSet::new(),
            open: VecDeque::new(),
            stopped: None,
        }
    }

    fn key(&mut self, ask: &Ask) -> Key {
        let place = (ask.position.to_string(), ask.effect.kind().to_owned());
        let before = self.asked.entry(place.clone()).or_default();
        let key = (place.0, place.1, *before);
        *before = before.saturating_add(1);
        key
    }

    /// Takes an ask that the journal has, or one that comes after all that it has.
    fn take(&mut self, ask: &Ask) -> Result<bool, Fault> {
        let key = self.key(ask);
        let Some(recorded) = self.history.arguments(&key) else {
            return if self.history.is_over() { Ok(false) } else { Err(self.unexpected(&key, ask)?) };
        };
        let asked = ask.effect.arguments()?;
        let is_answered = self.history.is_answered(&key);
        if !agree(&ask.effect, recorded, &asked, is_answered) {
            return Err(differs(&key.0, Some((&key.1, recorded)), Some((&key.1, &asked))));
        }
        self.keys.insert(ask.id, key.clone());
        if is_answered {
            self.waiting.insert(key, ask.clone());
        } else {
            self.open.push_back(ask.clone());
        }
        Ok(true)
    }

    fn unexpected(&self, key: &Key, ask: &Ask) -> Result<Fault, Fault> {
        let asked = ask.effect.arguments()?;
        Ok(differs(&key.0, self.history.nearest(&key.0), Some((&key.1, &asked))))
    }

    /// The next thing that the journal says.
    fn replayed(&mut self, desk: &mut Desk) -> Option<Happening> {
        while let Some(next) = self.history.next() {
            match next {
                Next::Answered(Answer { key, outcome, at }) => {
                    if let Some(ask) = self.waiting.remove(&key) {
                        self.clock = self.clock.max(at);
                        self.history.step();
                        return Some(self.recorded(&ask, &key, &outcome, desk));
                    }
                    if !self.settled.contains(&key) {
                        return Some(Happening::Stopped(self.missing(&key)));
                    }
                }
                Next::Fired(at) => return Some(self.at(at, Happening::Fired(at))),
                Next::Interrupted(reason, at) => return Some(self.at(at, Happening::Interrupted(reason))),
                Next::Paused(at) => return Some(self.at(at, Happening::Paused(at))),
                Next::Unpaused(at) => return Some(self.at(at, Happening::Unpaused(at))),
            }
            self.history.step();
        }
        None
    }

    fn at(&mut self, at: i64, happening: Happening) -> Happening {
        self.clock = self.clock.max(at);
        self.history.step();
        happening
    }

    fn recorded(&mut self, ask: &Ask, key: &Key, outcome: &Recorded, desk: &mut Desk) -> Happening {
        let answer = outcome.answer(ask.effect.kind(), &*self.reviver);
        self.inner.recalled(ask);
        desk.recall_standing(ask, &answer);
        match self.history.refit(ask, key, &answer) {
            None => Happening::Answered(ask.id, answer),
            Some(Ok(answer)) => Happening::Answered(ask.id, Ok(answer)),
            // What was approved is not what would run now: it is asked anew.
            Some(Err(())) => Happening::Performed(ask.clone(), self.inner.perform(ask, desk)),
        }
    }

    fn missing(&self, key: &Key) -> Fault {
        let recorded = self.history.arguments(key);
        differs(&key.0, recorded.map(|arguments| (key.1.as_str(), arguments)), None)
    }

    /// What was asked and has no answer: by what kind of effect it is.
    fn reopened(&mut self, ask: &Ask, desk: &mut Desk) -> Option<Happening> {
        self.inner.jump(self.clock);
        match &ask.effect {
            Effect::CallTool(call) if call.tool.spec.access == Access::WriteOnce => {
                Some(Happening::Answered(ask.id, Err(in_doubt(call))))
            }
            Effect::AwaitApproval(_) => match desk.reattach(ask, self.clock) {
                Some(Ok(None)) => None,
                Some(Ok(Some(ruling))) => Some(Happening::Answered(ask.id, Ok(ruling))),
                Some(Err(fault)) => Some(Happening::Answered(ask.id, Err(fault))),
                None => Some(Happening::Performed(ask.clone(), self.inner.perform(ask, desk))),
            },
            _ => Some(Happening::Performed(ask.clone(), self.inner.perform(ask, desk))),
        }
    }

    fn is_over(&self) -> bool {
        self.history.is_over() && self.open.is_empty()
    }
}

impl Interpreter for Resumed {
    fn now(&mut self) -> i64 {
        if self.is_over() { self.clock.max(self.inner.now()) } else { self.clock }
    }

    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        match self.take(ask) {
            Ok(true) => Performance::Waiting,
            Ok(false) => {
                self.inner.jump(self.clock);
                self.inner.perform(ask, desk)
            }
            Err(fault) => {
                self.stopped = Some(fault.clone());
                Performance::Crashed(fault)
            }
        }
    }

    fn happened(&mut self, desk: &mut Desk) -> Option<Happening> {
        if self.history.is_over() && self.open.is_empty() {
            return None;
        }
        if let Some(happening) = self.replayed(desk) {
            return Some(happening);
        }
        while let Some(ask) = self.open.pop_front() {
            if let Some(happening) = self.reopened(&ask, desk) {
                return Some(happening);
            }
        }
        None
    }

    fn is_replaying(&self) -> bool {
        !self.is_over()
    }

    fn left_over(&self) -> Option<Fault> {
        let asked = |key: &Key| self.asked.get(&(key.0.clone(), key.1.clone())).is_some_and(|count| *count > key.2);
        self.stopped.clone().or_else(|| self.history.unasked(&asked).map(|key| self.missing(&key)))
    }

    fn work_out(&mut self, ask: &Ask, written: &Json, desk: &mut Desk) -> Performance {
        self.inner.work_out(ask, written, desk)
    }

    fn crashes_after(&mut self, id: AskId) -> bool {
        self.inner.crashes_after(id)
    }

    fn postpone(&mut self, id: AskId, outcome: Outcome) -> Option<Outcome> {
        self.inner.postpone(id, outcome)
    }

    fn note(&mut self, ask: &Ask, outcome: &Outcome) {
        if let Some(key) = self.keys.remove(&ask.id) {
            self.settled.insert(key);
        }
        self.inner.note(ask, outcome);
    }

    fn ready(&mut self, desk: &mut Desk) -> Option<(AskId, Outcome)> {
        if self.is_over() { self.inner.ready(desk) } else { None }
    }

    fn dropped(&mut self, id: AskId) {
        if let Some(key) = self.keys.remove(&id) {
            self.waiting.remove(&key);
            self.settled.insert(key);
        }
        self.open.retain(|ask| ask.id != id);
        self.inner.dropped(id);
    }

    fn stalled(&mut self) -> Option<(AskId, Outcome)> {
        if self.is_over() { self.inner.stalled() } else { None }
    }

    fn next_at(&self) -> Option<i64> {
        if self.is_over() { self.inner.next_at() } else { None }
    }

    fn jump(&mut self, to: i64) -> bool {
        let jumps = self.is_over() && self.inner.jump(to);
        if jumps {
            self.clock = self.clock.max(to);
        }
        jumps
    }

    fn sleeps(&self) -> bool {
        self.inner.sleeps()
    }

    fn one_tool_at_a_time(&self) -> bool {
        self.inner.one_tool_at_a_time()
    }

    fn seed(&self) -> Option<u64> {
        self.inner.seed()
    }

    fn decided(&self) -> Option<Decided> {
        Some(self.history.decided())
    }

    fn conclude(&mut self) -> Result<(), Fault> {
        self.inner.conclude()
    }
}

/// Whether an ask is the one that was recorded; a tool that has changed since asks the same where it was answered.
fn agree(effect: &Effect, recorded: &Json, asked: &Json, is_answered: bool) -> bool {
    if recorded == asked {
        return true;
    }
    let without_version = |arguments: &Json| {
        let mut arguments = arguments.clone();
        arguments.as_object_mut().map(|fields| fields.remove("version"));
        arguments
    };
    let may_differ = is_answered && matches!(effect, Effect::CallTool(_));
    may_differ && without_version(recorded) == without_version(asked)
}

fn differs(position: &str, recorded: Option<(&str, &Json)>, asked: Option<(&str, &Json)>) -> Fault {
    let shown =
        |side: Option<(&str, &Json)>| side.map(|(effect, arguments)| json!({"effect": effect, "arguments": arguments}));
    let word =
        |side: Option<(&str, &Json)>| side.map_or_else(|| "nothing".to_owned(), |(effect, _)| format!("`{effect}`"));
    let (before, now) = (shown(recorded).unwrap_or(Json::Null), shown(asked).unwrap_or(Json::Null));
    let changes = crate::json::diff(&before, &now);
    let message =
        format!("at position {position} the journal has {}, and the program asks {}", word(recorded), word(asked));
    Fault::new(FaultKind::ReplayMismatch, message)
        .hint("resume the run with the program that began it; nothing was done, and the run still waits")
        .detail(json!({"position": position, "recorded": before, "asked": now, "diff": changes}))
}

/// What is known of a write whose process ended before it did.
fn in_doubt(call: &CallTool) -> Fault {
    let name = &call.tool.spec.name;
    Fault::new(FaultKind::ToolFailed, format!("the process ended while `{name}` ran"))
        .hint("nobody knows whether it happened; look before you call it again")
        .detail(json!({"tool": name, "write": "in_doubt"}))
}

/// A ruling, where an answer is one.
pub(super) fn ruling_of(answer: &Outcome) -> Option<crate::machine::Ruling> {
    let written = answer.as_ref().ok().and_then(|value: &Value| value.to_json().ok())?;
    crate::json::decode(written).ok()
}
