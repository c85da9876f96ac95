//! A recording laid out for a replay: what stands where, and what of it counts.

use std::collections::{BTreeMap, BTreeSet};

use flowai_core::budget::{Decided, Refusal};
use flowai_core::events::EventBody;
use serde_json::Value as Json;

use crate::compare::Side;
use crate::doubt::doubted;
use crate::recording::{Entry, Recording};

/// Where one ask and its answer stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub asked: Option<usize>,
    pub answered: Option<usize>,
}

/// The entries of a recording, found by position and effect in one step.
pub(crate) struct Tape {
    entries: Vec<Entry>,
    places: BTreeMap<String, BTreeMap<String, Place>>,
    /// Answers that are had again instead of being believed.
    doubted: BTreeSet<usize>,
    /// What was told of asks that are performed again, and is told again then.
    silent: BTreeSet<usize>,
    /// Positions at which the desk told something.
    told: BTreeSet<String>,
    /// Behind the last entry that anything waits for.
    end: usize,
    real_time: bool,
}

impl Tape {
    /// Lays a recording out; one that goes on does not believe every answer.
    pub fn new(recording: Recording, goes_on: bool) -> Self {
        let mut tape = Self {
            places: places(&recording.entries),
            doubted: BTreeSet::new(),
            silent: BTreeSet::new(),
            told: BTreeSet::new(),
            end: 0,
            real_time: recording.real_time,
            entries: recording.entries,
        };
        if goes_on {
            tape.doubted = doubted(&tape);
            tape.silent = tape.told_again();
        }
        tape.told = tape.entries.iter().filter_map(told_at).map(str::to_owned).collect();
        let last = tape.entries.iter().enumerate().rposition(|(index, entry)| tape.is_needed(index, entry));
        tape.end = last.map_or(0, |last| last.saturating_add(1));
        tape
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Where an ask stands.
    pub fn place(&self, position: &str, effect: &str) -> Place {
        self.places.get(position).and_then(|effects| effects.get(effect)).copied().unwrap_or_default()
    }

    /// The effects that were asked at a position.
    pub fn asked_at(&self, position: &str) -> impl Iterator<Item = &str> {
        self.places.get(position).into_iter().flat_map(|effects| effects.keys().map(String::as_str))
    }

    /// The arguments with which something was asked.
    pub fn arguments(&self, position: &str, effect: &str) -> Option<&Json> {
        match self.entry(self.place(position, effect).asked?)? {
            Entry::Asked { arguments, .. } => Some(arguments),
            Entry::Answered { .. } | Entry::Told { .. } | Entry::Refused { .. } => None,
        }
    }

    /// Whether the recording says how an ask ended, so that it counts.
    pub fn is_answered(&self, position: &str, effect: &str) -> bool {
        self.place(position, effect).answered.is_some_and(|index| !self.doubted.contains(&index))
    }

    /// Whether an answer is had again in its place.
    pub fn is_doubted(&self, index: usize) -> bool {
        self.doubted.contains(&index)
    }

    /// Whether something was told that is told anew.
    pub fn is_silent(&self, index: usize) -> bool {
        self.silent.contains(&index)
    }

    /// Whether the desk told something of an ask, as it does of what it performs itself.
    pub fn tells_of(&self, position: &str) -> bool {
        self.told.contains(position)
    }

    /// What was decided about calls, and after how many answers of models.
    pub fn decided(&self, goes_on: bool) -> Decided {
        let mut decided = Decided { goes_on, ..Decided::default() };
        let mut came_back = 0_u64;
        for entry in &self.entries {
            match entry {
                Entry::Asked { position, effect, .. } => {
                    decided.asked.insert(position.clone());
                    if effect == "CallModel" {
                        decided.after.insert(position.clone(), came_back);
                    }
                }
                Entry::Answered { effect, .. } if effect == "CallModel" => {
                    came_back = came_back.saturating_add(1);
                }
                Entry::Refused { position, event, .. } => {
                    decided.after.insert(position.clone(), came_back);
                    decided.refused.extend(Refusal::of(event).map(|refusal| (position.clone(), refusal)));
                }
                Entry::Answered { .. } | Entry::Told { .. } => {}
            }
        }
        decided
    }

    /// The ids of the approvals and plans that are recalled.
    pub fn ids(&self) -> Vec<String> {
        let ids = self.entries.iter().enumerate().filter_map(|(index, entry)| match entry {
            Entry::Told { event: EventBody::ApprovalRequired { approval_id, .. }, .. } if !self.is_silent(index) => {
                Some(approval_id.clone())
            }
            Entry::Told { event: EventBody::PlanStored { plan_id, .. }, .. } if !self.is_silent(index) => {
                Some(plan_id.clone())
            }
            Entry::Told { .. } | Entry::Asked { .. } | Entry::Answered { .. } | Entry::Refused { .. } => None,
        });
        ids.collect()
    }

    /// Whether nothing is left to answer or to tell from here on.
    pub fn is_over(&self, cursor: usize) -> bool {
        cursor >= self.end
    }

    /// Whether the machine answers such effects itself, as it did when they were recorded.
    pub fn is_by_machine(&self, effect: &str) -> bool {
        effect == "CallAgent" || effect == "Sleep" && !self.real_time
    }

    /// The recorded ask at a position, or the next one after the cursor.
    pub fn nearest(&self, position: &str, cursor: usize) -> Option<Side<'_>> {
        let here = self.places.get(position).and_then(|effects| effects.values().filter_map(|place| place.asked).min());
        here.and_then(|index| self.side(index))
            .or_else(|| (cursor..self.entries.len()).find_map(|index| self.side(index)))
    }

