//! Replay: answering from a recording, in the recorded order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use flowai_core::budget::Decided;
use flowai_core::effects::Effect;
use flowai_core::fault::Fault;
use flowai_core::machine::{Ask, AskId};
use flowai_core::position::{Position, Scope};
use flowai_core::session::{Desk, Interpreter, Performance};
use flowai_core::value::{Outcome as Answer, Value};
use serde_json::Value as Json;

use crate::adopted::adopted;
use crate::compare::{Side, mismatch};
use crate::keeping::Recalled;
use crate::recording::{Entry, Recording, Revive};
use crate::tape::Tape;

/// An ask by its position and effect.
type Key = (String, String);

/// Answers from a recording; what the recording does not reach goes to the interpreter inside, if there is one.
///
/// # Laws
/// - Nothing goes out for an approval of the recording: what it let out is answered by the recording too,
///   or it is asked again.
/// - Where a run goes on, the store stands as the recording left it.
pub struct Replay {
    /// The run that was recorded.
    run_id: String,
    tape: Tape,
    cursor: usize,
    clock: i64,
    waiting: BTreeMap<Key, Ask>,
    places: BTreeMap<String, Position>,
    /// What the recording has and the program asked.
    asked: BTreeSet<Key>,
    /// What the interpreter inside was asked.
    inside: BTreeMap<AskId, Key>,
    /// What it has answered, or nobody waits for any more.
    settled: BTreeSet<Key>,
    /// The branches, by the place of the last ask, that have gone on beyond the recording.
    beyond: BTreeSet<String>,
    recalled: Recalled,
    /// The ids that are recalled, until the desk knows them.
    ids: Option<Vec<String>>,
    seed: Option<u64>,
    reviver: Box<dyn Revive>,
    inner: Option<Box<dyn Interpreter>>,
    real_time: bool,
    /// Sleepers that the recording does not wake, by the time at which they wake.
    sleepers: BTreeSet<(i64, AskId)>,
    /// Answers of the interpreter inside that come in their recorded place, or after all recorded ones.
    held: VecDeque<(AskId, Answer)>,
}

impl Replay {
    /// A replay from the beginning; with an interpreter inside, the run goes on where the recording ends.
    #[must_use]
    pub fn new(recording: Recording, reviver: Box<dyn Revive>, inner: Option<Box<dyn Interpreter>>) -> Self {
        let root = Position { scope: Scope::root(), ordinal: 0 };
        let (clock, seed, real_time) = (recording.started_at, recording.seed, recording.real_time);
        let run_id = recording.run_id.clone();
        let tape = Tape::new(recording, inner.is_some());
        Self {
            run_id,
            clock,
            seed,
            real_time,
            ids: inner.is_some().then(|| tape.ids()),
            tape,
            cursor: 0,
            waiting: BTreeMap::new(),
            places: BTreeMap::from([(String::from("0"), root)]),
            asked: BTreeSet::new(),
            inside: BTreeMap::new(),
            settled: BTreeSet::new(),
            beyond: BTreeSet::new(),
            recalled: Recalled::default(),
            reviver,
            inner,
            sleepers: BTreeSet::new(),
            held: VecDeque::new(),
        }
    }

    fn check(&self, ask: &Ask, position: &str) -> Result<bool, Fault> {
        let effect = ask.effect.kind();
        let asked = ask.effect.arguments()?;
        match self.tape.arguments(position, effect) {
            Some(arguments) if *arguments == asked => {
                Ok(self.inner.is_none() || self.tape.is_answered(position, effect))
            }
            Some(arguments) => {
                Err(mismatch(position, Some(&Side { effect, arguments }), Some(&Side { effect, arguments: &asked })))
            }
            None if self.inner.is_some() && (self.is_over() || self.is_beyond(position)) => Ok(false),
            None => Err(mismatch(
                position,
                self.tape.nearest(position, self.cursor).as_ref(),
                Some(&Side { effect, arguments: &asked }),
            )),
        }
    }

    fn is_over(&self) -> bool {
        self.tape.is_over(self.cursor)
    }

    /// Whether the branch of a position, or one that it waited for, has had an answer that is not recorded.
    fn is_beyond(&self, position: &str) -> bool {
        let here = scope_of(position);
        let is_elsewhere = |effect: &str| !self.asked.contains(&(position.to_owned(), effect.to_owned()));
        if self.tape.asked_at(position).any(is_elsewhere) {
            return false;
        }
        self.beyond.iter().any(|scope| is_within(here, scope) || is_within(scope, here))
    }

