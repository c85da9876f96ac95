//! Entries: the records of a journal in JSON, as recordings and stores keep them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Record, Teller};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind, HostError};
use crate::json::decode;
use crate::value::{Outcome as Answer, Value};

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// An ask went out.
    Asked {
        /// Where.
        position: String,
        /// The effect.
        effect: String,
        /// Its arguments.
        arguments: Json,
        /// When, in milliseconds.
        at: i64,
    },
    /// An answer came in.
    Answered {
        /// Where.
        position: String,
        /// The effect.
        effect: String,
        /// The answer.
        outcome: Outcome,
        /// When, in milliseconds.
        at: i64,
    },
    /// The desk told something.
    Told {
        /// Where.
        position: String,
        /// What.
        event: EventBody,
        /// When, in milliseconds.
        at: i64,
    },
    /// A budget did not allow a call.
    Refused {
        /// Where.
        position: String,
        /// What was told of it.
        event: EventBody,
        /// When, in milliseconds.
        at: i64,
    },
}

/// An answer in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The value.
    Ok(Json),
    /// Why there is none.
    Failed(Failure),
}

/// A fault in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The kind.
    pub kind: String,
    /// The sentence for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The structured part.
    #[serde(default)]
    pub detail: Json,
    /// Where the host raised it.
    #[serde(default)]
    pub traceback: Option<String>,
}

/// Makes the host's exception of a recorded fault again.
pub trait Revive: Send {
    /// The exception that the detail of a fault describes, when the host knows it.
    fn revive(&self, detail: &Json, traceback: Option<&str>) -> Option<Arc<dyn HostError>>;
}

impl Entry {
    /// Writes a record; what the run tells by itself is no part of a recording.
    ///
    /// # Errors
    /// [`FaultKind::ValueNotJson`] when a value of it has no JSON form.
    pub fn write(record: &Record, entries: &mut Vec<Self>) -> Result<(), Fault> {
        write(record, entries)
    }
}

fn write(record: &Record, entries: &mut Vec<Entry>) -> Result<(), Fault> {
    match record {
        Record::Asked { position, effect, at } => entries.push(Entry::Asked {
            position: position.to_string(),
            effect: effect.kind().to_owned(),
            arguments: effect.arguments()?,
            at: *at,
        }),
        Record::Answered { position, effect, outcome, at, .. } => entries.push(Entry::Answered {
            position: position.to_string(),
            effect: effect.kind().to_owned(),
            outcome: Outcome::of(outcome)?,
            at: *at,
        }),
        Record::Performed { position, effect, outcome, at } => {
            let (position, effect_kind) = (position.to_string(), effect.kind().to_owned());
            let arguments = effect.arguments()?;
            entries.push(Entry::Asked { position: position.clone(), effect: effect_kind.clone(), arguments, at: *at });
            entries.push(Entry::Answered { position, effect: effect_kind, outcome: Outcome::of(outcome)?, at: *at });
        }
        Record::Told { teller: Teller::Desk, position, body, at } => {
            entries.push(Entry::Told { position: position.to_string(), event: EventBody::clone(body), at: *at });
        }
        Record::Told { teller: Teller::Purse, position, body, at } => {
            entries.push(Entry::Refused { position: position.to_string(), event: EventBody::clone(body), at: *at });
        }
        Record::Told { teller: Teller::Run, .. } | Record::Fired { .. } | Record::Interrupted { .. } => {}
    }
    Ok(())
}

impl Outcome {
    /// An answer as it is kept.
    ///
    /// # Errors
    /// [`FaultKind::ValueNotJson`] when its value has no JSON form.
    pub fn of(outcome: &Answer) -> Result<Self, Fault> {
        match outcome {
            Ok(value) => value.to_json().map(Self::Ok),
            Err(fault) => Ok(Self::Failed(Failure {
                kind: format!("{:?}", fault.kind()),
                message: fault.message().to_owned(),
                hint: fault.advice().map(str::to_owned),
                detail: fault.details().clone(),
                // Only what stands behind a failure stays as it is; a raised error gathers frames on its way.
                traceback: fault
                    .cause()
                    .filter(|_| fault.kind() == FaultKind::ToolFailed)
                    .and_then(|cause| cause.traceback()),
            })),
        }
    }

    /// The answer as the machine takes it.
    ///
    /// # Errors
    /// The fault that was recorded.
    pub fn answer(&self, effect: &str, reviver: &dyn Revive) -> Answer {
        match self {
            Self::Ok(json) if effect == "CallModel" => match decode(json.clone()) {
                Ok(answer) => Ok(Value::Model(Arc::new(answer))),
                Err(_) => Ok(Value::from(json.clone())),
            },
            Self::Ok(json) => Ok(Value::from(json.clone())),
            Self::Failed(failure) => Err(failure.fault(reviver)),
        }
    }

    /// Whether the ask was given up before it was answered.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        matches!(self, Self::Failed(note) if note.kind == "Cancelled")
    }
}

impl Failure {
    fn fault(&self, reviver: &dyn Revive) -> Fault {
        let kind = serde_json::from_value(Json::String(self.kind.clone())).unwrap_or(FaultKind::EffectFailed);
        let mut fault = Fault::new(kind, self.message.clone()).detail(self.detail.clone());
        if let Some(hint) = &self.hint {
            fault = fault.hint(hint.clone());
        }
        match reviver.revive(&self.detail, self.traceback.as_deref()) {
            Some(cause) => fault.caused_by(cause),
            None => fault,
        }
    }
}
