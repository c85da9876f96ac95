//! What a session is told, as Python writes it.

use std::collections::{BTreeMap, VecDeque};

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::decode;
use flowai_core::machine::RunContext;
use flowai_core::specs::Budget;
use flowai_interp_eval::{Parent, Revive, Writes};
use flowai_interp_test::{Script, TestSettings, Trouble, Troubles, Turn};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::fault::Reviver;
use crate::raised::RAISED;

/// The settings of one run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub interpreter: Which,
    pub run_id: String,
    #[serde(default)]
    pub thread_id: Option<String>,
    #[serde(default)]
    pub tenant: String,
    #[serde(default)]
    pub principal: Option<String>,
    /// Whether someone outside can answer approvals.
    #[serde(default)]
    pub attended: bool,
    #[serde(default = "grace_ms")]
    pub grace_ms: i64,
    /// 64 bits that nobody can guess; 0 where runs have to repeat themselves.
    pub entropy: [u64; 4],
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub starts_at: i64,
    #[serde(skip)]
    pub turns: BTreeMap<String, Vec<Json>>,
    #[serde(default)]
    pub mock: Option<String>,
    #[serde(default)]
    pub decisions: Option<VecDeque<Json>>,
    #[serde(default)]
    pub troubles: BTreeMap<String, Vec<Json>>,
    #[serde(default)]
    pub replay: Option<Json>,
    /// Whether readers are shown scripted answers in pieces.
    #[serde(default)]
    pub deltas: bool,
    /// What the run may use.
    #[serde(default)]
    pub budget: Budget,
    /// What its thread may use.
    #[serde(default)]
    pub thread_budget: Budget,
    /// Which writes do something, where the run is a fork.
    #[serde(default)]
    pub inert: Option<Writes>,
    /// The run that it left.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Whether the run goes on under the interpreter where the recording ends.
    #[serde(default)]
    pub goes_on: bool,
    /// What is kept with the run, where the store outlives the process.
    #[serde(default)]
    pub keep: Option<Keep>,
}

/// What a kept run is found and resumed by.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The call that began it.
    #[serde(default)]
    pub request_id: Option<String>,
    /// What it runs and how, as the host needs it to begin it again.
    pub body: Json,
}

/// Which interpreter.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Live,
    Test,
}

fn grace_ms() -> i64 {
    30_000
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] naming what is wrong.
    pub fn read(mut written: Json) -> Result<Self, Fault> {
        // Scripts may be long, and need no reading here.
        let turns = written.as_object_mut().and_then(|fields| fields.remove("turns"));
        let mut config: Self = decode(written).map_err(|error| wrong(&error.to_string()))?;
        for (agent, turns) in turns.and_then(|mut turns| turns.as_object_mut().map(std::mem::take)).unwrap_or_default()
        {
            let Json::Array(turns) = turns else { return Err(wrong("the turns of an agent are a list")) };
            config.turns.insert(agent, turns);
        }
        Ok(config)
    }

    /// The identity of the run.
    pub fn context(&self) -> RunContext {
        RunContext {
            run_id: self.run_id.clone(),
            thread_id: self.thread_id.clone(),
            tenant: self.tenant.clone(),
            principal: self.principal.clone(),
        }
    }

    /// The secret from which ids are drawn.
    pub fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        let bytes = self.entropy.iter().flat_map(|part| part.to_le_bytes());
        secret.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        secret
    }

    /// The settings of the test interpreter.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] for a trouble that is none.
    pub fn test(&mut self) -> Result<TestSettings, Fault> {
        let mut turns = std::mem::take(&mut self.turns);
        let shared = turns.remove("").map(|turns| turns.into_iter().map(turn).collect()).unwrap_or_default();
        let by_agent = turns.into_iter().map(|(agent, turns)| (agent, turns.into_iter().map(turn).collect())).collect();
        let troubles = std::mem::take(&mut self.troubles).into_iter();
        let troubles =
            troubles.map(|(place, written)| Ok((place, written.iter().map(trouble).collect::<Result<_, _>>()?)));
        Ok(TestSettings {
            script: Script { shared, by_agent, mock: self.mock.take() },
            decisions: self.decisions.take(),
            seed: self.seed,
            troubles: Troubles::new(troubles.collect::<Result<_, Fault>>()?),
            starts_at: self.starts_at,
            attended: self.attended,
        })
    }
}

fn wrong(reason: &str) -> Fault {
    Fault::new(FaultKind::SpecError, format!("the settings of a run are wrong: {reason}"))
}

/// A turn that only the host can work out is written as its number.
fn turn(written: Json) -> Turn {
    match written.as_u64().and_then(|index| usize::try_from(index).ok()) {
        Some(index) => Turn::Host(index),
        None => Turn::Ready(written),
    }
}

fn trouble(written: &Json) -> Result<Trouble, Fault> {
    let text = |field: &str| written.get(field).and_then(Json::as_str).map(str::to_owned);
    match text("trouble").as_deref() {
        Some("hangs") => Ok(Trouble::Hangs),
        Some("crashes") => {
            Ok(Trouble::Crashes { before: written.get("before").and_then(Json::as_bool).unwrap_or(true) })
        }
        Some("delays") => Ok(Trouble::Delays(written.get("delay_ms").and_then(Json::as_i64).unwrap_or_default())),
        Some("fails") => {
            let fault = Fault::new(kind(text("kind").as_deref()), text("message").unwrap_or_default());
            let fault = text("hint").map_or_else(|| fault.clone(), |hint| fault.clone().hint(hint));
            Ok(Trouble::Fails(match Reviver.revive(written, None) {
                Some(cause) => fault.detail(json!({RAISED: written.get(RAISED)})).caused_by(cause),
                None => fault,
            }))
        }
        _ => Err(Fault::new(FaultKind::SpecError, format!("this is no fault: {written}"))),
    }
}

fn kind(name: Option<&str>) -> FaultKind {
    let known = name.and_then(|name| serde_json::from_value(Json::String(name.to_owned())).ok());
    known.unwrap_or(FaultKind::EffectFailed)
}
