//! A budget: how much a run or a thread may use.

use serde::{Deserialize, Serialize};

/// Hard limits; what is absent is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Tokens read and written.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    pub cost_microusd: Option<u64>,
    /// Calls of models.
    pub model_calls: Option<u64>,
    /// Calls of tools.
    pub tool_calls: Option<u64>,
    /// Milliseconds, without those in which only humans are waited for.
    pub time_ms: Option<u64>,
}

impl Budget {
    /// Whether it limits anything.
    #[must_use]
    pub fn limits(&self) -> bool {
        *self != Self::default()
    }

    /// What both allow.
    #[must_use]
    pub fn narrowed(self, other: Self) -> Self {
        let lower = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Self {
            tokens: lower(self.tokens, other.tokens),
            cost_microusd: lower(self.cost_microusd, other.cost_microusd),
            model_calls: lower(self.model_calls, other.model_calls),
            tool_calls: lower(self.tool_calls, other.tool_calls),
            time_ms: lower(self.time_ms, other.time_ms),
        }
    }
}
