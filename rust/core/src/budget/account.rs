//! An account: one budget and what was used of it.

use serde_json::Number;

use super::refusal::{Refusal, Whose, decimal};
use super::spent::Spent;
use crate::specs::Budget;

/// What a call of a model needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// Tokens that it will read at least.
    pub input_tokens: u64,
    /// Tokens that its answer may have, where that was said.
    pub output_tokens_max: Option<u64>,
    /// What reading costs at least, in millionths of a US dollar.
    pub input_microusd: u64,
    /// What a million written tokens cost, in millionths of a US dollar.
    pub output_microusd_per_mtok: u64,
    /// Whether the model costs nothing at all.
    pub is_free: bool,
}

/// What is set aside for calls that are out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// Tokens.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub cost_microusd: u64,
}

/// How many tokens an answer may have, or none where the money does not limit it.
pub(super) enum Room {
    /// It may have at most so many; nothing limits it when absent.
    For(Option<u64>),
    /// It may fit once the calls that are out have come back.
    Later,
}

/// One budget with what was used of it.
pub(super) struct Account {
    pub whose: Whose,
    pub budget: Budget,
    pub spent: Spent,
}

impl Account {
    /// The limit that does not allow one more call of a tool.
    pub fn tool_refusal(&self) -> Option<Refusal> {
        let limit = self.budget.tool_calls.filter(|limit| self.spent.tool_calls >= *limit)?;
        Some(self.refusal("tool_calls", limit.into()))
    }

    /// The limit that does not allow to go on, `more_ms` from now at least.
    pub fn time_refusal(&self, elapsed_ms: u64, more_ms: u64) -> Option<Refusal> {
        let limit = self.budget.time_ms?;
        let used = self.spent.time_ms.saturating_add(elapsed_ms);
        (used >= limit || used.saturating_add(more_ms) > limit)
            .then(|| self.refusal("time_s", decimal(limit.saturating_mul(1_000))))
    }

    /// The limit that does not allow one more call of a model, whatever is out.
    pub fn model_refusal(&self, need: &Need) -> Option<Refusal> {
        let Budget { tokens, cost_microusd, model_calls, .. } = self.budget;
        if let Some(limit) = model_calls.filter(|limit| self.spent.model_calls >= *limit) {
            return Some(self.refusal("model_calls", limit.into()));
        }
        if let Some(limit) = tokens.filter(|limit| answer_tokens(*limit, self.spent.tokens, need) == 0) {
            return Some(self.refusal("tokens", limit.into()));
        }
        let limit = cost_microusd.filter(|limit| !affords(*limit, self.spent.cost_microusd, need))?;
        Some(self.refusal("cost_usd", decimal(limit)))
    }

    /// How long the answer may be beside what is set aside for others.
    pub fn room(&self, need: &Need, held: &Held) -> Room {
        let by_tokens = self.budget.tokens.map(|limit| {
            let all = answer_tokens(limit, self.spent.tokens, need);
            (all, answer_tokens(limit, self.spent.tokens.saturating_add(held.tokens), need))
        });
        let by_cost = self.budget.cost_microusd.filter(|_| need.output_microusd_per_mtok > 0).map(|limit| {
            let all = bought(limit, self.spent.cost_microusd, need);
            (all, bought(limit, self.spent.cost_microusd.saturating_add(held.cost_microusd), need))
        });
        let Some((all, now)) =
            by_tokens.into_iter().chain(by_cost).reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)))
        else {
            return Room::For(None);
        };
        if now >= need.output_tokens().min(all) && now > 0 { Room::For(Some(now)) } else { Room::Later }
    }

    fn refusal(&self, limit: &str, value: Number) -> Refusal {
        Refusal { limit: limit.to_owned(), value, scope: self.whose }
    }
}

impl Need {
    /// How long the answer is taken to be while it is out.
    pub fn output_tokens(&self) -> u64 {
        self.output_tokens_max.unwrap_or(super::estimate::ANSWER_TOKENS)
    }

    /// What is set aside for a call whose answer may have so many tokens.
    pub fn held(&self, output_tokens: u64) -> Held {
        Held {
            tokens: self.input_tokens.saturating_add(output_tokens),
            cost_microusd: self.input_microusd.saturating_add(self.cost_of(output_tokens)),
        }
    }

    fn cost_of(&self, output_tokens: u64) -> u64 {
        output_tokens.saturating_mul(self.output_microusd_per_mtok).div_ceil(1_000_000)
    }
}

/// How many tokens are left for the answer.
fn answer_tokens(limit: u64, used: u64, need: &Need) -> u64 {
    limit.saturating_sub(used).saturating_sub(need.input_tokens)
}

/// How many tokens of an answer what is left pays for.
fn bought(limit: u64, used: u64, need: &Need) -> u64 {
    let left = limit.saturating_sub(used).saturating_sub(need.input_microusd);
    let bought = u128::from(left).saturating_mul(1_000_000) / u128::from(need.output_microusd_per_mtok.max(1));
    u64::try_from(bought).unwrap_or(u64::MAX)
}

fn affords(limit: u64, used: u64, need: &Need) -> bool {
    let left = limit.saturating_sub(used);
    let pays_reading = left > 0 && left >= need.input_microusd;
    need.is_free || pays_reading && (need.output_microusd_per_mtok == 0 || bought(limit, used, need) > 0)
}