    fn side(&self, index: usize) -> Option<Side<'_>> {
        match self.entry(index)? {
            Entry::Asked { effect, arguments, .. } => Some(Side { effect, arguments }),
            Entry::Answered { .. } | Entry::Told { .. } | Entry::Refused { .. } => None,
        }
    }

    fn is_needed(&self, index: usize, entry: &Entry) -> bool {
        match entry {
            Entry::Asked { .. } | Entry::Refused { .. } => false,
            Entry::Answered { effect, outcome, .. } => !self.is_by_machine(effect) && !outcome.is_given_up(),
            Entry::Told { .. } => !self.is_silent(index),
        }
    }

    /// What was told of each ask that is performed again, and of the pauses for its sake.
    fn told_again(&self) -> BTreeSet<usize> {
        let mut silent = BTreeSet::new();
        let (mut ids, mut paused) = (BTreeSet::new(), false);
        for (index, entry) in self.entries.iter().enumerate() {
            let Entry::Told { position, event, .. } = entry else { continue };
            let is_again = match event {
                EventBody::RunPaused { approvals } => {
                    paused = approvals.iter().any(|id| ids.contains(id));
                    paused
                }
                EventBody::RunResumed {} => std::mem::take(&mut paused),
                _ => self.places.get(position).is_some_and(|effects| self.is_open(effects, index)),
            };
            if let (true, EventBody::ApprovalRequired { approval_id, .. }) = (is_again, event) {
                ids.insert(approval_id);
            }
            if is_again {
                silent.insert(index);
            }
        }
        silent
    }

    /// Whether something at a position was asked before an entry, and is not answered or not believed.
    fn is_open(&self, effects: &BTreeMap<String, Place>, index: usize) -> bool {
        effects.iter().filter(|(effect, _)| !self.is_by_machine(effect)).any(|(_, place)| {
            let was_asked = place.asked.is_some_and(|asked| asked < index);
            was_asked && place.answered.is_none_or(|answered| index < answered && self.is_doubted(answered))
        })
    }
}

fn told_at(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Told { event: EventBody::RunPaused { .. } | EventBody::RunResumed {}, .. }
        | Entry::Asked { .. }
        | Entry::Answered { .. }
        | Entry::Refused { .. } => None,
        Entry::Told { position, .. } => Some(position),
    }
}

fn places(entries: &[Entry]) -> BTreeMap<String, BTreeMap<String, Place>> {
    let mut places: BTreeMap<String, BTreeMap<String, Place>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        match entry {
            Entry::Asked { position, effect, .. } => {
                let place = places.entry(position.clone()).or_default().entry(effect.clone()).or_default();
                place.asked.get_or_insert(index);
            }
            Entry::Answered { position, effect, .. } => {
                let place = places.entry(position.clone()).or_default().entry(effect.clone()).or_default();
                place.answered.get_or_insert(index);
            }
            Entry::Told { .. } | Entry::Refused { .. } => {}
        }
    }
    places
}

#[cfg(test)]
#[path = "tape_tests.rs"]
mod tests;
