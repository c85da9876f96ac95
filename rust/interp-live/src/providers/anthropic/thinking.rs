//! How much a model thinks, and the length of its answer, which thinking counts towards.

use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

use super::model::Model;
use crate::settings::{Settings, Thinking};

/// The fewest tokens that this API lets a model think.
const BUDGET_TOKENS_MIN: u64 = 1_024;

/// The budget of a model that is just told to think.
const BUDGET_TOKENS: u64 = 4_096;

/// What a request says about thinking.
#[derive(Debug)]
pub(super) struct Thought {
    /// The field `thinking`.
    pub field: Option<Json>,
    /// The effort, where the model takes a word for it.
    pub effort: Option<String>,
    /// The field `max_tokens`.
    pub max_tokens: u64,
}

impl Thought {
    /// What the settings say, in the way this model takes it.
    pub(super) fn of(settings: &Settings, model: Model) -> Result<Self, Fault> {
        let max_tokens = settings.max_tokens.unwrap_or_else(|| model.max_tokens());
        let plain = |field, effort| Ok(Self { field, effort, max_tokens });
        match &settings.thinking {
            None => plain(None, None),
            Some(Thinking::Switch(false) | Thinking::Tokens(0)) => {
                plain(model.thinks_unasked().then(|| json!({"type": "disabled"})), None)
            }
            Some(Thinking::Switch(true)) if model.thinks_adaptively() => plain(Some(adaptive(model)), None),
            Some(Thinking::Effort(word)) if model.thinks_adaptively() => {
                plain(Some(adaptive(model)), Some(word.clone()))
            }
            Some(Thinking::Switch(true)) => Self::within(BUDGET_TOKENS, settings, model),
            Some(Thinking::Effort(word)) => Self::within(tokens_of(word)?, settings, model),
            Some(Thinking::Tokens(tokens)) => Self::within(*tokens, settings, model),
        }
    }

    /// Whether the model is asked to think.
    pub(super) fn is_asked(&self) -> bool {
        self.field.as_ref().is_some_and(|field| field["type"] != "disabled")
    }

    /// At most so many tokens, and less than the whole answer may have.
    fn within(budget: u64, settings: &Settings, model: Model) -> Result<Self, Fault> {
        let (budget, max_tokens) = match settings.max_tokens {
            None => (budget, budget.saturating_add(model.max_tokens())),
            Some(max_tokens) => (budget.min(max_tokens.saturating_sub(1)), max_tokens),
        };
        if budget < BUDGET_TOKENS_MIN {
            return Err(Fault::new(
                FaultKind::RequestInvalid,
                format!("{budget} tokens are too few to think with this provider"),
            )
            .hint(format!("give `thinking` at least {BUDGET_TOKENS_MIN} tokens, and `max_tokens` more than that")));
        }
        let field = json!({"type": "enabled", "budget_tokens": budget});
        Ok(Self { field: Some(field), effort: None, max_tokens })
    }
}

fn adaptive(model: Model) -> Json {
    if model.hides_thinking() {
        json!({"type": "adaptive", "display": "summarized"})
    } else {
        json!({"type": "adaptive"})
    }
}

/// The budget that stands for a word, for models that take none.
fn tokens_of(word: &str) -> Result<u64, Fault> {
    match word {
        "minimal" | "low" => Ok(BUDGET_TOKENS_MIN),
        "medium" => Ok(BUDGET_TOKENS),
        "high" => Ok(16_384),
        "xhigh" | "max" => Ok(20_480),
        _ => Err(Fault::new(FaultKind::RequestInvalid, format!("this model cannot think with effort `{word}`"))
            .hint("there are `low`, `medium`, `high` and `max`; or give a number of tokens")),
    }
}
