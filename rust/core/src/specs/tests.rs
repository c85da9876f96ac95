//! Specs decode strictly, and a check finds every fault in one go.

use serde_json::{Value, json};

use super::{Access, AgentSpec, Decode, History, Rule, RuntimeSpec, ToolSpec, Wiring, check};

fn tool(name: &str, access: &str) -> Value {
    json!({"name": name, "access": access, "marked": true, "parameters":
        {"type": "object", "properties": {"row": {"type": "integer"}, "order": {"$ref": "#/$defs/Order"}},
         "$defs": {"Order": {"type": "object", "properties": {"units": {"type": "integer"}}}}}})
}

fn plan(name: &str) -> Value {
    let action = |kind: &str| json!({"type": "object", "properties": {"kind": {"const": kind, "type": "string"}}});
    json!({"name": name, "actions_field": "actions", "schema": {"type": "object",
        "properties": {"goal": {"type": "string"}, "actions": {"type": "array", "items":
            {"oneOf": [{"$ref": "#/$defs/Open"}, {"$ref": "#/$defs/Close"}]}}},
        "$defs": {"Open": action("open"), "Close": action("close")}}})
}

fn agent(role: &str, name: &str, more: &Value) -> Value {
    let mut agent = json!({"role": role, "name": name, "model": "m"});
    let fields = agent.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    agent
}

fn checked(agents: &[Value]) -> Wiring {
    check(&RuntimeSpec::decode(json!({"tenant": {"id": "acme", "config_version": "v1"}, "agents": agents})).unwrap())
}

fn faults(agents: &[Value]) -> Vec<String> {
    checked(agents).faults.into_iter().map(|fault| format!("{}; {}", fault.message, fault.hint)).collect()
}

fn warnings(agents: &[Value]) -> Vec<String> {
    checked(agents).warnings.into_iter().map(|fault| fault.message).collect()
}

#[test]
fn a_rule_is_read_and_written_in_its_three_forms() {
    for form in [
        json!("always"),
        json!("never"),
        json!({"when": "true", "expires_in_ms": null}),
        json!({"ask": "always", "expires_in_ms": 5}),
    ] {
        let rule: Rule = serde_json::from_value(form.clone()).unwrap();
        assert_eq!(serde_json::to_value(rule).unwrap(), form);
    }
}

#[test]
fn a_rule_of_another_form_is_refused() {
    for form in [
        json!("alway"),
        json!({}),
        json!({"when": 1}),
        json!({"when": "a", "ask": "always"}),
        json!({"when": "a", "extra": 1}),
        json!({"ask": "always", "expires_in_ms": 0}),
        json!(true),
    ] {
        assert!(serde_json::from_value::<Rule>(form.clone()).is_err(), "{form}");
    }
}

#[test]
fn unknown_fields_and_deep_values_are_refused() {
    assert!(ToolSpec::decode(json!({"name": "a", "parameters": {}, "acess": "read"})).is_err());
    let deep = (0..200).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert!(ToolSpec::decode(json!({"name": "a", "parameters": deep})).is_err());
}

#[test]
fn what_a_tool_does_not_say_is_assumed_for_the_worst() {
    let tool = ToolSpec::decode(json!({"name": "a", "parameters": {}})).unwrap();
    assert_eq!((tool.access, tool.timeout_ms, tool.max_result_bytes), (Access::WriteOnce, 60_000, 16_384));
}

#[test]
fn an_agent_survives_serde() {
    let written = agent(
        "executor",
        "e",
        &json!({"plan": plan("P"), "history": {"turns": 3}, "approval": {"plans": "never"},
        "dispatcher": {"open": {"tool": tool("open", "write_once"), "undo": null}}}),
    );
    let spec = AgentSpec::decode(written).unwrap();
    assert_eq!(spec.history, Some(History::Turns(3)));
    assert_eq!(AgentSpec::decode(serde_json::to_value(&spec).unwrap()).unwrap(), spec);
}

