//! What was used so far.

use serde::{Deserialize, Serialize};

use crate::effects::Usage;

/// What a run or a thread has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spent {
    /// Tokens read and written.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub cost_microusd: u64,
    /// Calls of models that went out.
    pub model_calls: u64,
    /// Calls of tools that went out.
    pub tool_calls: u64,
    /// Milliseconds, without those in which only humans were waited for.
    pub time_ms: u64,
}

impl Spent {
    /// One call of a model that goes out.
    pub const MODEL_CALL: Self = Self { model_calls: 1, ..Self::NOTHING };
    /// One call of a tool that goes out.
    pub const TOOL_CALL: Self = Self { tool_calls: 1, ..Self::NOTHING };
    const NOTHING: Self = Self { tokens: 0, cost_microusd: 0, model_calls: 0, tool_calls: 0, time_ms: 0 };

    /// What an answer used.
    #[must_use]
    pub fn of(usage: &Usage) -> Self {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        Self { tokens, cost_microusd: usage.cost_microusd.unwrap_or_default(), ..Self::default() }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(more.tokens),
            cost_microusd: self.cost_microusd.saturating_add(more.cost_microusd),
            model_calls: self.model_calls.saturating_add(more.model_calls),
            tool_calls: self.tool_calls.saturating_add(more.tool_calls),
            time_ms: self.time_ms.saturating_add(more.time_ms),
        }
    }

    /// The first without the second; nothing where that is more.
    #[must_use]
    pub fn minus(self, less: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(less.tokens),
            cost_microusd: self.cost_microusd.saturating_sub(less.cost_microusd),
            model_calls: self.model_calls.saturating_sub(less.model_calls),
            tool_calls: self.tool_calls.saturating_sub(less.tool_calls),
            time_ms: self.time_ms.saturating_sub(less.time_ms),
        }
    }
}
