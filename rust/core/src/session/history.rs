//! A journal laid out for going on with its run: what was asked where, and what came back in which order.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::resumed::ruling_of;
use crate::approvals::ApprovalKind;
use crate::budget::{Decided, Refusal};
use crate::effects::Effect;
use crate::events::EventBody;
use crate::journal::{Entry, Line, Moment, Outcome as Recorded};
use crate::machine::Ask;
use crate::value::{Outcome, Value};

/// An ask by its position, its effect and how often it was asked there before.
pub(super) type Key = (String, String, usize);

/// The answer to one ask.
pub(super) struct Answer {
    pub key: Key,
    pub outcome: Recorded,
    pub at: i64,
}

/// What comes next in a journal.
pub(super) enum Next {
    Answered(Answer),
    Fired(i64),
    Interrupted(Option<String>, i64),
    Paused(i64),
    Unpaused(i64),
}

/// The lines of a journal, with the place of each ask and answer.
pub(super) struct History {
    lines: Vec<Line>,
    asked: BTreeMap<Key, usize>,
    answered: BTreeMap<Key, usize>,
    /// The ask that each answer is to, by its line.
    answers: BTreeMap<usize, Key>,
    cursor: usize,
    /// Behind the last line that anything follows from.
    end: usize,
    real_time: bool,
}

impl History {
    pub fn new(lines: Vec<Line>, real_time: bool) -> Self {
        let mut history = Self {
            lines,
            asked: BTreeMap::new(),
            answered: BTreeMap::new(),
            answers: BTreeMap::new(),
            cursor: 0,
            end: 0,
            real_time,
        };
        history.lay_out();
        let last = (0..history.lines.len()).rev().find(|index| history.at(*index).is_some());
        history.end = last.map_or(0, |last| last.saturating_add(1));
        history
    }

    fn lay_out(&mut self) {
        let mut counts: BTreeMap<(bool, &str, &str), usize> = BTreeMap::new();
        for (index, line) in self.lines.iter().enumerate() {
            let (is_answer, position, effect) = match line {
                Line::Entry(Entry::Asked { position, effect, .. }) => (false, position, effect),
                Line::Entry(Entry::Answered { position, effect, .. }) => (true, position, effect),
                Line::Entry(Entry::Told { .. } | Entry::Refused { .. }) | Line::Moment(_) => continue,
            };
            let count = counts.entry((is_answer, position, effect)).or_default();
            let key = (position.clone(), effect.clone(), *count);
            *count = count.saturating_add(1);
            if is_answer {
                self.answered.insert(key.clone(), index);
                self.answers.insert(index, key);
            } else {
                self.asked.insert(key, index);
            }
        }
    }

    /// Whether the machine answers such an effect itself.
    fn is_by_machine(&self, effect: &str) -> bool {
        effect == "CallAgent" || effect == "Sleep" && !self.real_time
    }

    /// The arguments with which something was asked.
    pub fn arguments(&self, key: &Key) -> Option<&Json> {
        match self.lines.get(*self.asked.get(key)?)? {
            Line::Entry(Entry::Asked { arguments, .. }) => Some(arguments),
            Line::Entry(_) | Line::Moment(_) => None,
        }
    }

    /// Whether an ask came to an end, be it that nobody waited for it any more.
    pub fn is_answered(&self, key: &Key) -> bool {
        self.answered.contains_key(key)
    }

    pub fn is_over(&self) -> bool {
        self.cursor >= self.end
    }

    /// The next line that anything follows from.
    pub fn next(&mut self) -> Option<Next> {
        while self.cursor < self.end {
            let next = self.at(self.cursor);
            if next.is_some() {
                return next;
            }
            self.step();
        }
        None
    }

    pub fn step(&mut self) {
        self.cursor = self.cursor.saturating_add(1);
    }

