//! Whether the arguments of two calls agree.
//!
//! An expected value may be a mark instead: `{"$any": true}` agrees with everything that is there,
//! `{"$one_of": […]}` with each of several, `{"$near": 3, "within": 0.5}` with numbers nearby, and
//! `{"$where": 0}` with what the host has found to be right.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::count;
use super::settings::{Args, Tolerance, ToolSettings};

/// What the host found of one call: its predicates by number.
pub(crate) type Found<'a> = &'a dyn Fn(usize) -> bool;

/// How much the arguments agree, from 0 to 1; anything below 1 is no match but for `share`.
pub(crate) fn agreement(
    expected: &Map<String, Json>,
    actual: &Map<String, Json>,
    rule: &ToolSettings,
    found: Found<'_>,
) -> f64 {
    let (expected, actual) = (filled(expected, &rule.defaults), filled(actual, &rule.defaults));
    let pair = Pairing { rule, found };
    if let Some(only) = &rule.only {
        return truth(only.iter().all(|path| pair.agree_at(path, &expected, &actual)));
    }
    match rule.args {
        Args::Ignore => 1.0,
        Args::Share => pair.share(&expected, &actual),
        Args::Exact => truth(pair.covers(&expected, &actual) && pair.has_no_other(&actual, &expected)),
        Args::Superset => truth(pair.covers(&expected, &actual)),
        Args::Subset => truth(pair.has_no_other(&actual, &expected) && pair.covers_common(&expected, &actual)),
    }
}

fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn filled<'a>(given: &'a Map<String, Json>, defaults: &Map<String, Json>) -> Cow<'a, Map<String, Json>> {
    if defaults.is_empty() {
        return Cow::Borrowed(given);
    }
    let mut whole = defaults.clone();
    whole.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    Cow::Owned(whole)
}

struct Pairing<'a> {
    rule: &'a ToolSettings,
    found: Found<'a>,
}

impl Pairing<'_> {
    /// Whether all that is expected is there.
    fn covers(&self, expected: &Map<String, Json>, actual: &Map<String, Json>) -> bool {
        expected.iter().all(|(key, wanted)| self.is_ignored(key) || self.agrees(key, wanted, actual.get(key)))
    }

    /// Whether what is there of the expected arguments is as expected.
    fn covers_common(&self, expected: &Map<String, Json>, actual: &Map<String, Json>) -> bool {
        let common = expected.iter().filter(|(key, _)| actual.contains_key(*key));
        common.into_iter().all(|(key, wanted)| self.is_ignored(key) || self.agrees(key, wanted, actual.get(key)))
    }

    fn has_no_other(&self, actual: &Map<String, Json>, expected: &Map<String, Json>) -> bool {
        actual.keys().all(|key| self.is_ignored(key) || expected.contains_key(key))
    }

    fn share(&self, expected: &Map<String, Json>, actual: &Map<String, Json>) -> f64 {
        let compared: Vec<_> = expected.iter().filter(|(key, _)| !self.is_ignored(key)).collect();
        if compared.is_empty() {
            return 1.0;
        }
        let right = compared.iter().filter(|(key, wanted)| self.agrees(key, wanted, actual.get(*key))).count();
        count(right) / count(compared.len())
    }

    fn agree_at(&self, path: &str, expected: &Map<String, Json>, actual: &Map<String, Json>) -> bool {
        match (at(expected, path), at(actual, path)) {
            (Some(wanted), value) => self.agrees(path, wanted, value),
            (None, value) => value.is_none(),
        }
    }

    fn agrees(&self, path: &str, wanted: &Json, value: Option<&Json>) -> bool {
        let Some(value) = value else { return false };
        if let Some(mark) = mark(wanted) {
            return self.fits(path, mark, value);
        }
        match (wanted, value) {
            (Json::Object(wanted), Json::Object(value)) => {
                let inner = |key: &String| format!("{path}.{key}");
                let there = wanted
                    .iter()
                    .all(|(key, each)| self.is_ignored(&inner(key)) || self.agrees(&inner(key), each, value.get(key)));
                there && value.keys().all(|key| wanted.contains_key(key) || self.is_ignored(&inner(key)))
            }
            (Json::Array(wanted), Json::Array(value)) => {
                wanted.len() == value.len()
                    && wanted.iter().zip(value).enumerate().all(|(index, (each, other))| {
                        let inner = format!("{path}.{index}");
                        self.is_ignored(&inner) || self.agrees(&inner, each, Some(other))
                    })
            }
            (Json::Number(_), Json::Number(_)) => is_near(wanted, value, self.rule.tolerance),
            _ => wanted == value,
        }
    }

    fn fits(&self, path: &str, mark: Mark<'_>, value: &Json) -> bool {
        match mark {
            Mark::Any => true,
            Mark::OneOf(several) => several.iter().any(|each| self.agrees(path, each, Some(value))),
            Mark::Near(wanted, within) => {
                is_near(wanted, value, Tolerance { relative: 0.0, absolute: within }) && value.is_number()
            }
            Mark::Where(number) => (self.found)(number),
        }
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.rule.ignore.iter().any(|pattern| covers(pattern, path))
    }
}

#[derive(Clone, Copy)]
enum Mark<'a> {
    Any,
    OneOf(&'a [Json]),
    Near(&'a Json, f64),
    Where(usize),
}

fn mark(value: &Json) -> Option<Mark<'_>> {
    let fields = value.as_object().filter(|fields| fields.len() <= 2)?;
    if let Some(Json::Array(several)) = fields.get("$one_of") {
        return Some(Mark::OneOf(several));
    }
    if let Some(wanted) = fields.get("$near") {
        return Some(Mark::Near(wanted, fields.get("within").and_then(Json::as_f64).unwrap_or_default()));
    }
    if let Some(number) = fields.get("$where").and_then(Json::as_u64) {
        return Some(Mark::Where(usize::try_from(number).unwrap_or(usize::MAX)));
    }
    (fields.contains_key("$any") && fields.len() == 1).then_some(Mark::Any)
}

/// Whether two numbers are the same, or near enough; `1` and `1.0` are the same number.
pub(crate) fn is_near(wanted: &Json, value: &Json, tolerance: Tolerance) -> bool {
    if wanted == value {
        return true;
    }
    let both = wanted.as_f64().zip(value.as_f64());
    let is_exact = tolerance == Tolerance::default();
    // Whole numbers that no float can hold are only equal when they are the same.
    let are_whole = [wanted, value].iter().all(|each| each.is_i64() || each.is_u64());
    both.is_some_and(|(wanted, value)| !(are_whole && is_exact) && tolerance.admits(wanted, value))
}

fn at<'a>(fields: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    let mut steps = path.split('.');
    let mut here = fields.get(steps.next()?)?;
    for step in steps {
        here = match here {
            Json::Object(fields) => fields.get(step)?,
            Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(here)
}

/// Whether a pattern such as `filters.*.at` names a path, or something around it.
fn covers(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut steps) = (pattern.split('.'), path.split('.'));
    loop {
        match (wanted.next(), steps.next()) {
            (None, None) => return true,
            (Some(each), Some(step)) if each == "*" || each == step => {}
            _ => return false,
        }
    }
}
