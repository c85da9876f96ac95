//! The four roles with scripted models: plans, approvals, repairs, results, limits.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::value::Value;
use serde_json::{Value as Json, json};
use support::stage::{Play, calls, says, store};

fn tool(name: &str, access: &str) -> Json {
    json!({"name": name, "access": access, "marked": true, "max_result_bytes": 200, "parameters": {
        "type": "object", "properties": {"row": {"type": "integer"}}, "required": ["row"], "additionalProperties": false}})
}

fn performer(name: &str) -> Json {
    json!({"name": name, "access": "write_once", "marked": true, "parameters": {
        "type": "object", "properties": {"action": {"type": "object"}}, "required": ["action"]}})
}

fn plan() -> Json {
    let action = json!({"type": "object", "properties": {"kind": {"const": "price"}, "to": {"type": "number"}}, "required": ["kind", "to"]});
    json!({"name": "P", "actions_field": "actions", "schema": {"type": "object", "required": ["actions"],
        "properties": {"actions": {"type": "array", "items": {"oneOf": [action]}}}}})
}

fn body(prices: &[i64]) -> Json {
    let actions: Vec<Json> = prices.iter().map(|price| json!({"kind": "price", "to": price})).collect();
    json!({"actions": actions})
}

fn runtime(agents: &[Json]) -> Json {
    json!({"tenant": {"id": "acme"}, "agents": agents})
}

fn specialist(more: &Json) -> Json {
    let mut agent = json!({"role": "specialist", "name": "ops", "model": "m",
        "tools": [tool("read", "read"), tool("write", "write_idempotent"), tool("once", "write_once")]});
    agent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    runtime(&[agent])
}

fn planner_and_executor(dispatcher: &Json) -> Json {
    let executor = json!({"role": "executor", "name": "executor", "model": "m", "plan": plan(), "dispatcher": dispatcher,
        "tools": if dispatcher.is_null() { json!([tool("write", "write_once")]) } else { json!([]) }});
    let coordinator = json!({"role": "coordinator", "name": "boss", "model": "m", "routes": ["planner", "executor"]});
    runtime(&[json!({"role": "planner", "name": "planner", "model": "m", "plan": plan()}), executor, coordinator])
}

fn dispatching() -> Json {
    planner_and_executor(&json!({"price": {"tool": performer("change_price"), "undo": performer("restore_price")}}))
}

fn approved() -> Json {
    json!({"decision": "approved"})
}

fn rejected(reason: &str) -> Json {
    json!({"decision": "rejected", "reason": reason})
}

fn through_the_boss(planner: Vec<Json>, executor: Vec<Json>) -> Vec<(&'static str, Vec<Json>)> {
    let to = |agent: &str| calls(&[("call_agent", json!({"agent": agent, "message": "go"}))]);
    vec![("boss", vec![to("planner"), to("executor"), says("all done")]), ("planner", planner), ("executor", executor)]
}

fn storing(prices: &[i64]) -> Json {
    calls(&[("store_plan", json!({"plan": body(prices)}))])
}

fn executing() -> Vec<Json> {
    vec![calls(&[("execute_plan", json!({}))]), says("executed")]
}

