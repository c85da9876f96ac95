//! A recording: the records of a run in JSON.

use flowai_core::events::EventBody;
use std::sync::Arc;

use flowai_core::fault::{Fault, FaultKind, HostError};
use flowai_core::journal::{Record, Teller};
use flowai_core::machine::RunContext;
use flowai_core::value::{Outcome as Answer, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The version of the format; a newer one is refused.
pub const VERSION: u32 = 1;

/// One run, as it was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The version of the format.
    pub version: u32,
    /// The run.
    pub run_id: String,
    /// The conversation, when there was one.
    pub thread_id: Option<String>,
    /// The tenant.
    pub tenant: String,
    /// When it began, in milliseconds.
    pub started_at: i64,
    /// The seed of its schedule, when there was one.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Whether sleeps were answered by someone; otherwise they pass in virtual time, and are not replayed.
    #[serde(default)]
    pub real_time: bool,
    /// What happened, in one total order.
    pub entries: Vec<Entry>,
}

/// How a run was scheduled, so that a replay is scheduled alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// When it began, in milliseconds.
    pub started_at: i64,
    /// The seed, when there was one.
    pub seed: Option<u64>,
    /// Whether sleeps were answered by someone.
    pub real_time: bool,
}

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

impl Recording {
    /// The recording of a run.
    ///
    /// # Errors
    /// [`FaultKind::ValueNotJson`] when a value of it has no JSON form.
    pub fn of(context: &RunContext, schedule: Schedule, records: &[Record]) -> Result<Self, Fault> {
        let mut entries = Vec::with_capacity(records.len());
        records.iter().try_for_each(|record| write(record, &mut entries))?;
        let RunContext { run_id, thread_id, tenant, .. } = context.clone();
        let Schedule { started_at, seed, real_time } = schedule;
        Ok(Self { version: VERSION, run_id, thread_id, tenant, started_at, seed, real_time, entries })
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// [`FaultKind::StorageError`] when it is none, or of a newer version.
    pub fn read(written: Json) -> Result<Self, Fault> {
        let version = written.get("version").and_then(Json::as_u64);
        if version.is_some_and(|version| version > u64::from(VERSION)) {
            let message =
                format!("the recording has version {}, and this release reads {VERSION}", version.unwrap_or_default());
            return Err(Fault::new(FaultKind::StorageError, message)
                .hint("replay it with the release that recorded it, or a newer one"));
        }
        serde_json::from_value(written)
            .map_err(|error| Fault::new(FaultKind::StorageError, format!("this is no recording: {error}")))
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
        Record::Told { teller: Teller::Run, .. } => {}
    }
    Ok(())
}

impl Outcome {
    fn of(outcome: &Answer) -> Result<Self, Fault> {
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
            Self::Ok(json) if effect == "CallModel" => match serde_json::from_value(json.clone()) {
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