#[test]
fn the_announced_wiring_is_sound_with_warnings() {
    let agents = [
        agent(
            "coordinator",
            "scenario_coordinator",
            &json!({"routes": ["scenario_planner", "scenario_executor"], "approval": {"plans": "always", "tools": "never"}}),
        ),
        agent("planner", "scenario_planner", &json!({"plan": plan("ScenarioPlan"), "toolkits": ["catalog"]})),
        agent(
            "executor",
            "scenario_executor",
            &json!({"plan": plan("ScenarioPlan"), "approval": {"plans": "never", "tools": "never"}, "tool_approvals": {"execute_query": "always"}}),
        ),
    ];
    assert_eq!(faults(&agents), Vec::<String>::new());
    assert_eq!(
        warnings(&agents),
        [
            "tool_approvals of `scenario_executor` names `execute_query`, which the agent does not have",
            "executor `scenario_executor` has no dispatcher: nothing binds its calls to the plan's actions",
        ]
    );
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let found = faults(&[
        agent("coordinator", "front", &json!({"routes": ["opps"], "tools": [tool("wipe", "write_once")]})),
        agent("coordinator", "back", &json!({})),
        agent(
            "specialist",
            "ops",
            &json!({"tools": [tool("delete_row", "write_once")], "tool_approvals": {"delete_rwo": "always"}, "toolkits": ["catalogue"]}),
        ),
    ]);
    assert_eq!(
        found,
        [
            "a runtime has at most one coordinator, not `front`, `back`; keep one and make the others specialists",
            "unknown agent `opps` in routes of `front`; did you mean `ops`?",
            "coordinator `back` has no routes; name the agents it may call in `routes=[...]`",
            "coordinator `front` has the write tool `wipe`; give it to an executor or a specialist",
            "unknown toolkit `catalogue` in toolkits of `ops`; did you mean `catalog`?",
            "unknown tool `delete_rwo` in tool_approvals of `ops`; did you mean `delete_row`?",
        ]
    );
}

#[test]
fn an_unmarked_tool_counts_as_a_write() {
    let unmarked = json!({"name": "look", "parameters": {}});
    let found = faults(&[agent("planner", "p", &json!({"plan": plan("P"), "tools": [unmarked]}))]);
    assert_eq!(
        found,
        [
            "planner `p` has the write tool `look`; a tool of unmarked access counts as a write; if it only reads, define it with `access=\"read\"`"
        ]
    );
}

#[test]
fn a_cycle_is_shown_with_its_agents() {
    let found = faults(&[
        agent("coordinator", "a", &json!({"routes": ["b"]})),
        agent("specialist", "b", &json!({"routes": ["a"]})),
    ]);
    assert!(
        found.contains(&"routes form a cycle: `a` → `b` → `a`; remove one of these routes".to_owned()),
        "{found:?}"
    );
}

#[test]
fn names_are_used_once() {
    let found = faults(&[
        agent("specialist", "a", &json!({"tools": [tool("x", "read"), tool("x", "read")]})),
        agent("specialist", "a", &json!({"toolkits": ["catalog"], "tools": [tool("execute_query", "read")]})),
        agent("planner", "p", &json!({"plan": plan("P"), "tools": [tool("store_plan", "read")]})),
    ]);
    assert_eq!(
        found,
        [
            "two agents are named `a`; give each agent its own name",
            "two tools of `a` are named `x`; rename one of them",
            "tool `execute_query` of `a` is named like a tool of its toolkit `catalog`; rename it",
            "tool `store_plan` of `p` is named like a tool of its role, planner; rename it",
        ]
    );
}

