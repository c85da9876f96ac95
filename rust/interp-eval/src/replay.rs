//! Replay: answering from a recording, in the recorded order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use flowai_core::effects::Effect;
use flowai_core::fault::Fault;
use flowai_core::machine::{Ask, AskId};
use flowai_core::position::{Position, Scope};
use flowai_core::session::{Desk, Interpreter, Performance};
use flowai_core::value::{Outcome as Answer, Value};
use serde_json::Value as Json;

use crate::compare::{Side, mismatch};
use crate::recording::{Entry, Recording, Revive};

/// Answers from a recording; what the recording does not reach goes to the interpreter inside, if there is one.
pub struct Replay {
    entries: Vec<Entry>,
    cursor: usize,
    clock: i64,
    waiting: BTreeMap<(String, String), AskId>,
    places: BTreeMap<String, Position>,
    /// What the recording has and the program asked, by position and effect.
    asked: BTreeSet<(String, String)>,
    seed: Option<u64>,
    reviver: Box<dyn Revive>,
    inner: Option<Box<dyn Interpreter>>,
    real_time: bool,
    /// Sleepers that the recording does not wake, by the time at which they wake.
    sleepers: BTreeSet<(i64, AskId)>,
    /// Answers of the interpreter inside that come after all recorded ones.
    held: VecDeque<(AskId, Answer)>,
}

impl Replay {
    /// A replay from the beginning; with an interpreter inside, the run goes on where the recording ends.
    #[must_use]
    pub fn new(recording: Recording, reviver: Box<dyn Revive>, inner: Option<Box<dyn Interpreter>>) -> Self {
        let root = Position { scope: Scope::root(), ordinal: 0 };
        Self {
            clock: recording.started_at,
            seed: recording.seed,
            entries: recording.entries,
            cursor: 0,
            waiting: BTreeMap::new(),
            places: BTreeMap::from([(String::from("0"), root)]),
            asked: BTreeSet::new(),
            reviver,
            inner,
            real_time: recording.real_time,
            sleepers: BTreeSet::new(),
            held: VecDeque::new(),
        }
    }

    fn recorded(&self, position: &str, effect: &str) -> Option<&Json> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Asked { position: place, effect: kind, arguments, .. } if place == position && kind == effect => {
                Some(arguments)
            }
            _ => None,
        })
    }

    /// The recorded ask at a position, or the next one that nobody asked.
    fn nearest(&self, position: &str) -> Option<(&str, Side<'_>)> {
        let asks = || {
            self.entries.iter().enumerate().filter_map(|(index, entry)| match entry {
                Entry::Asked { position, effect, arguments, .. } => {
                    Some((index, position.as_str(), Side { effect, arguments }))
                }
                Entry::Answered { .. } | Entry::Told { .. } => None,
            })
        };
        let here = asks().find(|(_, place, _)| *place == position);
        here.or_else(|| asks().find(|(index, ..)| *index >= self.cursor)).map(|(_, place, side)| (place, side))
    }

    fn check(&self, ask: &Ask, position: &str) -> Result<bool, Fault> {
        let effect = ask.effect.kind();
        let asked = ask.effect.arguments()?;
        match self.recorded(position, effect) {
            Some(arguments) if *arguments == asked => Ok(self.inner.is_none() || self.is_answered(position, effect)),
            Some(arguments) => {
                Err(mismatch(position, Some(&Side { effect, arguments }), Some(&Side { effect, arguments: &asked })))
            }
            None if self.inner.is_some() && self.is_over() => Ok(false),
            None => Err(mismatch(
                position,
                self.nearest(position).map(|(_, side)| side).as_ref(),
                Some(&Side { effect, arguments: &asked }),
            )),
        }
    }

    /// Whether the machine answers such effects itself, as it did when they were recorded.
    fn is_by_machine(&self, effect: &str) -> bool {
        effect == "CallAgent" || effect == "Sleep" && !self.real_time
    }

    /// Whether nothing is left to answer or to tell.
    fn is_over(&self) -> bool {
        self.entries.iter().skip(self.cursor).all(|entry| match entry {
            Entry::Asked { .. } => true,
            Entry::Answered { effect, outcome, .. } => self.is_by_machine(effect) || outcome.is_given_up(),
            Entry::Told { .. } => false,
        })
    }

    /// Whether the recording says how an ask ended.
    fn is_answered(&self, position: &str, effect: &str) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Answered { position: place, effect: kind, .. } if place == position && kind == effect))
    }

    /// Asks the interpreter inside what the recording does not reach.
    fn ask_inside(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        let Some(inner) = &mut self.inner else { return Performance::Waiting };
        inner.jump(self.clock);
        match &ask.effect {
            // Time is the replay's, as long as the interpreter inside leaves it to the machine.
            Effect::Sleep(wait_ms) if !inner.sleeps() => {
                self.sleepers.insert((self.clock.saturating_add(*wait_ms), ask.id));
                Performance::Waiting
            }
            _ => match inner.perform(ask, desk) {
                Performance::Answered(answer) if !self.is_over() => {
                    self.held.push_back((ask.id, answer));
                    Performance::Waiting
                }
                performance => performance,
            },
        }
    }

    fn woken(&mut self) -> Option<(AskId, Answer)> {
        let sleeper = *self.sleepers.first().filter(|(at, _)| *at <= self.clock)?;
        self.sleepers.remove(&sleeper);
        Some((sleeper.1, Ok(Value::null())))
    }

    /// Says what the desk told next, and gives the next answer that somebody waits for.
    fn go_on(&mut self, desk: &mut Desk) -> Option<(AskId, Answer)> {
        loop {
            match self.entries.get(self.cursor)? {
                Entry::Asked { .. } => {}
                Entry::Told { position, event, at } => {
                    let place = self.places.get(position).cloned()?;
                    if *at > self.clock {
                        return None;
                    }
                    desk.tell_at(&place, event.clone());
                }
                Entry::Answered { position, effect, outcome, at } => {
                    let key = (position.clone(), effect.clone());
                    let is_given_up = outcome.is_given_up();
                    if is_given_up && self.waiting.contains_key(&key) || *at > self.clock {
                        return None;
                    }
                    if !is_given_up && !self.is_by_machine(effect) {
                        let id = self.waiting.remove(&key)?;
                        let answer = outcome.answer(effect, &*self.reviver);
                        self.cursor = self.cursor.saturating_add(1);
                        return Some((id, answer));
                    }
                }
            }
            self.cursor = self.cursor.saturating_add(1);
        }
    }

    fn at(&self) -> Option<i64> {
        self.entries.get(self.cursor).map(|entry| match entry {
            Entry::Asked { at, .. } | Entry::Answered { at, .. } | Entry::Told { at, .. } => *at,
        })
    }
}

