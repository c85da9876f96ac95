//! The journal: what was asked and answered in one run, in one total order.

mod entry;
mod kept;

pub use entry::{Entry, Failure, Outcome, Revive};
pub use kept::{Kept, Line, Moment};

use crate::effects::Effect;
use crate::events::EventBody;
use crate::position::Position;
use crate::value::Outcome as Answer;

/// Who tells what is neither asked nor answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// The program or the run itself, which tells it again when it is replayed.
    Run,
    /// The desk that keeps plans, approvals and references; a replay reads it from the recording.
    Desk,
    /// The purse of the run; a replay decides as it did.
    Purse,
}

/// One entry; values stay in the form in which they came until someone reads them.
pub enum Record {
    /// An ask went out.
    Asked {
        /// Where.
        position: Position,
        /// What.
        effect: Effect,
        /// When, in milliseconds.
        at: i64,
    },
    /// An answer came in.
    Answered {
        /// Where.
        position: Position,
        /// To what.
        effect: Effect,
        /// The answer.
        outcome: Answer,
        /// When, in milliseconds.
        at: i64,
    },
    /// An ask that was answered before anything else happened.
    Performed {
        /// Where.
        position: Position,
        /// What.
        effect: Effect,
        /// The answer.
        outcome: Answer,
        /// When, in milliseconds.
        at: i64,
    },
    /// Something that is neither.
    Told {
        /// Who tells it.
        teller: Teller,
        /// Where.
        position: Position,
        /// What.
        body: Box<EventBody>,
        /// When, in milliseconds.
        at: i64,
    },
    /// Timers ran out.
    Fired {
        /// When, in milliseconds.
        at: i64,
    },
    /// Somebody cancelled the run.
    Interrupted {
        /// Why.
        reason: Option<String>,
        /// When, in milliseconds.
        at: i64,
    },
}

/// The records of one run.
#[derive(Default)]
pub struct Journal {
    records: Vec<Record>,
    /// How many records have been read as events; those do not change any more.
    sealed: usize,
    /// Whether an ask and its answer stay two records, however close they are.
    apart: bool,
}

impl Journal {
    /// Keeps each ask and each answer as a record of its own from now on.
    pub fn keep_apart(&mut self) {
        self.apart = true;
    }

    /// Notes an ask.
    pub fn asked(&mut self, position: Position, effect: Effect, at: i64) {
        self.records.push(Record::Asked { position, effect, at });
    }

    /// Notes an answer.
    pub fn answered(&mut self, position: &Position, effect: &Effect, outcome: &Answer, at: i64) {
        if let Effect::Custom(custom) = effect {
            custom.settle();
        }
        if self.folds(position, at)
            && let Some(Record::Asked { position, effect, at }) = self.records.pop()
        {
            return self.records.push(Record::Performed { position, effect, outcome: outcome.clone(), at });
        }
        self.records.push(Record::Answered {
            position: position.clone(),
            effect: effect.clone(),
            outcome: outcome.clone(),
            at,
        });
    }

    /// Notes anything else.
    pub fn told(&mut self, teller: Teller, position: Position, body: EventBody, at: i64) {
        self.records.push(Record::Told { teller, position, body: Box::new(body), at });
    }

    /// Notes that timers ran out.
    pub fn fired(&mut self, at: i64) {
        self.records.push(Record::Fired { at });
    }

    /// Notes that somebody cancelled the run.
    pub fn interrupted(&mut self, reason: Option<String>, at: i64) {
        self.records.push(Record::Interrupted { reason, at });
    }

    /// All records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records that nobody has read yet; they are final from now on.
    pub fn unread(&mut self) -> &[Record] {
        let from = self.sealed;
        self.sealed = self.records.len();
        self.records.get(from..).unwrap_or_default()
    }

    fn folds(&self, position: &Position, at: i64) -> bool {
        if self.apart || self.sealed >= self.records.len() {
            return false;
        }
        matches!(self.records.last(), Some(Record::Asked { position: last, at: when, .. })
            if *when == at && last.ordinal == position.ordinal && std::sync::Arc::ptr_eq(&last.scope, &position.scope))
    }
}