#[test]
fn planner_and_executor_agree_on_the_plan() {
    let mut other = plan("P");
    other["schema"]["properties"]["goal"] = json!({"type": "integer"});
    let planner = agent("planner", "p", &json!({"plan": plan("P")}));
    assert_eq!(
        faults(&[planner.clone(), agent("executor", "e", &json!({"plan": other}))]),
        ["plan `P` of `e` has another schema than that of `p`; define the plan once and pass it to both"]
    );
    assert_eq!(
        faults(&[planner, agent("executor", "e", &json!({"plan": plan("Q")}))]),
        ["executor `e` performs `Q`, but planner `p` stores `P`; pass the same plan to planner and executor"]
    );
    assert_eq!(faults(&[agent("planner", "p", &json!({}))]), ["planner `p` has no plan; pass `plan=define_plan(...)`"]);
    assert!(
        warnings(&[agent("executor", "e", &json!({"plan": plan("P")}))])
            .contains(&"executor `e` performs `P`, which no planner stores".to_owned())
    );
}

#[test]
fn a_dispatcher_covers_the_union() {
    let entry = |name: &str| json!({"tool": tool(name, "write_once")});
    let executor = agent(
        "executor",
        "e",
        &json!({"plan": plan("P"), "dispatcher": {"open": entry("open_it"), "clos": entry("close_it")}}),
    );
    assert_eq!(
        faults(&[agent("planner", "p", &json!({"plan": plan("P")})), executor]),
        [
            "dispatcher of `e` does not cover the action `close` of `P`; add `@actions.on(...)` for `close`",
            "dispatcher of `e` performs `clos`, which is no action of `P`; did you mean `close`?",
        ]
    );
}

#[test]
fn a_rule_names_only_what_there_is() {
    let with = |rule: &str| {
        agent(
            "specialist",
            "ops",
            &json!({"tools": [tool("t", "write_once")], "tool_approvals": {"t": {"when": rule}}}),
        )
    };
    assert_eq!(
        faults(&[with("args.row > 1 && args['order'].units > 2 && has(args.row) && [1].exists(r, r == args.row)")]),
        Vec::<String>::new()
    );
    assert_eq!(
        faults(&[with("args.rwo > 1")]),
        ["the rule `when args.rwo > 1` names `args.rwo`, but there is no field `rwo`; did you mean `row`?"]
    );
    assert_eq!(
        faults(&[with("args.order.unit > 1")]),
        [
            "the rule `when args.order.unit > 1` names `args.order.unit`, but there is no field `unit`; did you mean `units`?"
        ]
    );
    assert!(faults(&[with("arg.row > 1")]).concat().contains("did you mean `args`?"));
    assert!(faults(&[with("tool.matches('x')")]).concat().contains("unknown name `matches()`"));
    assert!(faults(&[with("args.row >")]).concat().contains("is not a CEL expression"));
}

#[test]
fn a_rule_about_plans_names_fields_of_the_plan() {
    let with = |rule: &str| agent("planner", "p", &json!({"plan": plan("P"), "approval": {"plans": {"when": rule}}}));
    assert_eq!(
        faults(&[with("args.goal != '' && size(args.actions) > 3 && args.actions.exists(a, a.kind == 'open')")]),
        Vec::<String>::new()
    );
    assert_eq!(faults(&[with("args.gaol != ''")]).len(), 1);
}

#[test]
fn writes_that_nothing_covers_and_agents_that_nothing_reaches_are_warned_about() {
    let agents = |rule: &str| {
        [
            agent("coordinator", "front", &json!({"routes": ["ops"]})),
            agent(
                "specialist",
                "ops",
                &json!({"tools": [tool("wipe", "write_once")], "tool_approvals": {"wipe": rule}}),
            ),
            agent("specialist", "lone", &json!({})),
        ]
    };
    assert_eq!(warnings(&agents("always")), ["nothing reaches specialist `lone`"]);
    assert_eq!(
        warnings(&agents("never")),
        ["nothing reaches specialist `lone`", "neither a plan nor an approval covers the write tool `wipe` of `ops`"]
    );
}