#[test]
fn an_approved_plan_is_executed_action_by_action() {
    let script = through_the_boss(vec![storing(&[1, 2]), says("stored")], executing());
    let stage = Play::new(dispatching(), "boss", script).deciding(&[approved()]).begin();
    assert_eq!(stage.end(), r#""all done""#);
    assert_eq!(stage.tools_called(), ["change_price", "change_price"]);
    assert_eq!(stage.called[1].1, json!({"action": {"kind": "price", "to": 2}}));
    let told = [
        "plan_stored",
        "approval_required",
        "approval_resolved",
        "plan_changed",
        "plan_changed",
        "action_started",
        "tool_called",
        "tool_answered",
        "action_finished",
        "action_started",
        "tool_called",
        "tool_answered",
        "action_finished",
        "plan_changed",
    ];
    assert_eq!(stage.story(), told);
}

#[test]
fn part_of_a_plan_is_executed_and_the_rest_is_skipped() {
    let script = through_the_boss(vec![storing(&[1, 2, 3]), says("stored")], executing());
    let some = json!({"decision": "approved", "actions": [0, 2]});
    let stage = Play::new(dispatching(), "boss", script).deciding(&[some]).begin();
    let prices: Vec<&Json> = stage.called.iter().map(|(_, arguments)| &arguments["action"]["to"]).collect();
    assert_eq!(prices, [1, 3]);
    assert!(stage.story().contains(&"action_skipped".to_owned()));
}

#[test]
fn an_edited_plan_is_executed_as_edited() {
    let script = through_the_boss(vec![storing(&[1]), says("stored")], executing());
    let edited = json!({"decision": "approved", "edits": {"0": {"to": 9}}});
    let stage = Play::new(dispatching(), "boss", script).deciding(&[edited]).begin();
    assert_eq!(stage.called, [("change_price".to_owned(), json!({"action": {"kind": "price", "to": 9}}))]);
}

#[test]
fn a_rejected_plan_is_stored_again_as_the_next_revision() {
    let planner = vec![storing(&[1]), storing(&[2]), says("stored")];
    let script = through_the_boss(planner, executing());
    let stage = Play::new(dispatching(), "boss", script).deciding(&[rejected("too deep"), approved()]).begin();
    assert_eq!(stage.called, [("change_price".to_owned(), json!({"action": {"kind": "price", "to": 2}}))]);
    let revisions = stage.events.iter().filter_map(|event| match &event.body {
        flowai_core::events::EventBody::PlanStored { revision, .. } => Some(*revision),
        _ => None,
    });
    assert_eq!(revisions.collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_plan_that_was_rejected_is_not_executed() {
    let script = through_the_boss(vec![storing(&[1]), says("given up")], executing());
    let mut stage = Play::new(dispatching(), "boss", script).deciding(&[rejected("no")]).begin();
    assert_eq!((stage.end(), stage.called.len()), (r#""all done""#.to_owned(), 0));
    assert!(stage.last_tool_message().is_string());
}

#[test]
fn a_plan_stored_over_an_approved_one_needs_its_own_approval() {
    let planner = vec![storing(&[1]), storing(&[2]), says("stored")];
    let script = through_the_boss(planner, executing());
    let stage = Play::new(dispatching(), "boss", script).deciding(&[approved(), rejected("no")]).begin();
    assert_eq!(stage.called.len(), 0, "the approval of the old revision is void");
}

#[test]
fn plans_never_asks_nobody_and_says_so() {
    let mut spec = dispatching();
    spec["agents"][0]["approval"] = json!({"plans": "never"});
    let script = through_the_boss(vec![storing(&[1]), says("stored")], executing());
    let stage = Play::new(spec, "boss", script).begin();
    assert_eq!((stage.tools_called(), stage.required().len()), (vec!["change_price"], 0));
}

#[test]
fn a_failed_action_ends_the_plan_and_says_what_did_not_run() {
    let script = through_the_boss(vec![storing(&[1, 2, 3]), says("stored")], executing());
    let mut count = 0;
    let tools = move |_: &str, _: &Json| {
        count += 1;
        if count == 2 { Err(Fault::new(FaultKind::ToolFailed, "no")) } else { Ok(Value::from(json!("ok"))) }
    };
    let mut stage = Play::new(dispatching(), "boss", script).deciding(&[approved()]).with_tools(tools).begin();
    assert_eq!(stage.called.len(), 2);
    let records = stage.session.machine().journal().records().iter();
    let told: Vec<String> = records
        .filter_map(|record| match record {
            flowai_core::journal::Record::Performed {
                effect: flowai_core::effects::Effect::CallModel(call), ..
            } => call.messages.last().map(|message| json!(message).to_string()),
            _ => None,
        })
        .collect();
    let report = told.iter().find(|told| told.contains("undo_offered")).expect("the executor is told");
    assert!(report.contains(r#""not_run":[2]"#) && report.contains(r#""status":"FAILED""#), "{report}");
}

#[test]
fn an_executor_without_a_dispatcher_calls_its_own_tools() {
    let spec = planner_and_executor(&Json::Null);
    let executor =
        vec![calls(&[("execute_plan", json!({}))]), calls(&[("write", json!({"row": 1}))]), says("executed")];
    let script = through_the_boss(vec![storing(&[1]), says("stored")], executor);
    let stage = Play::new(spec, "boss", script).deciding(&[approved()]).begin();
    assert_eq!((stage.end(), stage.tools_called()), (r#""all done""#.to_owned(), vec!["write"]));
    let after = stage.events.iter().filter_map(|event| match &event.body {
        flowai_core::events::EventBody::PlanChanged { after, .. } => Some(after.as_str()),
        _ => None,
    });
    assert_eq!(after.collect::<Vec<_>>(), ["APPROVED", "EXECUTING", "EXECUTED"]);
}

#[test]
fn a_rule_that_names_a_built_in_tool_asks_before_it() {
    let mut spec = dispatching();
    spec["agents"][2]["tool_approvals"] = json!({"call_agent": "always"});
    let script =
        vec![("boss", vec![calls(&[("call_agent", json!({"agent": "planner", "message": "go"}))]), says("no")])];
    let mut stage = Play::new(spec, "boss", script).deciding(&[rejected("not now")]).begin();
    assert_eq!((stage.end(), stage.required().len()), (r#""no""#.to_owned(), 1));
    assert_eq!(stage.last_tool_message()["error"], "ApprovalRejected");
}

#[test]
fn invalid_arguments_are_repaired_three_times() {
    let wrong = || calls(&[("write", json!({"row": "one"}))]);
    let script = |turns: Vec<Json>| vec![("ops", turns)];
    let right = calls(&[("write", json!({"row": 1}))]);
    let stage =
        Play::new(specialist(&json!({})), "ops", script(vec![wrong(), wrong(), wrong(), right, says("done")])).begin();
    assert_eq!((stage.end(), stage.called.len()), (r#""done""#.to_owned(), 1));
    let stage = Play::new(specialist(&json!({})), "ops", script(vec![wrong(), wrong(), wrong(), wrong()])).begin();
    assert!(stage.end().starts_with("ToolArgumentsInvalid"), "{}", stage.end());
}

#[test]
fn a_large_result_becomes_a_reference_that_can_be_read_back() {
    let script = vec![("ops", vec![calls(&[("read", json!({"row": 1}))]), says("done")])];
    let large = |_: &str, _: &Json| Ok(Value::from(json!("x".repeat(1_000))));
    let mut stage = Play::new(specialist(&json!({})), "ops", script).with_tools(large).begin();
    let told = stage.last_tool_message();
    assert_eq!((&told["reference"]["kind"], &told["read_with"]), (&json!("ToolResult"), &json!("read_result")));
    let handle = format!("ToolResult:{}", told["reference"]["id"].as_str().unwrap());
    let read = calls(&[("read", json!({"row": 1}))]);
    let back = calls(&[("read_result", json!({"handle": handle, "limit": 10}))]);
    let mut stage = Play::new(specialist(&json!({})), "ops", vec![("ops", vec![read, back, says("done")])])
        .with_tools(large)
        .begin();
    assert_eq!(stage.last_tool_message()["text"], "x".repeat(10));
}

#[test]
fn parallel_approvals_are_answered_in_any_order_and_siblings_run_once() {
    let rules = json!({"tool_approvals": {"write": "always", "once": "always"}});
    let turn = calls(&[("write", json!({"row": 1})), ("read", json!({"row": 2})), ("once", json!({"row": 3}))]);
    let mut stage = Play::new(specialist(&rules), "ops", vec![("ops", vec![turn, says("done")])]).begin();
    assert_eq!(stage.tools_called(), ["read"]);
    let required = stage.required();
    stage.decide(&required[1], &approved()).unwrap();
    stage.decide(&required[0], &rejected("no")).unwrap();
    assert_eq!((stage.end(), stage.called.len()), (r#""done""#.to_owned(), 2));
}

#[test]
fn an_agent_stops_at_its_step_limit() {
    let turn = || calls(&[("read", json!({"row": 1}))]);
    let script = vec![("ops", vec![turn(), turn()])];
    let stage = Play::new(specialist(&json!({"max_steps": 2})), "ops", script).begin();
    assert!(stage.end().starts_with("LimitReached"), "{}", stage.end());
    assert!(stage.story().contains(&"limit_reached".to_owned()));
}

#[test]
fn a_tool_that_fails_is_told_without_its_insides() {
    let script = vec![("ops", vec![calls(&[("read", json!({"row": 1}))]), says("done")])];
    let failing = |_: &str, _: &Json| Err(Fault::new(FaultKind::ToolFailed, "it broke"));
    let mut stage = Play::new(specialist(&json!({})), "ops", script).with_tools(failing).begin();
    assert_eq!(stage.last_tool_message()["error"], "ToolFailed");
}

#[test]
fn a_stateful_agent_remembers_its_thread() {
    let store = store();
    let spec = || specialist(&json!({"stateful": true}));
    Play::new(spec(), "ops", vec![("ops", vec![says("first")])]).on(&store, "run-1").begin();
    let mut second = Play::new(spec(), "ops", vec![("ops", vec![says("second")])]).on(&store, "run-2").begin();
    let count = second.session.machine().journal().records().iter().find_map(|record| match record {
        flowai_core::journal::Record::Performed { effect: flowai_core::effects::Effect::CallModel(call), .. } => {
            Some(call.messages.len())
        }
        _ => None,
    });
    assert_eq!(count, Some(4), "system, user, assistant, user");
}
