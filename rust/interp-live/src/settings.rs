//! Settings of a model call, in words that every provider's file translates into its own.

use flowai_core::fault::{Fault, FaultKind};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// What a user may set for a call; what is absent is the provider's own default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many tokens the answer may have.
    pub max_tokens: Option<u64>,
    /// From 0, the most likely words, upwards.
    pub temperature: Option<f64>,
    /// The share of likely words that are drawn from.
    pub top_p: Option<f64>,
    /// The number of likely words that are drawn from.
    pub top_k: Option<u64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// The seed of the provider's dice, where it has one.
    pub seed: Option<i64>,
    /// Whether and which tools the model calls.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several tools at once.
    pub parallel_tool_calls: Option<bool>,
    /// How much it thinks.
    pub thinking: Option<Thinking>,
    /// Whether the provider is asked to cache the start of the conversation.
    pub cache: Option<bool>,
    /// How a structured answer is asked for; the provider's best way when absent.
    pub output_mode: Option<OutputMode>,
    /// Whether the answer comes in pieces; it does unless this is false.
    pub stream: Option<bool>,
    /// Models that are asked in turn where this one cannot answer.
    pub fallback: Vec<String>,
    /// How often a failed attempt is tried again; the provider's setting when absent.
    pub max_retries: Option<u32>,
    /// How long the whole call may take, in seconds; the provider's setting when absent.
    pub timeout_s: Option<f64>,
    /// Fields of the provider's own, put into the request as they are.
    pub extra: Map<String, Json>,
}

/// Whether and which tools a model calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Tool(String),
}

/// How much a model thinks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Thinking {
    /// As much as the provider takes for right, or not at all.
    Switch(bool),
    /// A word of the provider's, such as `low` or `high`.
    Effort(String),
    /// At most so many tokens.
    Tokens(u64),
}

/// How a structured answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// By the provider's own structured output.
    Native,
    /// By a tool that the model has to call.
    Tool,
    /// By words in the prompt.
    Prompt,
}

/// The names of all settings.
pub const SETTINGS: [&str; 16] = [
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "seed",
    "tool_choice",
    "parallel_tool_calls",
    "thinking",
    "cache",
    "output_mode",
    "stream",
    "fallback",
    "max_retries",
    "timeout_s",
    "extra",
];

impl Settings {
    /// Reads the settings of a call; null stands for none.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] naming an unknown setting or one of the wrong type.
    pub fn read(written: &Json) -> Result<Self, Fault> {
        if written.is_null() {
            return Ok(Self::default());
        }
        let Json::Object(fields) = written else {
            return Err(wrong(&format!("they are a mapping of names to values, not `{written}`")));
        };
        serde_json::from_value(written.clone()).map_err(|error| wrong(&named(fields, &error)))
    }
}

/// What is wrong, with the name of the setting where it is the value of one.
fn named(fields: &Map<String, Json>, error: &serde_json::Error) -> String {
    let alone = |name: &String, value: &Json| Json::Object(Map::from_iter([(name.clone(), value.clone())]));
    let is_known = |name: &str| SETTINGS.contains(&name);
    let mut wrong = fields.iter().filter(|(name, _)| is_known(name)).filter_map(|(name, value)| {
        let error = serde_json::from_value::<Settings>(alone(name, value)).err()?;
        Some(format!("`{name}`: {error}"))
    });
    wrong.next().unwrap_or_else(|| error.to_string())
}

fn wrong(what: &str) -> Fault {
    Fault::new(FaultKind::SpecError, format!("the settings of the model are wrong: {what}"))
        .hint(format!("there are {}; a provider's own fields go into `extra`", SETTINGS.join(", ")))
}

#[cfg(test)]
mod tests {
    use flowai_core::fault::FaultKind;
    use serde_json::json;

    use super::{Settings, Thinking, ToolChoice};

    #[test]
    fn settings_are_read_in_every_spelling() {
        let written = json!({"thinking": "low", "tool_choice": {"tool": "find"}, "temperature": 0, "stop": ["x"]});
        let read = Settings::read(&written).unwrap();
        assert_eq!(read.thinking, Some(Thinking::Effort("low".to_owned())));
        assert_eq!(read.tool_choice, Some(ToolChoice::Tool("find".to_owned())));
        assert_eq!(read.temperature, Some(0.0));
        assert_eq!(Settings::read(&json!({"thinking": 1024})).unwrap().thinking, Some(Thinking::Tokens(1024)));
        assert_eq!(Settings::read(&json!(null)).unwrap(), Settings::default());
    }

    #[test]
    fn an_unknown_setting_is_an_error_that_names_it() {
        let fault = Settings::read(&json!({"temprature": 0})).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::SpecError);
        assert!(fault.message().contains("temprature"), "{fault}");
    }

    #[test]
    fn a_setting_of_the_wrong_type_is_an_error_that_names_it() {
        for (written, name) in [
            (json!({"top_k": 1, "temperature": "hot"}), "`temperature`: "),
            (json!({"max_tokens": -1}), "`max_tokens`: "),
            (json!([1, 2]), "not `[1,2]`"),
        ] {
            let fault = Settings::read(&written).unwrap_err();
            assert!(fault.message().contains(name), "{fault}");
        }
    }
}