    fn at(&self, index: usize) -> Option<Next> {
        match self.lines.get(index)? {
            Line::Entry(Entry::Answered { effect, outcome, at, .. }) => {
                let is_by_itself = self.is_by_machine(effect) || outcome.is_given_up();
                let key = self.answers.get(&index).filter(|_| !is_by_itself)?;
                Some(Next::Answered(Answer { key: key.clone(), outcome: outcome.clone(), at: *at }))
            }
            Line::Entry(Entry::Told { event: EventBody::RunPaused { .. }, at, .. }) => Some(Next::Paused(*at)),
            Line::Entry(Entry::Told { event: EventBody::RunResumed {}, at, .. }) => Some(Next::Unpaused(*at)),
            Line::Moment(Moment::Fired { at }) => Some(Next::Fired(*at)),
            Line::Moment(Moment::Interrupted { reason, at }) => Some(Next::Interrupted(reason.clone(), *at)),
            Line::Entry(Entry::Asked { .. } | Entry::Told { .. } | Entry::Refused { .. })
            | Line::Moment(Moment::Said { .. }) => None,
        }
    }

    /// The recorded ask at a position, or the next one after it.
    pub fn nearest(&self, position: &str) -> Option<(&str, &Json)> {
        let asked = |line: &Line, here: bool| match line {
            Line::Entry(Entry::Asked { position: place, .. }) => !here || place == position,
            Line::Entry(_) | Line::Moment(_) => false,
        };
        let found = self.lines.iter().find(|line| asked(line, true));
        let found = found.or_else(|| self.lines.iter().skip(self.cursor).find(|line| asked(line, false)));
        match found? {
            Line::Entry(Entry::Asked { effect, arguments, .. }) => Some((effect, arguments)),
            Line::Entry(_) | Line::Moment(_) => None,
        }
    }

    /// An ask that the program has not asked, where the journal has one.
    pub fn unasked(&self, is_asked: &dyn Fn(&Key) -> bool) -> Option<Key> {
        let mut keys: Vec<(&Key, &usize)> = self.asked.iter().filter(|(key, _)| !is_asked(key)).collect();
        keys.retain(|(key, _)| !self.is_by_machine(&key.1));
        keys.into_iter().min_by_key(|(_, index)| **index).map(|(key, _)| key.clone())
    }

    /// What a ruling on something that has changed since is worth: where the call was made, what it let out stands;
    /// where it was not, it lets nothing out.
    pub fn refit(&self, ask: &Ask, key: &Key, answer: &Outcome) -> Option<Result<Value, ()>> {
        let Effect::AwaitApproval(request) = &ask.effect else { return None };
        let bound = request.bound.as_ref()?;
        let digest = bound.digest().ok()?.to_string();
        let mut ruling = ruling_of(answer).filter(|ruling| ruling.approved && ruling.digest != digest)?;
        let let_out = if bound.kind == ApprovalKind::Plan { "AdvancePlan" } else { "CallTool" };
        let called = (key.0.clone(), let_out.to_owned(), 0);
        if !self.is_answered(&called) {
            return Some(Err(()));
        }
        ruling.digest = digest;
        Some(Ok(Value::from(json!(ruling))))
    }

    /// What was decided about calls: those that were out when the process ended have used what they will use.
    pub fn decided(&self) -> Decided {
        let mut decided = Decided { goes_on: true, ..Decided::default() };
        let mut came_back = 0_u64;
        for line in &self.lines {
            match line {
                Line::Entry(Entry::Asked { position, effect, .. }) => {
                    decided.asked.insert(position.clone());
                    if effect == "CallModel" {
                        decided.after.insert(position.clone(), came_back);
                        decided.open.insert(position.clone());
                    }
                }
                Line::Entry(Entry::Answered { position, effect, .. }) if effect == "CallModel" => {
                    came_back = came_back.saturating_add(1);
                    decided.open.remove(position);
                }
                Line::Entry(Entry::Refused { position, event, .. }) => {
                    decided.after.insert(position.clone(), came_back);
                    decided.refused.extend(Refusal::of(event).map(|refusal| (position.clone(), refusal)));
                }
                Line::Entry(Entry::Answered { .. } | Entry::Told { .. }) | Line::Moment(_) => {}
            }
        }
        decided
    }
}
