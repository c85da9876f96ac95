//! A tape is laid out once, and doubts what a file alone would let out.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use serde_json::{Value as Json, json};

use super::Tape;
use crate::recording::Recording;

fn recording(entries: Vec<Json>) -> Recording {
    let context = json!({"version": 1, "run_id": "r", "thread_id": null, "tenant": "", "started_at": 0});
    let mut written = context;
    written["entries"] = Json::Array(entries);
    Recording::read(written).unwrap()
}

fn asked(position: &str, effect: &str, arguments: &Json) -> Json {
    json!({"record": "asked", "position": position, "effect": effect, "arguments": arguments, "at": 0})
}

fn answered(position: &str, effect: &str, answer: &Json) -> Json {
    json!({"record": "answered", "position": position, "effect": effect, "outcome": {"ok": answer}, "at": 0})
}

fn question(position: &str, kind: &str, ruling: &Json) -> [Json; 2] {
    [asked(position, "AwaitApproval", &json!({"kind": kind})), answered(position, "AwaitApproval", ruling)]
}

fn counts(entries: Vec<Json>) -> bool {
    Tape::new(recording(entries), true).is_answered("1", "AwaitApproval")
}

#[test]
fn a_long_recording_is_searched_in_one_step() {
    let count = 40_000;
    let entries = (0..count).flat_map(|index: u32| {
        let position = index.to_string();
        [asked(&position, "ReadClock", &json!({})), answered(&position, "ReadClock", &json!(index))]
    });
    let tape = Tape::new(recording(entries.collect()), true);
    for index in 0..count {
        let position = index.to_string();
        assert!(tape.is_answered(&position, "ReadClock") && tape.arguments(&position, "ReadClock").is_some());
        assert!(tape.nearest(&position, 0).is_some() && !tape.is_over(0));
    }
}

#[test]
fn an_approval_counts_where_its_call_is_answered() {
    let ruled = |approved: &Json| question("1", "tool", &json!({"approved": approved})).to_vec();
    let call = [asked("1", "CallTool", &json!({})), answered("1", "CallTool", &json!(1))];
    assert!(counts([ruled(&json!(true)), call.to_vec()].concat()));
    assert!(!counts([ruled(&json!(true)), call[..1].to_vec()].concat()));
    assert!(!counts(ruled(&json!(true))));
    assert!(!counts(ruled(&json!("yes"))));
    assert!(counts(ruled(&json!(false))), "a refusal lets nothing out");
    assert!(!counts([question("1", "program", &json!({"approved": true})).to_vec(), call.to_vec()].concat()));
}

#[test]
fn the_approval_of_a_plan_counts_where_the_plan_has_ended() {
    let advance = |position: &str, step: &str| {
        let arguments = json!({"plan_id": "p", "move": {"step": step}});
        [asked(position, "AdvancePlan", &arguments), answered(position, "AdvancePlan", &json!({}))]
    };
    let begun = [question("1", "plan", &json!({"approved": true})), advance("1", "approve")].concat();
    let call = [asked("2", "CallTool", &json!({})), answered("2", "CallTool", &json!(1))];
    let whole = [begun.clone(), call.to_vec(), advance("3", "finish").to_vec()].concat();
    assert!(counts(whole.clone()));
    assert!(!counts([begun.clone(), call.to_vec()].concat()));
    let cut = whole.into_iter().filter(|entry| entry != &call[1]);
    assert!(!counts(cut.collect()), "a call without its answer would go out once more");
}

#[test]
fn what_is_asked_again_is_told_again() {
    let told = |event: Json| json!({"record": "told", "position": "1", "event": event, "at": 0});
    let expired = told(json!({"type": "approval_expired", "approval_id": "a", "digest": "d"}));
    let [asks, rules] = question("1", "tool", &json!({"approved": true}));
    let open = Tape::new(recording(vec![asks.clone(), expired.clone(), rules.clone()]), true);
    assert!(open.is_silent(1) && open.is_doubted(2));
    let whole = Tape::new(recording(vec![asks, expired, rules]), false);
    assert!(!whole.is_silent(1) && !whole.is_doubted(2));
}
