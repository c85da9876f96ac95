//! Whether two tables say the same.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::arguments::is_near;
use super::assign::assign;
use super::settings::Tolerance;

/// What has to be the same of two tables.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableSettings {
    /// Whether rows come in the same order.
    pub row_order: bool,
    /// How far numbers may differ.
    pub tolerance: Tolerance,
}

/// Why two tables differ, or nothing: rows are objects by column, or lists where columns have no names.
#[must_use]
pub fn table_equal(expected: &[Json], actual: &[Json], settings: &TableSettings) -> Option<String> {
    if expected.len() != actual.len() {
        return Some(format!("{} rows where {} are expected", actual.len(), expected.len()));
    }
    if let Some(reason) = columns_differ(expected, actual) {
        return Some(reason);
    }
    let agree = |wanted: &Json, found: &Json| rows_agree(wanted, found, settings.tolerance);
    if settings.row_order {
        let place = expected.iter().zip(actual).position(|(wanted, found)| !agree(wanted, found))?;
        return Some(format!("row {} differs: {} where {} is expected", place + 1, actual[place], expected[place]));
    }
    let weights: Vec<Vec<f64>> = expected
        .iter()
        .map(|wanted| actual.iter().map(|found| f64::from(u8::from(agree(wanted, found)))).collect())
        .collect();
    let place = assign(&weights).iter().position(Option::is_none)?;
    Some(format!("the row {} is missing", expected[place]))
}

fn columns_differ(expected: &[Json], actual: &[Json]) -> Option<String> {
    let (wanted, found) = (expected.first()?.as_object()?, actual.first()?.as_object()?);
    let (first, second): (BTreeSet<_>, BTreeSet<_>) = (wanted.keys().collect(), found.keys().collect());
    if let Some(missing) = first.difference(&second).next() {
        return Some(format!("the column `{missing}` is missing"));
    }
    second.difference(&first).next().map(|extra| format!("the column `{extra}` is not expected"))
}

fn rows_agree(wanted: &Json, found: &Json, tolerance: Tolerance) -> bool {
    match (wanted, found) {
        (Json::Object(wanted), Json::Object(found)) => fields_agree(wanted, found, tolerance),
        (Json::Array(wanted), Json::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| cells_agree(wanted, found, tolerance))
        }
        _ => cells_agree(wanted, found, tolerance),
    }
}

fn fields_agree(wanted: &Map<String, Json>, found: &Map<String, Json>, tolerance: Tolerance) -> bool {
    wanted.len() == found.len()
        && wanted.iter().all(|(key, cell)| found.get(key).is_some_and(|other| cells_agree(cell, other, tolerance)))
}

fn cells_agree(wanted: &Json, found: &Json, tolerance: Tolerance) -> bool {
    match (wanted, found) {
        (Json::Number(_), Json::Number(_)) => is_near(wanted, found, tolerance),
        _ => wanted == found,
    }
}
