//! The gate at the machine: ways round it, none of which is one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use std::sync::Arc;

use flowai_core::effects::{AdvancePlan, Effect, PlanMove, PlannedAction};
use flowai_core::machine::Program;
use flowai_core::policy::Policy;
use flowai_core::value::Value;
use serde_json::json;
use support::bench::Bench;
use support::programs::{bind, call_under, catch, ensure, gated, pure, retry, spec};

#[test]
fn an_approved_call_runs_once_with_what_was_approved() {
    let mut bench = Bench::run(gated("once", 1));
    assert_eq!(bench.asked(), ["AwaitApproval"]);
    let ask = bench.take("AwaitApproval");
    let mut ruling = bench.ruling(&ask, true);
    ruling["subject"] = json!({"row": 2});
    ruling["edited"] = json!(true);
    bench.give(&ask, Ok(Value::from(ruling)));
    let Effect::CallTool(call) = &bench.open[0].effect else { panic!() };
    assert_eq!(call.arguments.to_json().unwrap(), json!({"row": 2}));
    assert_eq!(bench.open[0].clearance().unwrap().ruling().unwrap().principal.as_deref(), Some("ana"));
    bench.answer("once", json!("done"));
    assert_eq!(bench.end(), r#""done""#);
}

#[test]
fn a_rejected_call_reached_by_another_path_is_asked_again() {
    let again = || retry(2, || gated("write", 1));
    let paths = [
        catch(gated("write", 1), gated("write", 1)),
        Program::Fallback(vec![gated("write", 1), gated("write", 1)]),
        again(),
    ];
    for path in paths {
        let mut bench = Bench::run(path);
        bench.rule(false);
        assert_eq!(bench.asked(), ["AwaitApproval"], "another path is another question");
        bench.rule(false);
        assert_eq!(bench.end(), "ApprovalRejected");
    }
}

#[test]
fn a_branch_beside_a_rejected_call_needs_its_own_approval() {
    let mut bench = Bench::run(Program::Gather(vec![catch(gated("write", 1), pure(json!(0))), gated("write", 1)]));
    bench.rule(false);
    assert_eq!(bench.asked(), ["AwaitApproval"]);
    let mut race = Bench::run(Program::Race(vec![gated("write", 1), gated("write", 1)]));
    race.rule(false);
    assert_eq!((race.end(), race.asked()), ("ApprovalRejected".to_owned(), Vec::new()));
}

#[test]
fn a_predicate_that_changes_its_mind_is_asked_for_every_call() {
    let rules = json!({"write": {"when": "args.row > 5"}});
    let call = |row| Program::Ask(Effect::CallTool(Arc::new(call_under(&rules, "write", row))));
    let mut bench = Bench::run(bind(call(1), {
        let next = call(6);
        move |_| next
    }));
    bench.answer("write", json!(null));
    assert_eq!(bench.asked(), ["AwaitApproval"]);
}

#[test]
fn a_tool_that_no_rule_knows_asks() {
    let mut call = call_under(&json!({}), "write", 1);
    call.policy = Some(Arc::new(Policy::new(&spec(&json!({}))).unwrap().for_tool("ops", "wirte").clone()));
    assert_eq!(Bench::run(Program::Ask(Effect::CallTool(Arc::new(call)))).asked(), ["AwaitApproval"]);
}

#[test]
fn a_tool_keeps_its_own_rule_without_any_policy() {
    let mut spec = spec(&json!({})).agents[0].tool("write").unwrap().clone();
    spec.approval = Some(flowai_core::specs::Rule::ALWAYS);
    let mut call = call_under(&json!({}), "write", 1);
    call.tool = Arc::new(flowai_core::effects::Tool::new(spec, None).unwrap());
    call.policy = None;
    assert_eq!(Bench::run(Program::Ask(Effect::CallTool(Arc::new(call)))).asked(), ["AwaitApproval"]);
}

#[test]
fn arguments_that_were_rewritten_after_the_approval_do_not_run() {
    let mut bench = Bench::run(gated("write", 1));
    let ask = bench.take("AwaitApproval");
    let mut ruling = bench.ruling(&ask, true);
    ruling["subject"] = json!({"row": "all of them"});
    bench.give(&ask, Ok(Value::from(ruling)));
    assert_eq!((bench.end(), bench.asked()), ("ApprovalError".to_owned(), Vec::new()));
}

#[test]
fn another_subject_counts_only_as_an_edit() {
    for (field, value) in [("subject", json!({"row": 2})), ("actions", json!([0]))] {
        let mut bench = Bench::run(gated("write", 1));
        let ask = bench.take("AwaitApproval");
        let mut ruling = bench.ruling(&ask, true);
        ruling[field] = value;
        bench.give(&ask, Ok(Value::from(ruling)));
        assert_eq!((bench.end(), bench.asked()), ("ApprovalError".to_owned(), Vec::new()), "{field}");
    }
}

#[test]
fn an_approval_that_is_delivered_after_its_expiry_comes_too_late() {
    let mut bench = Bench::run(gated("write", 1));
    let ask = bench.take("AwaitApproval");
    let ruling = bench.ruling(&ask, true);
    bench.wait_until(1_000).give(&ask, Ok(Value::from(ruling)));
    assert_eq!((bench.end(), bench.asked()), ("ApprovalExpired".to_owned(), Vec::new()));
}

#[test]
fn an_approval_given_for_something_else_does_not_count() {
    let mut bench = Bench::run(Program::Gather(vec![gated("write", 1), gated("write", 2)]));
    let (first, second) = (bench.take("AwaitApproval"), bench.take("AwaitApproval"));
    let ruling = bench.ruling(&first, true);
    bench.give(&second, Ok(Value::from(ruling)));
    assert_eq!((bench.end(), bench.asked()), ("ApprovalError".to_owned(), Vec::new()));
}

#[test]
fn an_approval_lets_out_one_call() {
    let mut bench = Bench::run(retry(2, || gated("write", 1)));
    let ask = bench.take("AwaitApproval");
    let ruling = bench.ruling(&ask, true);
    bench.give(&ask, Ok(Value::from(ruling.clone())));
    bench.refuse("write");
    let again = bench.take("AwaitApproval");
    bench.give(&again, Ok(Value::from(ruling)));
    assert_eq!((bench.end(), bench.asked()), ("ApprovalError".to_owned(), Vec::new()));
}

#[test]
fn code_before_a_pause_runs_once() {
    let mut bench = Bench::run(bind(support::programs::ask("before"), |_| gated("write", 1)));
    bench.answer("before", json!(null)).rule(true).answer("write", json!(1));
    let asked = bench.machine.journal().records().iter().filter(
        |record| matches!(record, flowai_core::journal::Record::Performed { effect, .. } if effect.kind() == "before"),
    );
    assert_eq!(asked.count(), 1);
}

#[test]
fn an_answer_in_place_of_a_ruling_lets_nothing_out() {
    for forged in [json!(true), json!("approved"), json!({"row": 1}), json!({"approved": true})] {
        let mut bench = Bench::run(gated("write", 1));
        bench.answer("AwaitApproval", forged);
        assert_eq!((bench.end(), bench.asked()), ("ApprovalError".to_owned(), Vec::new()));
    }
}

#[test]
fn an_approval_at_its_expiry_comes_too_late() {
    let mut bench = Bench::run(gated("write", 1));
    bench.wait_until(1_000).rule(true);
    assert_eq!((bench.end(), bench.asked()), ("ApprovalExpired".to_owned(), Vec::new()));
}

#[test]
fn part_of_several_approvals_lets_out_its_part() {
    let mut bench =
        Bench::run(Program::Gather(vec![gated("write", 1), gated("once", 2), support::programs::call("read", 3)]));
    assert_eq!(bench.asked(), ["AwaitApproval", "AwaitApproval", "read"]);
    let second = bench.open.iter().position(|ask| {
        matches!(&ask.effect, Effect::AwaitApproval(request)
        if request.bound.as_ref().unwrap().tool.as_deref() == Some("once"))
    });
    let second = bench.open.remove(second.unwrap());
    let ruling = bench.ruling(&second, true);
    bench.give(&second, Ok(Value::from(ruling)));
    assert_eq!(bench.asked(), ["AwaitApproval", "once", "read"]);
}

#[test]
fn the_same_answer_twice_is_taken_once() {
    let mut bench = Bench::run(gated("write", 1));
    let ask = bench.take("AwaitApproval");
    let ruling = bench.ruling(&ask, true);
    bench.give(&ask, Ok(Value::from(ruling.clone())));
    bench.give(&ask, Ok(Value::from(ruling)));
    assert_eq!(bench.asked(), ["write"]);
}

#[test]
fn a_call_that_names_a_plan_runs_only_for_an_action_that_began() {
    let mut call = call_under(&json!({}), "write", 1);
    call.covers = Some(PlannedAction {
        plan_id: "plan-1".to_owned(),
        index: 0,
        kind: "k".to_owned(),
        parameter: "row".to_owned(),
    });
    let bench = Bench::run(Program::Ask(Effect::CallTool(Arc::new(call))));
    assert_eq!((bench.end(), bench.asked()), ("ApprovalError".to_owned(), Vec::new()));
}

#[test]
fn a_plan_is_approved_as_the_revision_that_was_shown() {
    let advance =
        AdvancePlan { plan_id: None, step: PlanMove::Approve { digest: None }, policy: None, by: "planner".to_owned() };
    let mut bench = Bench::run(Program::Ask(Effect::AdvancePlan(Arc::new(advance))));
    bench.answer(
        "LoadPlan",
        json!({"plan_id": "plan-1", "plan": "P", "revision": 3, "status": "DRAFT", "digest": "d3", "body": {}}),
    );
    bench.rule(true);
    let clearance = bench.open[0].clearance().unwrap();
    assert_eq!((clearance.plan_digest(), bench.asked()), (Some("d3"), vec!["AdvancePlan".to_owned()]));
}

/// A move of a plan under a rule that always asks.
fn moved(step: PlanMove) -> Bench {
    let policy = call_under(&json!({"write": "always"}), "write", 1).policy;
    let advance = AdvancePlan { plan_id: None, step, policy, by: "executor".to_owned() };
    Bench::run(Program::Ask(Effect::AdvancePlan(Arc::new(advance))))
}

#[test]
fn a_plan_that_moved_on_is_neither_asked_about_nor_moved() {
    let named = || Some("d3".to_owned());
    let steps = [
        (PlanMove::Approve { digest: named() }, "DRAFT"),
        (PlanMove::Execute { open: false, digest: named() }, "APPROVED"),
    ];
    for (step, status) in steps {
        let mut bench = moved(step);
        let instance =
            json!({"plan_id": "p", "plan": "P", "revision": 4, "status": status, "digest": "d4", "body": {}});
        bench.answer("LoadPlan", instance);
        assert_eq!((bench.end(), bench.asked()), ("PlanError".to_owned(), Vec::new()));
    }
}

#[test]
fn an_execution_goes_out_with_the_digest_that_was_shown() {
    let mut bench = moved(PlanMove::Execute { open: false, digest: Some("d3".to_owned()) });
    let instance =
        json!({"plan_id": "p", "plan": "P", "revision": 3, "status": "APPROVED", "digest": "d3", "body": {}});
    bench.answer("LoadPlan", instance);
    bench.rule(true);
    let clearance = bench.open[0].clearance().unwrap();
    assert_eq!((clearance.plan_digest(), bench.asked()), (Some("d3"), vec!["AdvancePlan".to_owned()]));
}

#[test]
fn a_retry_never_repeats_a_write_once() {
    let mut bench = Bench::run(retry(3, || gated("once", 1)));
    assert_eq!((bench.end(), bench.asked()), ("ProgramError".to_owned(), Vec::new()));
    bench.cancel();
}

#[test]
fn a_gated_call_of_a_loser_is_given_up_with_its_question() {
    let mut bench =
        Bench::run(Program::Race(vec![ensure(gated("write", 1), pure(json!(0))), support::programs::ask("wins")]));
    let late = bench.take("AwaitApproval");
    let ruling = bench.ruling(&late, true);
    bench.answer("wins", json!(1));
    bench.give(&late, Ok(Value::from(ruling)));
    assert_eq!((bench.end(), bench.asked()), ("1".to_owned(), Vec::new()));
}