impl Interpreter for Replay {
    fn now(&mut self) -> i64 {
        let is_over = self.is_over();
        match &mut self.inner {
            Some(inner) if is_over && inner.sleeps() => self.clock.max(inner.now()),
            _ => self.clock,
        }
    }

    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        let position = ask.position.to_string();
        let checked = self.check(ask, &position);
        let key = (position.clone(), ask.effect.kind().to_owned());
        if checked.is_ok() {
            self.places.insert(position, ask.position.clone());
            self.asked.insert(key.clone());
        }
        match checked {
            Ok(true) => {
                self.waiting.insert(key, ask.id);
                Performance::Waiting
            }
            Ok(false) => self.ask_inside(ask, desk),
            Err(fault) => Performance::Answered(Err(fault)),
        }
    }

    fn ready(&mut self, desk: &mut Desk) -> Option<(AskId, Answer)> {
        let replayed = self.go_on(desk).or_else(|| self.woken());
        if replayed.is_some() || !self.is_over() {
            return replayed;
        }
        self.held.pop_front().or_else(|| self.inner.as_mut()?.ready(desk))
    }

    fn dropped(&mut self, id: AskId) {
        self.waiting.retain(|_, waiting| *waiting != id);
        self.sleepers.retain(|(_, sleeper)| *sleeper != id);
        self.held.retain(|(held, _)| *held != id);
        if let Some(inner) = &mut self.inner {
            inner.dropped(id);
        }
    }

    fn stalled(&mut self) -> Option<(AskId, Answer)> {
        let (key, id) = self.waiting.pop_first()?;
        let nearest = self.nearest(&key.0).map(|(_, side)| side);
        Some((id, Err(mismatch(&key.0, nearest.as_ref(), None))))
    }

    fn next_at(&self) -> Option<i64> {
        let woken = self.sleepers.first().map(|(at, _)| *at);
        let inside = self.inner.as_ref().and_then(|inner| inner.next_at());
        self.at().into_iter().chain(woken).chain(inside).filter(|at| *at > self.clock).min()
    }

    fn jump(&mut self, to: i64) -> bool {
        let inside = self.inner.as_mut().map(|inner| inner.jump(to));
        // Where the recording ends, time is that of the interpreter inside.
        let jumps = inside.unwrap_or(true) || !self.is_over();
        if jumps {
            self.clock = self.clock.max(to);
        }
        jumps
    }

    fn sleeps(&self) -> bool {
        self.real_time
    }

    fn seed(&self) -> Option<u64> {
        self.seed
    }

    fn work_out(&mut self, ask: &Ask, turn: &Json) -> Performance {
        self.inner.as_mut().map_or(Performance::Waiting, |inner| inner.work_out(ask, turn))
    }

    fn crashes_after(&mut self, id: AskId) -> bool {
        self.inner.as_mut().is_some_and(|inner| inner.crashes_after(id))
    }

    fn one_tool_at_a_time(&self) -> bool {
        true
    }

    fn conclude(&mut self) -> Result<(), Fault> {
        let rest = self.entries.get(self.cursor..).unwrap_or_default();
        let known = |position: &String, effect: &String| {
            // A run that goes on is not told what the machine answered beyond the recording.
            self.asked.contains(&(position.clone(), effect.clone()))
                || self.inner.is_some() && self.is_by_machine(effect)
        };
        let left = rest.iter().find_map(|entry| match entry {
            Entry::Asked { position, effect, arguments, .. } if !known(position, effect) => {
                Some(mismatch(position, Some(&Side { effect, arguments }), None))
            }
            Entry::Asked { .. } | Entry::Answered { .. } | Entry::Told { .. } => None,
        });
        left.map_or(Ok(()), Err)
    }
}
