//! The one matcher: lines expected and actual calls up, and says what that is worth.

use serde_json::Map;

use super::arguments::agreement;
use super::assign::assign;
use super::calls::Call;
use super::measure::value;
use super::order::{closed, ordered};
use super::sequence::{Rows, edits, subsequence};
use super::settings::{Args, Measure, Missing, Order, Settings};

/// One row of an alignment; a side that has no counterpart stands alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The place among the expected calls.
    pub expected: Option<usize>,
    /// The place among the actual calls.
    pub actual: Option<usize>,
    /// What the match is worth, from 0 to 1.
    pub weight: f64,
}

/// What the matcher found.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// From 0 to 1.
    pub value: f64,
    /// The alignment behind it.
    pub pairs: Vec<Pair>,
}

/// What only the host knows about these two trajectories.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Which expected call comes before which, by their places.
    pub before: Vec<(usize, usize)>,
    /// The agreement of two calls that the host judges as a whole.
    pub judged: Vec<(usize, usize, f64)>,
    /// For each predicate of an argument whether it holds for each actual call.
    pub holds: Vec<Vec<bool>>,
}

/// Lines two trajectories up; expected and actual never swap roles.
#[must_use]
pub fn align(expected: &[Call], actual: &[Call], settings: &Settings, given: &Given) -> Matched {
    let weights = weights(expected, actual, settings, given);
    // A verdict needs as many whole matches as there can be, whatever half ones would add up to.
    let ranked = if settings.value == Measure::Bool { whole_first(&weights) } else { weights.clone() };
    let rows = rows(&ranked, expected, actual, settings, given);
    let weight =
        |row: Option<usize>, column: Option<usize>| row.zip(column).map_or(0.0, |(row, column)| weights[row][column]);
    let pairs: Vec<Pair> = rows
        .into_iter()
        .map(|(row, column)| Pair { expected: row, actual: column, weight: weight(row, column) })
        .collect();
    Matched { value: value(&pairs, actual, settings), pairs }
}

fn rows(weights: &[Vec<f64>], expected: &[Call], actual: &[Call], settings: &Settings, given: &Given) -> Rows {
    if settings.value == Measure::Edit {
        let lacking = |_| if settings.missing == Missing::Allow { 0.0 } else { 1.0 };
        let added = |column: usize| if settings.allows_extra(&actual[column].name) { 0.0 } else { 1.0 };
        return edits(weights, actual.len(), &lacking, &added);
    }
    if settings.is_in_sequence() {
        return subsequence(weights, actual.len());
    }
    let found = match settings.order {
        Order::Partial => ordered(weights, &closed(&given.before, expected.len())),
        Order::Sequence | Order::Any => assign(weights),
    };
    let is_taken = |column: &usize| found.iter().flatten().any(|taken| taken == column);
    let left = (0..actual.len()).filter(|column| !is_taken(column)).map(|column| (None, Some(column)));
    found.iter().enumerate().map(|(row, column)| (Some(row), *column)).chain(left).collect()
}

fn whole_first(weights: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let ranked = |weight: &f64| if *weight >= 1.0 { 1.0 } else { weight * 1e-6 };
    weights.iter().map(|row| row.iter().map(ranked).collect()).collect()
}

fn weights(expected: &[Call], actual: &[Call], settings: &Settings, given: &Given) -> Vec<Vec<f64>> {
    let judged = |row: usize, column: usize| {
        given.judged.iter().find(|(first, second, _)| (*first, *second) == (row, column)).map(|(_, _, weight)| *weight)
    };
    let of = |row: usize, wanted: &Call| {
        actual
            .iter()
            .enumerate()
            .map(|(column, call)| {
                let found =
                    |number: usize| given.holds.get(number).is_some_and(|holds| holds.get(column) == Some(&true));
                likeness(wanted, call, settings, judged(row, column), &found)
            })
            .collect()
    };
    expected.iter().enumerate().map(|(row, wanted)| of(row, wanted)).collect()
}

/// What a match of two calls is worth; arguments count only where the case gives them.
fn likeness(
    expected: &Call,
    actual: &Call,
    settings: &Settings,
    judged: Option<f64>,
    found: &dyn Fn(usize) -> bool,
) -> f64 {
    if expected.name != actual.name {
        return 0.0;
    }
    let rule = settings.rule_of(&expected.name);
    let agrees = match (judged, &expected.arguments) {
        (Some(judged), _) => judged,
        (None, None) => 1.0,
        (None, Some(wanted)) => agreement(wanted, actual.arguments.as_ref().unwrap_or(&Map::new()), rule, found),
    };
    if agrees >= 1.0 {
        1.0
    } else if rule.args == Args::Share {
        // Calls line up by name; a share only says what that is worth.
        agrees.max(f64::MIN_POSITIVE)
    } else {
        settings.name_credit
    }
}
