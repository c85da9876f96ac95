//! Refusals: the call that a budget does not allow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Number, json};

use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};

/// Whose limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// An agent's own, such as its number of steps.
    Agent,
    /// The run's budget.
    Run,
    /// The budget of the run's thread.
    Thread,
}

/// Which limit refused a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The limit, by the name of the budget's field.
    pub limit: String,
    /// Its value, in the unit of the name.
    pub value: Number,
    /// Whose it is.
    pub scope: Whose,
}

impl Refusal {
    /// The event that tells of it.
    #[must_use]
    pub fn event(&self) -> EventBody {
        EventBody::LimitReached { limit: self.limit.clone(), value: self.value.clone(), scope: self.scope }
    }

    /// The refusal that an event tells of.
    #[must_use]
    pub fn of(event: &EventBody) -> Option<Self> {
        match event {
            EventBody::LimitReached { limit, value, scope } => {
                Some(Self { limit: limit.clone(), value: value.clone(), scope: *scope })
            }
            _ => None,
        }
    }

    /// What whoever asked gets.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let Self { limit, value, scope } = self;
        let whose = if *scope == Whose::Thread { "thread" } else { "run" };
        Fault::new(
            FaultKind::LimitReached,
            format!("the budget of the {whose} allows no further call: `{limit}` is {value}"),
        )
        .hint(format!("raise `{limit}` of the {whose}'s budget, or give it a smaller task"))
        .detail(json!({"limit": limit, "value": value, "scope": scope}))
    }
}

/// What was refused and asked in a run that is replayed: a replay decides nothing anew.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// What was refused, by position.
    pub refused: BTreeMap<String, Refusal>,
    /// The positions at which something was asked.
    pub asked: BTreeSet<String>,
    /// How many calls of models had come back when a call went out or was refused, by position.
    pub after: BTreeMap<String, u64>,
    /// The calls of models that were out when the process ended: their answers are still to be counted.
    pub open: BTreeSet<String>,
    /// Whether the run goes on where the recording ends.
    pub goes_on: bool,
}

impl Decided {
    /// What the recording says about a call, or none where it says nothing.
    pub(super) fn says(&self, position: &str) -> Option<Result<(), Refusal>> {
        match self.refused.get(position) {
            Some(refusal) => Some(Err(refusal.clone())),
            None => (!self.goes_on || self.asked.contains(position)).then_some(Ok(())),
        }
    }

    /// Whether the call had to wait for more calls than have come back by now.
    pub(super) fn waited(&self, position: &str, came_back: u64) -> bool {
        self.after.get(position).is_some_and(|after| came_back < *after)
    }
}

/// A number of millionths as a decimal number, without loss.
pub(super) fn decimal(millionths: u64) -> Number {
    let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
    if rest == 0 {
        return Number::from(whole);
    }
    let written = format!("{whole}.{rest:06}");
    serde_json::from_str(written.trim_end_matches('0')).unwrap_or_else(|_| Number::from(whole))
}
