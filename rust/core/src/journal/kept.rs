//! What a store keeps of a journal: entries, and the moments that decide how a run goes on from them.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Entry, Record, Teller};
use crate::events::{Event, EventBody};
use crate::fault::{Fault, FaultKind};
use crate::json::decode;

/// One record as it is kept, with the events that tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What happened; an ask that was answered at once is two.
    pub lines: Vec<Line>,
    /// The events of it, numbered.
    pub events: Vec<Event>,
}

/// An entry of a recording, or what only the run itself needs again.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// What a recording has too.
    Entry(Entry),
    /// What it does not need.
    Moment(Moment),
}

/// A moment that decides the order of things, or that the run tells by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub enum Moment {
    /// The run said something.
    Said {
        /// Where.
        position: String,
        /// What.
        event: EventBody,
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

impl Kept {
    /// A record with its events.
    ///
    /// # Errors
    /// [`FaultKind::ValueNotJson`] when a value of it has no JSON form.
    pub fn of(record: &Record, events: Vec<Event>) -> Result<Self, Fault> {
        let lines = match record {
            Record::Told { teller: Teller::Run, position, body, at } => {
                let (position, event) = (position.to_string(), EventBody::clone(body));
                vec![Line::Moment(Moment::Said { position, event, at: *at })]
            }
            Record::Fired { at } => vec![Line::Moment(Moment::Fired { at: *at })],
            Record::Interrupted { reason, at } => {
                vec![Line::Moment(Moment::Interrupted { reason: reason.clone(), at: *at })]
            }
            Record::Asked { .. } | Record::Answered { .. } | Record::Performed { .. } | Record::Told { .. } => {
                let mut entries = Vec::new();
                Entry::write(record, &mut entries)?;
                entries.into_iter().map(Line::Entry).collect()
            }
        };
        Ok(Self { lines, events })
    }

    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let lines: Vec<Json> = self.lines.iter().map(Line::to_json).collect();
        json!({"lines": lines, "events": self.events})
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// [`FaultKind::StorageError`] for what this release does not know.
    pub fn read(mut written: Json) -> Result<Self, Fault> {
        let mut field = |name: &str| written.get_mut(name).map(Json::take).unwrap_or_default();
        let (lines, events) = (field("lines"), field("events"));
        let Json::Array(lines) = lines else { return Err(unknown("it has no lines")) };
        let lines = lines.into_iter().map(Line::read).collect::<Result<_, _>>()?;
        Ok(Self { lines, events: decode(events).map_err(|error| unknown(&error.to_string()))? })
    }
}

impl Line {
    fn to_json(&self) -> Json {
        match self {
            Self::Entry(entry) => json!(entry),
            Self::Moment(moment) => json!(moment),
        }
    }

    fn read(written: Json) -> Result<Self, Fault> {
        let word = written.get("record").and_then(Json::as_str).unwrap_or_default();
        let read = match word {
            "said" | "fired" | "interrupted" => decode(written).map(Self::Moment),
            _ => decode(written).map(Self::Entry),
        };
        read.map_err(|error| unknown(&error.to_string()))
    }
}

fn unknown(why: &str) -> Fault {
    Fault::new(FaultKind::StorageError, format!("a record of the journal cannot be read: {why}"))
        .hint("it may be of a newer release")
}
