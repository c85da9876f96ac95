//! What changed between two values, field by field.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One place where two values differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where, as a JSON pointer (RFC 6901); empty for the whole value.
    pub path: String,
    /// What stood there; `None` when nothing did.
    pub before: Option<Value>,
    /// What stands there now; `None` when nothing does.
    pub after: Option<Value>,
}

/// Lists the places where two values differ, in path order of the fields.
///
/// Numbers are compared as values, so that `1` and `1.0` are equal.
///
/// # Examples
///
/// ```
/// use flowai_core::json::diff;
/// use serde_json::json;
///
/// let changes = diff(&json!({"price": 9}), &json!({"price": 10, "note": "up"}));
/// let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
/// assert_eq!(paths, ["/note", "/price"]);
/// ```
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut changes, "", Some(before), Some(after));
    changes
}

fn compare(changes: &mut Vec<Change>, path: &str, before: Option<&Value>, after: Option<&Value>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            compare_fields(changes, path, old, new);
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            compare_items(changes, path, old, new);
        }
        (Some(old), Some(new)) if same(old, new) => {}
        (None, None) => {}
        _ => changes.push(Change { path: path.to_owned(), before: before.cloned(), after: after.cloned() }),
    }
}

fn compare_fields(changes: &mut Vec<Change>, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        compare(changes, &format!("{path}/{}", escape(name)), old.get(name), new.get(name));
    }
}

fn compare_items(changes: &mut Vec<Change>, path: &str, old: &[Value], new: &[Value]) {
    for index in 0..old.len().max(new.len()) {
        compare(changes, &format!("{path}/{index}"), old.get(index), new.get(index));
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(_), Value::Number(_)) if old != new => super::canonical(old) == super::canonical(new),
        _ => old == new,
    }
}
