//! Values by their declared types, as function-calling benchmarks compare them.

use serde_json::Value as Json;

/// The type of a value, or the one that a schema declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    Float,
    Truth,
    List,
    Fields,
    Nothing,
}

impl Kind {
    /// The type of a value; `4.0` is a float and `4` is none.
    pub fn of(value: &Json) -> Self {
        match value {
            Json::Null => Self::Nothing,
            Json::Bool(_) => Self::Truth,
            Json::Number(number) if number.as_str().contains(['.', 'e', 'E']) => Self::Float,
            Json::Number(_) => Self::Whole,
            Json::String(_) => Self::Text,
            Json::Array(_) => Self::List,
            Json::Object(_) => Self::Fields,
        }
    }

    /// The type that a schema names; what it does not know is text.
    pub fn named(name: &str) -> Self {
        match name {
            "integer" => Self::Whole,
            "float" | "number" => Self::Float,
            "boolean" => Self::Truth,
            "array" | "tuple" => Self::List,
            "dict" | "object" => Self::Fields,
            _ => Self::Text,
        }
    }

    /// The type of the allowed values, where one says it; an empty text only says that nothing need be given.
    pub fn of_allowed(allowed: &[Json]) -> Option<Self> {
        allowed.iter().find(|each| !is_nothing(each)).map(Self::of)
    }
}

/// Whether an allowed value says that the argument may be left out.
pub(crate) fn is_nothing(value: &Json) -> bool {
    value.as_str() == Some("")
}

/// Whether values are the same as Python compares them: by number, and truth is 1.
pub(crate) fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|found| same(value, found)))
        }
        _ => match (number(one), number(other)) {
            (Some(one), Some(other)) => one.total_cmp(&other).is_eq() || one - other == 0.0,
            _ => one == other,
        },
    }
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Bool(fact) => Some(f64::from(u8::from(*fact))),
        value => value.as_f64(),
    }
}

/// A text without case, spaces and punctuation that nobody means.
pub(crate) fn loose(text: &str) -> String {
    let kept = text.chars().filter(|each| !" ,./-_*^".contains(*each));
    kept.flat_map(char::to_lowercase).map(|each| if each == '\'' { '"' } else { each }).collect()
}

/// A value with its text loosened, one level deep.
pub(crate) fn loosened(value: &Json) -> Json {
    value.as_str().map_or_else(|| value.clone(), |text| Json::String(loose(text)))
}

/// The items of a list, loosened; a text is the list of its letters.
pub(crate) fn items(value: &Json) -> Option<Vec<Json>> {
    match value {
        Json::Array(items) => Some(items.iter().map(loosened).collect()),
        Json::String(text) => Some(text.chars().map(|each| Json::String(loose(&each.to_string()))).collect()),
        _ => None,
    }
}
