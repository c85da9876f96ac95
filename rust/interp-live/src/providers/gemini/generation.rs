//! How an answer is generated: its length, its dice, its form, and how much the model thinks before it.

use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::model::Model;
use super::schema;
use crate::providers::output::{Output, cannot};
use crate::settings::{Settings, Thinking};

/// The field `generationConfig`.
pub(super) fn generation(settings: &Settings, output: &Output, model: Model) -> Result<Map<String, Json>, Fault> {
    let native = if let Output::Native(schema) = output { Some(schema::clean(schema)) } else { None };
    let fields = [
        ("maxOutputTokens", json!(settings.max_tokens)),
        ("temperature", json!(settings.temperature)),
        ("topP", json!(settings.top_p)),
        ("topK", json!(settings.top_k)),
        ("seed", json!(settings.seed)),
        ("stopSequences", if settings.stop.is_empty() { Json::Null } else { json!(settings.stop) }),
        ("responseMimeType", json!(native.as_ref().map(|_| "application/json"))),
        ("responseJsonSchema", json!(native)),
        ("thinkingConfig", thinking(settings.thinking.as_ref(), model)?),
    ];
    let said = fields.into_iter().filter(|(_, value)| !value.is_null());
    Ok(said.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn thinking(asked: Option<&Thinking>, model: Model) -> Result<Json, Fault> {
    let budget = |tokens: u64| json!({"thinkingBudget": tokens, "includeThoughts": tokens > 0});
    Ok(match (asked, model) {
        (None, _) | (Some(Thinking::Switch(false)), Model::Plain) => Json::Null,
        (Some(Thinking::Switch(true)), _) => json!({"includeThoughts": true}),
        // Some models cannot but think; they do it as little as they can.
        (Some(Thinking::Switch(false)), Model::Budgeted { tokens_min }) => json!({"thinkingBudget": tokens_min}),
        (Some(Thinking::Switch(false)), Model::Levelled { least }) => json!({"thinkingLevel": least}),
        (Some(Thinking::Tokens(tokens)), _) => budget(*tokens),
        (Some(Thinking::Effort(level)), Model::Levelled { .. }) => {
            json!({"thinkingLevel": level, "includeThoughts": true})
        }
        (Some(Thinking::Effort(word)), Model::Budgeted { .. } | Model::Plain) => budget(tokens_of(word)?),
    })
}

/// The budget that stands for a word, for models that take none.
///
/// Source: the page "`OpenAI` compatibility" of the Gemini API.
fn tokens_of(word: &str) -> Result<u64, Fault> {
    match word {
        "minimal" | "low" => Ok(1_024),
        "medium" => Ok(8_192),
        "high" => Ok(24_576),
        _ => Err(cannot(
            &format!("has no model that thinks with effort `{word}` by this name"),
            "there are `minimal`, `low`, `medium` and `high`; or give a number of tokens",
        )),
    }
}