    /// Asks the interpreter inside what the recording does not reach.
    fn ask_inside(&mut self, ask: &Ask, key: Key, desk: &mut Desk) -> Performance {
        if let Err(fault) = self.recalled.check(desk, ask) {
            return Performance::Answered(Err(fault));
        }
        self.inside.insert(ask.id, key);
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
            let index = self.cursor;
            match self.tape.entry(index)? {
                Entry::Asked { .. } | Entry::Refused { .. } => {}
                Entry::Told { .. } if self.tape.is_silent(index) => {}
                Entry::Told { position, event, at } => {
                    let place = self.places.get(position).cloned()?;
                    if *at > self.clock {
                        return None;
                    }
                    desk.tell_at(&place, event.clone());
                }
                Entry::Answered { position, effect, .. } if self.tape.is_doubted(index) => {
                    let key = (position.clone(), effect.clone());
                    if !self.settled.contains(&key) {
                        return self.held_for(&key);
                    }
                }
                Entry::Answered { position, effect, outcome, at } => {
                    let key = (position.clone(), effect.clone());
                    let is_given_up = outcome.is_given_up();
                    if is_given_up && self.waiting.contains_key(&key) || *at > self.clock {
                        return None;
                    }
                    if !is_given_up && !self.tape.is_by_machine(effect) {
                        let at = *at;
                        let ask = self.waiting.remove(&key)?;
                        self.cursor = self.cursor.saturating_add(1);
                        return Some((ask.id, self.recorded(index, &ask, desk, at)));
                    }
                }
            }
            self.cursor = self.cursor.saturating_add(1);
        }
    }

    /// The recorded answer; where the run goes on, the desk has to stand as it did.
    fn recorded(&mut self, index: usize, ask: &Ask, desk: &mut Desk, at: i64) -> Answer {
        let Some(Entry::Answered { effect, outcome, .. }) = self.tape.entry(index) else { return Ok(Value::null()) };
        if self.inner.is_some() {
            self.recalled.keep(desk, ask, outcome, &self.tape, at)?;
        }
        adopted(ask, outcome.answer(effect, &*self.reviver), &self.run_id)
    }

    /// The answer that the interpreter inside gave in the place of a recorded one.
    fn held_for(&mut self, key: &Key) -> Option<(AskId, Answer)> {
        let place = self.held.iter().position(|(id, _)| self.inside.get(id) == Some(key))?;
        self.held.remove(place)
    }

    fn at(&self) -> Option<i64> {
        self.tape.entry(self.cursor).map(|entry| match entry {
            Entry::Asked { at, .. }
            | Entry::Answered { at, .. }
            | Entry::Told { at, .. }
            | Entry::Refused { at, .. } => *at,
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
        if let Some(ids) = self.ids.take() {
            desk.reserve(ids);
        }
        let checked = self.check(ask, &position);
        let key = (position.clone(), ask.effect.kind().to_owned());
        if checked.is_ok() {
            self.places.insert(position, ask.position.clone());
            self.asked.insert(key.clone());
        }
        match checked {
            Ok(true) => {
                self.inside.insert(ask.id, key.clone());
                self.waiting.insert(key, ask.clone());
                Performance::Waiting
            }
            Ok(false) => self.ask_inside(ask, key, desk),
            Err(fault) => Performance::Answered(Err(fault)),
        }
    }

    fn note(&mut self, ask: &Ask, outcome: &Answer) {
        if let Some(key) = self.inside.remove(&ask.id)
            && !self.tape.is_answered(&key.0, &key.1)
        {
            self.beyond.insert(scope_of(&key.0).to_owned());
            self.settled.insert(key);
        }
        if let Some(inner) = &mut self.inner {
            inner.note(ask, outcome);
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
        if let Some(key) = self.inside.remove(&id) {
            if self.waiting.get(&key).is_some_and(|waiting| waiting.id == id) {
                self.waiting.remove(&key);
            }
            self.settled.insert(key);
        }
        self.sleepers.retain(|(_, sleeper)| *sleeper != id);
        self.held.retain(|(held, _)| *held != id);
        if let Some(inner) = &mut self.inner {
            inner.dropped(id);
        }
    }

    fn stalled(&mut self) -> Option<(AskId, Answer)> {
        let next = self.waiting.pop_first().map(|(key, ask)| (key, ask.id));
        let next = next.or_else(|| {
            let (id, _) = self.held.pop_front()?;
            Some((self.inside.get(&id).cloned().unwrap_or_default(), id))
        });
        match next {
            Some((key, id)) => Some((id, Err(mismatch(&key.0, self.tape.nearest(&key.0, self.cursor).as_ref(), None)))),
            None => self.inner.as_mut()?.stalled(),
        }
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

    fn work_out(&mut self, ask: &Ask, written: &Json, desk: &mut Desk) -> Performance {
        self.inner.as_mut().map_or(Performance::Waiting, |inner| inner.work_out(ask, written, desk))
    }

    fn postpone(&mut self, id: AskId, outcome: Answer) -> Option<Answer> {
        match &mut self.inner {
            Some(inner) => inner.postpone(id, outcome),
            None => Some(outcome),
        }
    }

    fn crashes_after(&mut self, id: AskId) -> bool {
        self.inner.as_mut().is_some_and(|inner| inner.crashes_after(id))
    }

    fn one_tool_at_a_time(&self) -> bool {
        true
    }

    fn decided(&self) -> Option<Decided> {
        Some(self.tape.decided(self.inner.is_some()))
    }

    fn conclude_desk(&mut self, desk: &mut Desk) {
        // Nobody waits for an answer any more, so this only tells.
        if self.waiting.is_empty() {
            drop(self.go_on(desk));
        }
    }

    fn conclude(&mut self) -> Result<(), Fault> {
        let rest = self.tape.entries().get(self.cursor..).unwrap_or_default();
        let known = |position: &String, effect: &String| {
            // A run that goes on is not told what the machine answered beyond the recording.
            self.asked.contains(&(position.clone(), effect.clone()))
                || self.inner.is_some() && self.tape.is_by_machine(effect)
        };
        let left = rest.iter().find_map(|entry| match entry {
            Entry::Asked { position, effect, arguments, .. } if !known(position, effect) => {
                Some(mismatch(position, Some(&Side { effect, arguments }), None))
            }
            Entry::Asked { .. } | Entry::Answered { .. } | Entry::Told { .. } | Entry::Refused { .. } => None,
        });
        left.map_or(Ok(()), Err)
    }
}

/// The branch of a position, as text.
fn scope_of(position: &str) -> &str {
    position.rsplit_once('.').map_or("", |(scope, _)| scope)
}

fn is_within(inner: &str, outer: &str) -> bool {
    outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}
