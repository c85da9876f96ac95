//! Handles: what models, plans and people pass around instead of a value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ReferenceFault;
use super::id::ID_DIGITS;

/// The name of one stored value.
///
/// # Examples
///
/// ```
/// use flowai_core::references::Handle;
///
/// let text = "ProductSet:00112233445566778899aabbccddeeff";
/// assert_eq!(text.parse::<Handle>()?.to_string(), text);
/// # Ok::<(), flowai_core::references::ReferenceFault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handle {
    /// The kind of reference.
    pub kind: String,
    /// The content's id.
    pub id: String,
}

impl Handle {
    /// Reads a handle in any of its forms: `Kind:id`, `{kind, id}`, or the latter with its glimpse.
    ///
    /// # Errors
    ///
    /// [`ReferenceFault::NotAHandle`].
    pub fn read(value: &Value) -> Result<Self, ReferenceFault> {
        match value {
            Value::String(text) => text.parse(),
            Value::Object(fields) => read_fields(fields).ok_or_else(|| not_a_handle(&value.to_string())),
            other => Err(not_a_handle(&other.to_string())),
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for Handle {
    type Err = ReferenceFault;

    fn from_str(text: &str) -> Result<Self, ReferenceFault> {
        let parts = text.trim().split_once(':');
        parts.and_then(|(kind, id)| checked(kind, id)).ok_or_else(|| not_a_handle(text))
    }
}

fn read_fields(fields: &Map<String, Value>) -> Option<Handle> {
    let known = fields.keys().all(|name| ["kind", "id", "glimpse"].contains(&name.as_str()));
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    checked(text("kind")?, text("id")?).filter(|_| known)
}

fn checked(kind: &str, id: &str) -> Option<Handle> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let sound = !kind.is_empty() && kind.bytes().all(word) && id.len() == ID_DIGITS && id.bytes().all(digit);
    sound.then(|| Handle { kind: kind.to_owned(), id: id.to_owned() })
}

fn not_a_handle(text: &str) -> ReferenceFault {
    ReferenceFault::NotAHandle { text: crate::json::truncate(text, 80) }
}
