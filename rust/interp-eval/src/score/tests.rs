//! The matcher and the value scorers, case by case.

use serde_json::{Value as Json, json};

use super::settings::{Measure, Order, Tolerance};
use super::{Call, Given, Settings, align, json_likeness, list_likeness, text_likeness};

fn calls(written: &Json) -> Vec<Call> {
    let each = |one: &Json| match one {
        Json::String(name) => Call::named(name),
        other => {
            let name = other[0].as_str().unwrap_or_default();
            Call::with(name, other[1].as_object().cloned().unwrap_or_default())
        }
    };
    written.as_array().map(|all| all.iter().map(each).collect()).unwrap_or_default()
}

fn settings(written: Json) -> Settings {
    serde_json::from_value(written).unwrap_or_default()
}

#[expect(clippy::needless_pass_by_value, reason = "tests read best with literals")]
fn value(expected: Json, actual: Json, written: Json) -> f64 {
    align(&calls(&expected), &calls(&actual), &settings(written), &Given::default()).value
}

fn is(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
}

#[test]
fn settings_are_read_by_name() {
    let read = settings(json!({"order": "any", "extra": ["log"], "value": "recall", "args": "superset"}));
    assert_eq!((read.order, read.value), (Order::Any, Measure::Recall));
    assert!(read.allows_extra("log") && !read.allows_extra("pay"));
}

#[test]
fn any_order_finds_the_match_that_greed_misses() {
    let expected = json!([["book", {"id": 1}], ["book", {"id": {"$any": true}}]]);
    let greedy_trap = json!([["book", {"id": {"$any": true}}], ["book", {"id": 1}]]);
    let actual = json!([["book", {"id": 1}], ["book", {"id": 2}]]);
    is(value(expected, actual.clone(), json!({"order": "any", "value": "bool"})), 1.0);
    is(value(greedy_trap, actual, json!({"order": "any", "value": "bool"})), 1.0);
}

#[test]
fn a_call_without_arguments_is_not_one_with_arguments() {
    is(value(json!([["book", {}]]), json!([["book", {"id": 1}]]), json!({"value": "bool"})), 0.0);
}

#[test]
fn equal_calls_count_as_often_as_they_are_made() {
    let twice = json!([["get", {"a": 1}], ["get", {"a": 1}]]);
    is(value(twice.clone(), twice.clone(), json!({"order": "any"})), 1.0);
    is(value(twice, json!([["get", {"a": 1}]]), json!({"order": "any"})), 2.0 / 3.0);
}

#[test]
fn numbers_may_be_near() {
    let (expected, actual) = (json!([["pay", {"sum": 1.0}]]), json!([["pay", {"sum": 1.000_000_1}]]));
    is(value(expected.clone(), actual.clone(), json!({"value": "bool"})), 0.0);
    is(value(expected, actual, json!({"value": "bool", "tolerance": {"relative": 1e-6}})), 1.0);
    is(value(json!([["pay", {"sum": 1}]]), json!([["pay", {"sum": 1.0}]]), json!({"value": "bool"})), 1.0);
}

#[test]
fn what_comes_before_what_may_be_given_in_part() {
    let (expected, given) =
        (calls(&json!(["find", "plan", "log"])), Given { before: vec![(0, 1)], ..Given::default() });
    let read = settings(json!({"order": "partial", "value": "bool"}));
    is(align(&expected, &calls(&json!(["log", "find", "plan"])), &read, &given).value, 1.0);
    is(align(&expected, &calls(&json!(["log", "plan", "find"])), &read, &given).value, 0.0);
    let graded = settings(json!({"order": "partial"}));
    is(align(&expected, &calls(&json!(["log", "plan", "find"])), &graded, &given).value, 2.0 / 3.0);
}

#[test]
fn edits_count_a_changed_call_once() {
    is(value(json!(["a", "b", "c"]), json!(["a", "x", "c"]), json!({"value": "edit"})), 2.0 / 3.0);
    is(value(json!(["a"]), json!([]), json!({"value": "edit"})), 0.0);
    is(value(json!([]), json!([]), json!({"value": "edit"})), 1.0);
}

#[test]
fn arguments_compare_as_the_settings_say() {
    let (few, many) = (json!([["find", {"q": "red"}]]), json!([["find", {"q": "red", "limit": 5}]]));
    for (expected, actual, args, wanted) in [
        (&few, &many, "exact", 0.0),
        (&few, &many, "superset", 1.0),
        (&few, &many, "subset", 0.0),
        (&many, &few, "subset", 1.0),
        (&many, &few, "superset", 0.0),
        (&many, &few, "ignore", 1.0),
    ] {
        is(value(expected.clone(), actual.clone(), json!({"value": "bool", "args": args})), wanted);
    }
    is(value(many.clone(), few.clone(), json!({"value": "bool", "ignore": ["limit"]})), 1.0);
    is(value(many, few, json!({"value": "bool", "defaults": {"limit": 5}})), 1.0);
}

#[test]
fn likeness_of_values_is_a_share() {
    is(text_likeness("1ab2cd34ef5g6", "xabxcdxxefxgx"), 7.0 / 13.0);
    is(json_likeness(&json!({"a": 2}), &json!({"a": 1}), Tolerance::default()), 2.0 / 3.0);
    is(json_likeness(&json!(["a", 1]), &json!({"a": 1}), Tolerance::default()), 4.0 / 7.0);
    is(list_likeness(&[json!("a"), json!("b")], &[json!("b"), json!("a")], Tolerance::default()), 1.0);
}
