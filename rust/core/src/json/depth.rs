//! How deep a value nests, measured without recursion.

use serde_json::Value;

use super::error::JsonError;

/// The deepest nesting that the core accepts, the same as `serde_json` reads.
pub const DEPTH_MAX: usize = 127;

/// Refuses a value that nests deeper than [`DEPTH_MAX`].
///
/// # Errors
///
/// [`JsonError::TooDeep`].
pub fn check_depth(value: &Value) -> Result<(), JsonError> {
    if depth(value) > DEPTH_MAX {
        return Err(JsonError::TooDeep { limit: DEPTH_MAX });
    }
    Ok(())
}

/// Counts the levels of arrays and objects around the deepest value.
///
/// # Examples
///
/// ```
/// assert_eq!(flowai_core::json::depth(&serde_json::json!([{"a": 1}])), 2);
/// ```
#[must_use]
pub fn depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut open = vec![(value, 0_usize)];
    while let Some((value, level)) = open.pop() {
        deepest = deepest.max(level);
        open.extend(children(value).map(|child| (child, level.saturating_add(1))));
    }
    deepest
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Box::new(std::iter::empty()),
    }
}
