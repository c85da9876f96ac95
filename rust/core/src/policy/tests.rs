//! The most specific rule decides, floors hold, and doubt asks a human.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Addition, Compiled, EXPIRES_IN_MS, Facts, Policy, Source, Subject, Verdict, explain};
use crate::specs::{Decode, Rule, RuntimeSpec, ToolSpec};

fn when(expression: &str) -> Compiled {
    Compiled::new(&Rule::When { when: expression.to_owned(), expires_in_ms: None }).unwrap()
}

fn facts(args: &Value) -> Facts<'_> {
    Facts { args, tool: "t", agent: "ops", tenant: "acme", principal: Some("ana") }
}

fn asked(expression: &str, args: &Value) -> Option<String> {
    match when(expression).decide(&facts(args)) {
        Verdict::Ask { rule, .. } => Some(rule),
        Verdict::Allow => None,
    }
}

fn runtime(over: &Value) -> RuntimeSpec {
    let part = |name: &str| over.get(name).cloned().unwrap_or_else(|| json!({}));
    RuntimeSpec::decode(json!({"tenant": {"id": "acme"}, "approval": part("runtime"), "agents": [
        {"role": "coordinator", "name": "front", "model": "m", "routes": ["ops"], "approval": part("coordinator")},
        {"role": "specialist", "name": "ops", "model": "m", "approval": part("agent"), "tool_approvals": part("tools"),
         "tools": [{"name": "t", "parameters": {}, "approval": over.get("floor")}, {"name": "u", "parameters": {}}]},
        {"role": "executor", "name": "exec", "model": "m", "approval": part("executor")}]}))
    .unwrap()
}

fn source(over: &Value) -> (Source, bool) {
    let policy = Policy::new(&runtime(over)).unwrap();
    let resolved = policy.for_tool("ops", "t");
    let asks = resolved.decide(&facts(&json!({}))) != Verdict::Allow;
    (resolved.deciding().last().unwrap().0, asks)
}

#[test]
fn expressions_look_at_all_five_facts() {
    let args = json!({"units": 11, "price": 9.5, "tags": ["a"], "big": 18_446_744_073_709_551_615_u64});
    assert!(asked("args.units > 10 && args.price == 9.5 && 'a' in args.tags && args.big > 1u", &args).is_some());
    assert!(asked("tool == 't' && agent == 'ops' && tenant == 'acme' && principal == 'ana'", &args).is_some());
    assert_eq!(asked("args.units > 11", &args), None);
    assert_eq!(asked("args.units > 11.5", &args), None);
}

#[test]
fn what_cannot_be_evaluated_asks_and_says_why() {
    let why = |expression: &str, args: &Value| asked(expression, args).unwrap();
    assert_eq!(why("args.x > 1", &json!({})), "when args.x > 1; it could not be evaluated: there is no field `x`");
    assert_eq!(
        why("args.x > 1", &json!({"x": "a"})),
        "when args.x > 1; it could not be evaluated: `_>_` does not take string and int"
    );
    assert_eq!(why("args.x", &json!({"x": 1})), "when args.x; it could not be evaluated: it gives Int, not a boolean");
    assert!(
        why("false", &json!({"x": serde_json::from_str::<Value>("123456789012345678901234567890").unwrap()}))
            .contains("out of range")
    );
    assert!(why("1 / args.x == 1", &json!({"x": 0})).contains("divides by zero"));
    assert!(why("args.x + 1 > 0", &json!({"x": i64::MAX})).contains("out of range"));
    assert!(why("nobody == 1", &json!({})).contains("`nobody` is not known"));
}

#[test]
fn expressions_that_are_no_cel_or_too_long_are_refused() {
    for bad in ["args.x >", "", "((", &"a".repeat(5000), &"(".repeat(4000)] {
        assert!(Compiled::new(&Rule::When { when: bad.to_owned(), expires_in_ms: None }).is_err());
    }
}

