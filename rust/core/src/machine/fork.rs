//! A fork: what a branch knows of the branches that it waits for.

use std::sync::Arc;

use super::program::Items;
use crate::fault::Fault;
use crate::value::{Outcome, Value};

/// How the children's outcomes become one.
pub(super) enum Rule {
    /// Every value, in order; the first fault decides.
    All,
    /// The first outcome decides.
    First,
}

pub(super) struct Fork {
    pub rule: Rule,
    pub children: Vec<Option<u32>>,
    pub values: Vec<Option<Value>>,
    pub decided: Option<Outcome>,
    pub running: usize,
    pub pending: Option<Pending>,
    pub ordinal: u32,
    pub parallel: bool,
}

/// The items of a `for_each` that have not begun.
pub(super) struct Pending {
    pub items: Box<dyn Items>,
    pub next: usize,
}

impl Fork {
    pub fn new(rule: Rule, slots: usize, ordinal: u32, parallel: bool) -> Self {
        Self {
            rule,
            children: vec![None; slots],
            values: vec![None; slots],
            decided: None,
            running: 0,
            pending: None,
            ordinal,
            parallel,
        }
    }

    pub fn began(&mut self, slot: usize, child: u32) {
        self.running = self.running.saturating_add(1);
        if let Some(place) = self.children.get_mut(slot) {
            *place = Some(child);
        }
    }

    /// Takes a child's outcome; says whether the rest has to be cancelled.
    pub fn take(&mut self, slot: usize, outcome: Outcome) -> bool {
        self.running = self.running.saturating_sub(1);
        if let Some(child) = self.children.get_mut(slot) {
            *child = None;
        }
        if self.decided.is_some() {
            return false;
        }
        match (&self.rule, outcome) {
            (Rule::All, Ok(value)) => {
                if let Some(place) = self.values.get_mut(slot) {
                    *place = Some(value);
                }
                false
            }
            (Rule::All, Err(fault)) => self.decide(Err(fault)),
            (Rule::First, outcome) => self.decide(outcome),
        }
    }

    /// Lets nothing more begin.
    pub fn decide(&mut self, outcome: Outcome) -> bool {
        self.decided = Some(outcome);
        self.pending = None;
        true
    }

    /// The next item that may begin.
    pub fn next_item(&mut self) -> Option<(usize, Result<super::program::Program, Fault>)> {
        let pending = self.pending.as_mut()?;
        let index = pending.next;
        if index >= pending.items.count() {
            return None;
        }
        pending.next = index.saturating_add(1);
        Some((index, pending.items.make(index)))
    }

    pub fn is_over(&self) -> bool {
        let exhausted = self.pending.as_ref().is_none_or(|pending| pending.next >= pending.items.count());
        self.running == 0 && exhausted
    }

    pub fn outcome(self) -> Outcome {
        match self.decided {
            Some(outcome) => outcome,
            None => Ok(Value::List(Arc::from(
                self.values.into_iter().map(|value| value.unwrap_or_else(Value::null)).collect::<Vec<_>>(),
            ))),
        }
    }
}
