//! What a check of the wiring found.

use serde::{Deserialize, Serialize};

/// The outcome of a check: faults refuse the runtime, warnings do not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// What has to be corrected.
    pub faults: Vec<WiringFault>,
    /// What is probably not meant.
    pub warnings: Vec<WiringFault>,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WiringFault {
    /// Where, as a path of names: `agents.ops.tool_approvals`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Wiring {
    /// Whether nothing has to be corrected.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn fault(&mut self, place: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(WiringFault { place: place.into(), message: message.into(), hint: hint.into() });
    }

    pub(super) fn warn(&mut self, place: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.warnings.push(WiringFault { place: place.into(), message: message.into(), hint: hint.into() });
    }
}