#[test]
fn the_longest_expressions_fit_on_a_small_stack() {
    let hostile = ["!", "-", "a+", "a?b:", "a.b.", "a&&", "a||!", "- -", "size(", "(a)+", "[", "a in ", "!-", "a[0]."];
    let run = move || {
        for part in hostile {
            for end in ["a", "", "true"] {
                let text = format!("{}{end}", part.repeat(1020 / part.len()));
                if let Ok(rule) = Compiled::new(&Rule::When { when: text, expires_in_ms: None }) {
                    let _ = (rule.names(), rule.decide(&facts(&json!({}))));
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_later_layer_wins() {
    assert_eq!(source(&json!({})), (Source::RuntimeDefault, false));
    assert_eq!(source(&json!({"runtime": {"tools": "always"}})), (Source::RuntimeDefault, true));
    assert_eq!(
        source(&json!({"runtime": {"tools": "always"}, "coordinator": {"tools": "never"}})),
        (Source::Coordinator, false)
    );
    assert_eq!(
        source(&json!({"coordinator": {"tools": "never"}, "agent": {"tools": "always"}})),
        (Source::Agent, true)
    );
    assert_eq!(source(&json!({"agent": {"tools": "always"}, "tools": {"t": "never"}})), (Source::ToolApproval, false));
}

#[test]
fn a_tools_own_rule_is_a_floor() {
    assert_eq!(source(&json!({"floor": "always", "tools": {"t": "never"}})), (Source::ToolFloor, true));
    assert_eq!(source(&json!({"floor": "never", "tools": {"t": "always"}})), (Source::ToolApproval, true));
    assert_eq!(source(&json!({"floor": {"when": "true"}, "tools": {"t": "never"}})), (Source::ToolFloor, true));
}

#[test]
fn an_unknown_tool_or_agent_asks() {
    let policy = Policy::new(&runtime(&json!({}))).unwrap();
    assert_ne!(policy.for_tool("ops", "x").decide(&facts(&json!({}))), Verdict::Allow);
    assert_ne!(policy.for_tool("nobody", "t").decide(&facts(&json!({}))), Verdict::Allow);
    assert_ne!(policy.for_plans("nobody").decide(&facts(&json!({}))), Verdict::Allow);
}

#[test]
fn built_in_tools_are_gated_only_by_name_and_an_executors_plans() {
    let policy = |over: &Value| Policy::new(&runtime(over)).unwrap();
    let strict = policy(&json!({"runtime": {"tools": "always"}}));
    assert!(strict.for_tool("front", "call_agent").never_asks());
    assert!(strict.for_tool("exec", "execute_plan").never_asks());
    assert!(!policy(&json!({"executor": {"plans": "always"}})).for_tool("exec", "execute_plan").never_asks());
}

#[test]
fn plans_ask_unless_someone_says_never() {
    let asks = |over: &Value| !Policy::new(&runtime(over)).unwrap().for_plans("ops").never_asks();
    assert!(asks(&json!({})));
    assert!(!asks(&json!({"coordinator": {"plans": "never"}})));
    assert!(asks(&json!({"coordinator": {"plans": "never"}, "agent": {"plans": "always"}})));
    // The executor is not routed to, so the coordinator has no say over it.
    assert!(
        !Policy::new(&runtime(&json!({"coordinator": {"plans": "never"}}))).unwrap().for_plans("exec").never_asks()
    );
}

#[test]
fn an_expiry_is_seven_days_unless_the_rule_sets_one() {
    let expiry = |rule: &Rule| match Compiled::new(rule).unwrap().decide(&facts(&json!({}))) {
        Verdict::Ask { expires_in_ms, .. } => expires_in_ms,
        Verdict::Allow => 0,
    };
    assert_eq!(expiry(&Rule::ALWAYS), EXPIRES_IN_MS);
    assert_eq!(expiry(&Rule::Always { expires_in_ms: Some(5) }), 5);
}

#[test]
fn an_explanation_names_the_rule_and_what_it_replaced() {
    let rows =
        explain(&runtime(&json!({"floor": "always", "coordinator": {"tools": "never"}, "tools": {"t": "never"}})))
            .unwrap();
    let row = rows.iter().find(|row| row.subject == "t").unwrap();
    assert_eq!((row.source, row.rule.to_string()), (Source::ToolFloor, "always".to_owned()));
    assert_eq!(row.also.len(), 1);
    assert_eq!(
        row.shadowed.iter().map(|one| one.source).collect::<Vec<_>>(),
        [Source::RuntimeDefault, Source::Coordinator]
    );
}

#[test]
fn a_tool_outside_agents_keeps_its_floor() {
    let tool = ToolSpec::decode(json!({"name": "t", "parameters": {}, "approval": "always"})).unwrap();
    let policy = Policy::new(&runtime(&json!({}))).unwrap();
    assert!(policy.for_program(&tool).unwrap().explicit_always());
}

fn rules() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("always")),
        Just(json!("never")),
        Just(json!({"when": "args.x"})),
        Just(json!({"when": "false"}))
    ]
}

proptest! {
    #[test]
    fn an_interpreter_can_only_make_the_policy_stricter(
        rules in prop::collection::vec(rules(), 4), added in rules(), agent in prop::option::of(Just("ops".to_owned())),
    ) {
        let [one, two, three, floor] = rules.as_slice() else { unreachable!() };
        let over = json!({"runtime": {"tools": one}, "coordinator": {"tools": two}, "tools": {"t": three}, "floor": floor});
        let mut policy = Policy::new(&runtime(&over)).unwrap();
        let before = policy.for_tool("ops", "t").decide(&facts(&json!({})));
        let rule = serde_json::from_value(added).unwrap();
        policy.add(&[Addition { agent, subject: Subject::Tools, rule }]).unwrap();
        let after = policy.for_tool("ops", "t").decide(&facts(&json!({})));
        prop_assert!(before == Verdict::Allow || after == before);
    }
}
