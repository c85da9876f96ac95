//! Faults at chosen places: what a test wants to go wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::Ask;
use flowai_core::specs::did_you_mean;

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The effect fails.
    Fails(Fault),
    /// The effect never answers; only a time limit ends it.
    Hangs,
    /// The effect answers so many milliseconds of virtual time later.
    Delays(i64),
    /// The run ends as if its process had died: before the effect when true, after it when false.
    Crashes {
        /// Whether the effect does not happen any more.
        before: bool,
    },
}

/// Troubles by place: a position, the name of a tool or model, or the name of an effect. Each strikes once.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    left: BTreeMap<String, VecDeque<Trouble>>,
    passed: BTreeSet<String>,
}

impl Troubles {
    /// What strikes at each place, the first first.
    #[must_use]
    pub fn new(by_place: BTreeMap<String, VecDeque<Trouble>>) -> Self {
        Self { left: by_place, passed: BTreeSet::new() }
    }

    /// The trouble for one ask, taken out.
    pub fn take(&mut self, ask: &Ask) -> Option<Trouble> {
        if self.left.is_empty() {
            return None;
        }
        let position = ask.position.to_string();
        let places = [Some(position.as_str()), named(&ask.effect), Some(ask.effect.kind())];
        self.passed.extend(places.into_iter().flatten().map(str::to_owned));
        let here = self.left.iter_mut().filter(|(_, waiting)| !waiting.is_empty());
        let mut here: BTreeMap<&str, _> = here.map(|(place, waiting)| (place.as_str(), waiting)).collect();
        let waiting = places.into_iter().flatten().find_map(|place| here.remove(place))?;
        waiting.pop_front().map(|trouble| trouble.of(&ask.effect))
    }

    /// Says what struck nothing.
    ///
    /// # Errors
    /// [`FaultKind::ScriptMismatch`] naming the first such place, and the nearest one that the run passed.
    pub fn conclude(&self) -> Result<(), Fault> {
        let Some((place, waiting)) = self.left.iter().find(|(_, waiting)| !waiting.is_empty()) else { return Ok(()) };
        let message = if self.passed.contains(place) {
            format!("the run ended and {} more faults on `{place}` struck nothing", waiting.len())
        } else {
            format!("the run ended and the fault on `{place}` struck nothing")
        };
        let advice = did_you_mean(place, self.passed.iter().map(String::as_str));
        Err(Fault::new(FaultKind::ScriptMismatch, message).hint(advice))
    }
}

impl Trouble {
    /// A failure of no kind of its own becomes that of the effect it strikes.
    fn of(self, effect: &Effect) -> Self {
        let Self::Fails(fault) = self else { return self };
        Self::Fails(match effect {
            _ if fault.kind() != FaultKind::EffectFailed => fault,
            Effect::CallModel(_) => of_kind(FaultKind::ModelFailed, fault.message().to_owned(), &fault),
            Effect::CallTool(call) => {
                let name = &call.tool.spec.name;
                let told =
                    fault.cause().map(|cause| format!("`{name}` raised {}: {}", cause.type_name(), fault.message()));
                let mut detail = fault.details().clone();
                if let Some(fields) = detail.as_object_mut() {
                    fields.insert("tool".to_owned(), name.as_str().into());
                }
                of_kind(FaultKind::ToolFailed, told.unwrap_or_else(|| fault.message().to_owned()), &fault)
                    .detail(detail)
            }
            _ => fault,
        })
    }
}

fn of_kind(kind: FaultKind, message: String, fault: &Fault) -> Fault {
    let made = Fault::new(kind, message).detail(fault.details().clone());
    let made = fault.advice().map_or_else(|| made.clone(), |advice| made.clone().hint(advice));
    fault.cause().map_or_else(|| made.clone(), |cause| made.clone().caused_by(Arc::clone(cause)))
}

/// The tool or model that an effect asks.
fn named(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::CallModel(call) => Some(&call.model),
        Effect::CallTool(call) => Some(&call.tool.spec.name),
        _ => None,
    }
}
