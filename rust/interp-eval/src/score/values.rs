//! How alike two values are, from 0 to 1.

use serde_json::Value as Json;

use super::arguments::is_near;
use super::assign::assign;
use super::count;
use super::settings::Tolerance;

/// One less the share of letters that would have to be edited (Levenshtein 1966).
#[must_use]
pub fn text_likeness(expected: &str, actual: &str) -> f64 {
    let (expected, actual): (Vec<char>, Vec<char>) = (expected.chars().collect(), actual.chars().collect());
    let most = expected.len().max(actual.len());
    if most == 0 {
        return 1.0;
    }
    let mut row: Vec<usize> = (0..=actual.len()).collect();
    for (index, wanted) in expected.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, found) in actual.iter().enumerate() {
            let changed = diagonal + usize::from(wanted != found);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    1.0 - count(row[actual.len()]) / count(most)
}

/// One less the distance as a share of both numbers; 1 within the tolerance.
#[must_use]
pub fn number_likeness(expected: f64, actual: f64, tolerance: Tolerance) -> f64 {
    if tolerance.admits(expected, actual) {
        return 1.0;
    }
    let whole = expected.abs() + actual.abs();
    if whole > 0.0 { (1.0 - (expected - actual).abs() / whole).max(0.0) } else { 1.0 }
}

/// How alike two JSON values are: the mean over their fields or items, to any depth.
#[must_use]
pub fn json_likeness(expected: &Json, actual: &Json, tolerance: Tolerance) -> f64 {
    match (expected, actual) {
        (Json::Object(expected), Json::Object(actual)) => {
            let both = expected
                .iter()
                .map(|(key, wanted)| json_likeness(wanted, actual.get(key).unwrap_or(&Json::Null), tolerance));
            let others = actual.iter().filter(|(key, _)| !expected.contains_key(*key));
            let others = others.map(|(_, found)| json_likeness(&Json::Null, found, tolerance));
            mean(both.chain(others))
        }
        (Json::Array(expected), Json::Array(actual)) => {
            let both = expected.iter().zip(actual).map(|(wanted, found)| json_likeness(wanted, found, tolerance));
            let left = expected.len().abs_diff(actual.len());
            mean(both.chain(std::iter::repeat_n(0.0, left)))
        }
        (Json::String(expected), Json::String(actual)) => text_likeness(expected, actual),
        (Json::Number(_), Json::Number(_)) if is_near(expected, actual, tolerance) => 1.0,
        (Json::Number(wanted), Json::Number(found)) => {
            wanted.as_f64().zip(found.as_f64()).map_or(0.0, |(wanted, found)| number_likeness(wanted, found, tolerance))
        }
        (Json::Null, Json::Null) => 1.0,
        (Json::Null, _) | (_, Json::Null) => 0.0,
        (Json::Bool(wanted), Json::Bool(found)) => f64::from(u8::from(wanted == found)),
        _ => text_likeness(&expected.to_string(), &actual.to_string()),
    }
}

/// How alike two lists are, whatever their order: the mean over the best one-to-one assignment.
#[must_use]
pub fn list_likeness(expected: &[Json], actual: &[Json], tolerance: Tolerance) -> f64 {
    let most = expected.len().max(actual.len());
    if most == 0 {
        return 1.0;
    }
    let weights: Vec<Vec<f64>> = expected
        .iter()
        .map(|wanted| actual.iter().map(|found| json_likeness(wanted, found, tolerance)).collect())
        .collect();
    let found = assign(&weights);
    let total: f64 = weights.iter().zip(found).filter_map(|(row, column)| row.get(column?)).sum();
    total / count(most)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (total, counted) = values.fold((0.0, 0_usize), |(total, counted), value| (total + value, counted + 1));
    if counted == 0 { 1.0 } else { total / count(counted) }
}
