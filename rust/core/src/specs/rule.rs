//! Rules: when a call or a plan has to be approved.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value, json};

/// One approval rule, as written in a spec.
///
/// In JSON it is `"always"`, `"never"`, `{"when": "<CEL>"}` or, to set another
/// expiry than seven days, `{"ask": "always", "expires_in_ms": …}`.
///
/// # Examples
///
/// ```
/// use flowai_core::specs::Rule;
/// use serde_json::{from_value, json};
///
/// let rule: Rule = from_value(json!({"when": "args.units > 10"}))?;
/// assert_eq!(rule.to_string(), "when args.units > 10");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Ask a human every time.
    Always {
        /// How long the approval stays open, in milliseconds.
        expires_in_ms: Option<i64>,
    },
    /// Do not ask.
    Never,
    /// Ask where a CEL expression holds, or cannot be evaluated.
    When {
        /// CEL over `args`, `tool`, `agent`, `tenant` and `principal`.
        when: String,
        /// How long the approval stays open, in milliseconds.
        expires_in_ms: Option<i64>,
    },
}

impl Rule {
    /// The rule `"always"` with the usual expiry.
    pub const ALWAYS: Self = Self::Always { expires_in_ms: None };

    /// Whether this rule asks whatever the arguments are.
    #[must_use]
    pub fn is_always(&self) -> bool {
        matches!(self, Self::Always { .. })
    }

    /// How long an approval that this rule asks for stays open, if it says so.
    #[must_use]
    pub fn expires_in_ms(&self) -> Option<i64> {
        match self {
            Self::Always { expires_in_ms } | Self::When { expires_in_ms, .. } => *expires_in_ms,
            Self::Never => None,
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Never => json!("never"),
            Self::Always { expires_in_ms: None } => json!("always"),
            Self::Always { expires_in_ms } => {
                json!({ "ask": "always", "expires_in_ms": expires_in_ms })
            }
            Self::When { when, expires_in_ms } => {
                json!({ "when": when, "expires_in_ms": expires_in_ms })
            }
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Always { .. } => formatter.write_str("always"),
            Self::Never => formatter.write_str("never"),
            Self::When { when, .. } => write!(formatter, "when {when}"),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn read(value: &Value) -> Result<Rule, String> {
    match value {
        Value::String(word) => read_word(word, None),
        Value::Object(fields) => read_fields(fields),
        other => Err(format!("a rule is a word or an object, not `{other}`")),
    }
}

fn read_word(word: &str, expires_in_ms: Option<i64>) -> Result<Rule, String> {
    match word {
        "always" => Ok(Rule::Always { expires_in_ms }),
        "never" => Ok(Rule::Never),
        other => Err(format!("unknown rule `{other}`, expected `always`, `never` or `{{\"when\": ...}}`")),
    }
}

fn read_fields(fields: &Map<String, Value>) -> Result<Rule, String> {
    if let Some(unknown) = fields.keys().find(|name| !["ask", "when", "expires_in_ms"].contains(&name.as_str())) {
        return Err(format!("unknown field `{unknown}` in a rule"));
    }
    let expires_in_ms = read_expiry(fields.get("expires_in_ms"))?;
    match (fields.get("ask"), fields.get("when")) {
        (Some(Value::String(word)), None) => read_word(word, expires_in_ms),
        (None, Some(Value::String(when))) => Ok(Rule::When { when: when.clone(), expires_in_ms }),
        _ => Err("a rule object has exactly one of `when` and `ask`, a string".to_owned()),
    }
}

fn read_expiry(value: Option<&Value>) -> Result<Option<i64>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(millis) if millis > 0 => Ok(Some(millis)),
            _ => Err(format!("`expires_in_ms` is a positive number of milliseconds, not `{value}`")),
        },
    }
}
