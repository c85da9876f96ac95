//! What an alignment is worth.

use super::calls::Call;
use super::count;
use super::matcher::Pair;
use super::settings::{Measure, Missing, Settings};

/// The value of an alignment, from 0 to 1. Both sides empty is 1, one of them empty 0.
pub(crate) fn value(pairs: &[Pair], actual: &[Call], settings: &Settings) -> f64 {
    let counted = Counted::of(pairs, actual, settings);
    match settings.value {
        Measure::Bool => f64::from(u8::from(counted.is_whole)),
        Measure::Precision => share(counted.weight, counted.actual, counted.expected),
        Measure::Recall => share(counted.weight, counted.expected, counted.actual),
        Measure::F1 | Measure::LcsF1 => {
            share(2.0 * counted.weight, counted.expected + counted.actual, counted.expected + counted.actual)
        }
        Measure::Edit => {
            let most = counted.expected.max(counted.actual);
            if most > 0.0 { (1.0 - counted.edits / most).max(0.0) } else { 1.0 }
        }
    }
}

fn share(weight: f64, of: f64, other: f64) -> f64 {
    if of > 0.0 { weight / of } else { f64::from(u8::from(other <= 0.0)) }
}

struct Counted {
    weight: f64,
    expected: f64,
    actual: f64,
    edits: f64,
    is_whole: bool,
}

impl Counted {
    fn of(pairs: &[Pair], actual: &[Call], settings: &Settings) -> Self {
        let (mut matched, mut missing, mut extra, mut weight, mut is_whole) = (0, 0, 0, 0.0, true);
        for pair in pairs {
            match (pair.expected, pair.actual) {
                (Some(_), Some(_)) => {
                    matched += 1;
                    weight += pair.weight;
                    is_whole &= pair.weight >= 1.0;
                }
                (Some(_), None) if settings.missing == Missing::Forbid => missing += 1,
                (None, Some(index)) if !is_allowed(actual.get(index), settings) => extra += 1,
                _ => {}
            }
        }
        let (expected, actual) = (count(matched + missing), count(matched + extra));
        let edits = count(matched) - weight + count(missing) + count(extra);
        Self { weight, expected, actual, edits, is_whole: is_whole && missing == 0 && extra == 0 }
    }
}

fn is_allowed(call: Option<&Call>, settings: &Settings) -> bool {
    call.is_some_and(|call| settings.allows_extra(&call.name))
}
