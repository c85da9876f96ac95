//! A session: approvals that expire, are withdrawn, answered twice or too late; pauses; cancels of plans.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use flowai_core::events::EventBody;
use flowai_core::fault::FaultKind;
use flowai_core::value::Value;
use serde_json::{Value as Json, json};
use support::stage::{Play, Stage, calls, says, store};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn tool(name: &str, access: &str, parameters: &Json) -> Json {
    json!({"name": name, "access": access, "marked": true, "parameters": parameters})
}

fn row() -> Json {
    json!({"type": "object", "properties": {"row": {"type": "integer"}}, "required": ["row"], "additionalProperties": false})
}

fn ops() -> Json {
    let tools = [tool("write", "write_once", &row()), tool("read", "read", &row())];
    let agent = json!({"role": "specialist", "name": "ops", "model": "m", "tools": tools, "tool_approvals": {"write": "always"}});
    json!({"tenant": {"id": "acme"}, "agents": [agent]})
}

fn asking() -> Stage {
    let script = vec![("ops", vec![calls(&[("write", json!({"row": 1}))]), says("done")])];
    Play::new(ops(), "ops", script).begin()
}

fn approved() -> Json {
    json!({"decision": "approved"})
}

fn crew() -> Json {
    let action = json!({"type": "object", "properties": {"kind": {"const": "price"}}, "required": ["kind"]});
    let plan = json!({"name": "P", "actions_field": "actions", "schema": {"type": "object", "required": ["actions"],
        "properties": {"actions": {"type": "array", "items": {"oneOf": [action]}}}}});
    let parameters = json!({"type": "object", "properties": {"action": {"type": "object"}}, "required": ["action"]});
    let dispatcher = json!({"price": {"tool": tool("change_price", "write_once", &parameters), "undo": null}});
    json!({"tenant": {"id": "acme"}, "agents": [
        {"role": "planner", "name": "planner", "model": "m", "plan": plan},
        {"role": "executor", "name": "executor", "model": "m", "plan": plan, "dispatcher": dispatcher}]})
}

fn storing(count: usize) -> Json {
    calls(&[("store_plan", json!({"plan": {"actions": vec![json!({"kind": "price"}); count]}}))])
}

fn plan_statuses(stage: &Stage) -> Vec<String> {
    let after = stage.events.iter().filter_map(|event| match &event.body {
        EventBody::PlanChanged { after, .. } => Some(after.clone()),
        _ => None,
    });
    after.collect()
}

