//! Faults at chosen positions: what a test wants to go wrong.

use std::collections::BTreeMap;

use flowai_core::fault::Fault;
use flowai_core::position::Position;

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

/// Troubles by position or by the name of an effect; each strikes once.
#[derive(Clone, Debug, Default)]
pub struct Troubles(pub BTreeMap<String, Trouble>);

impl Troubles {
    /// The trouble for one ask, taken out.
    pub fn take(&mut self, position: &Position, kind: &str) -> Option<Trouble> {
        if self.0.is_empty() {
            return None;
        }
        self.0.remove(&position.to_string()).or_else(|| self.0.remove(kind))
    }
}