#[test]
fn a_run_pauses_for_a_human_and_goes_on() {
    let mut stage = asking();
    let approval = stage.required().remove(0);
    stage.decide(&approval, &approved()).unwrap();
    let told = ["approval_required", "run_paused", "run_resumed", "approval_resolved", "tool_called", "tool_answered"];
    assert_eq!((stage.story(), stage.end()), (told.map(str::to_owned).to_vec(), r#""done""#.to_owned()));
}

#[test]
fn the_same_answer_again_is_harmless_and_another_is_a_conflict() {
    let mut stage = asking();
    let approval = stage.required().remove(0);
    stage.decide(&approval, &approved()).unwrap();
    stage.decide(&approval, &approved()).unwrap();
    let conflict = stage.decide(&approval, &json!({"decision": "rejected", "reason": "no"})).unwrap_err();
    assert_eq!((conflict.kind(), stage.called.len()), (FaultKind::ApprovalConflict, 1));
}

#[test]
fn an_unknown_approval_is_an_error_that_changes_nothing() {
    let mut stage = asking();
    let fault = stage.decide("approval_0", &approved()).unwrap_err();
    assert_eq!((fault.kind(), stage.called.len()), (FaultKind::UnknownApproval, 0));
}

#[test]
fn edits_that_do_not_fit_decide_nothing() {
    let mut stage = asking();
    let approval = stage.required().remove(0);
    let fault = stage.decide(&approval, &json!({"decision": "approved", "edits": {"row": "all"}})).unwrap_err();
    assert_eq!((fault.kind(), stage.called.len()), (FaultKind::ApprovalError, 0));
    stage.decide(&approval, &json!({"decision": "approved", "edits": {"row": 7}})).unwrap();
    assert_eq!(stage.called, [("write".to_owned(), json!({"row": 7}))]);
}

#[test]
fn an_approval_that_nobody_answers_expires_and_counts_as_a_rejection() {
    let mut stage = asking();
    let approval = stage.required().remove(0);
    let due = stage.session.advance().wake_at.unwrap();
    assert_eq!(due, 7 * DAY_MS);
    for (id, ruling) in stage.session.desk().expire(due) {
        stage.session.complete(id, ruling);
    }
    stage.session.retell();
    stage.drive();
    assert_eq!((stage.end(), stage.called.len()), (r#""done""#.to_owned(), 0));
    assert!(stage.story().contains(&"approval_expired".to_owned()));
    assert!(stage.decide(&approval, &approved()).is_err());
}

#[test]
fn a_cancel_withdraws_what_was_asked() {
    let mut stage = asking();
    let approval = stage.required().remove(0);
    stage.session.cancel(Some("enough".to_owned()));
    stage.drive();
    assert!(stage.end().starts_with("RunCancelled"), "{}", stage.end());
    assert!(stage.decide(&approval, &approved()).is_err());
    assert_eq!((stage.called.len(), stage.session.desk().waiting().len()), (0, 0));
}

#[test]
fn a_decision_nobody_scripted_leaves_nothing_open() {
    let script = vec![("ops", vec![calls(&[("write", json!({"row": 1}))])])];
    let mut stage = Play::new(ops(), "ops", script).deciding(&[]).begin();
    assert!(stage.end().starts_with("ScriptMismatch"), "{}", stage.end());
    assert_eq!(stage.session.desk().waiting().len(), 0);
}

#[test]
fn a_plan_that_changed_between_asking_and_approving_is_not_approved() {
    let store = store();
    let planning = |count| vec![("planner", vec![storing(count), says("stored")])];
    let mut first = Play::new(crew(), "planner", planning(1)).on(&store, "run-1").begin();
    let mut second = Play::new(crew(), "planner", planning(2)).on(&store, "run-2").begin();
    let (old, new) = (first.required().remove(0), second.required().remove(0));
    first.decide(&old, &approved()).unwrap();
    assert!(plan_statuses(&first).is_empty(), "the old revision is gone");
    assert_eq!(first.last_tool_message()["error"], "PlanError");
    second.decide(&new, &approved()).unwrap();
    assert_eq!(plan_statuses(&second), ["DRAFT", "APPROVED"]);
}

fn executing(hold: bool) -> Stage {
    let store = store();
    let planner = vec![("planner", vec![storing(2), says("stored")])];
    Play::new(crew(), "planner", planner).on(&store, "run-1").deciding(&[approved()]).begin();
    let script = vec![("executor", vec![calls(&[("execute_plan", json!({}))]), says("executed")])];
    let play = Play::new(crew(), "executor", script).on(&store, "run-2");
    let mut play = if hold { play.holding() } else { play };
    play.decisions = None;
    play.begin()
}

#[test]
fn a_plan_hears_of_an_action_that_ended_after_the_cancel() {
    let mut stage = executing(true);
    stage.session.cancel(None);
    let ask = stage.held.remove(0);
    stage.session.complete(ask.id, Ok(Value::from(json!("ok"))));
    stage.drive();
    assert!(stage.story().contains(&"action_finished".to_owned()), "{:?}", stage.story());
    assert_eq!(stage.called.len(), 1, "nothing begins after a cancel");
}

#[test]
fn an_action_that_is_lost_is_in_doubt_and_keeps_its_plan_open() {
    let mut stage = executing(true);
    stage.session.cancel(None);
    stage.session.tick();
    stage.drive();
    assert!(stage.story().contains(&"action_in_doubt".to_owned()), "{:?}", stage.story());
    assert_eq!(plan_statuses(&stage), ["EXECUTING"]);
}

#[test]
fn a_plan_without_interruption_is_executed() {
    assert_eq!(plan_statuses(&executing(false)), ["EXECUTING", "EXECUTED"]);
}

#[test]
fn a_write_that_waits_for_its_turn_does_not_begin_after_a_cancel() {
    let tools = [tool("first", "write_once", &row()), tool("second", "write_once", &row())];
    let spec = json!({"tenant": {"id": "acme"}, "agents": [{"role": "specialist", "name": "ops", "model": "m", "tools": tools}]});
    let turn = calls(&[("first", json!({"row": 1})), ("second", json!({"row": 2}))]);
    let mut stage = Play::new(spec, "ops", vec![("ops", vec![turn])]).holding().begin();
    assert_eq!(stage.tools_called(), ["first"], "one real tool at a time");
    stage.session.cancel(None);
    let ask = stage.held.remove(0);
    stage.session.complete(ask.id, Ok(Value::null()));
    stage.drive();
    assert!(stage.end().starts_with("RunCancelled"), "{}", stage.end());
    assert_eq!(stage.tools_called(), ["first"]);
}

#[test]
fn events_are_numbered_from_one() {
    let stage = asking();
    let numbers: Vec<u64> = stage.events.iter().filter_map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=u64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
}
