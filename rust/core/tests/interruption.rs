//! Cancels, time limits and the losers of races: what they end, what they wait for.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use flowai_core::fault::FaultKind;
use flowai_core::machine::Move;
use flowai_core::machine::Program;
use flowai_core::value::Value;
use serde_json::json;
use support::bench::Bench;
use support::programs::{
    ask, bind, call, catch, effect, ensure, fail, gated, looped, pure, retry, sequence, sleep, timeout,
};

#[test]
fn the_first_error_of_a_gather_ends_the_rest_and_waits_for_its_cleanup() {
    let mut bench = Bench::run(Program::Gather(vec![ask("bad"), ensure(ask("slow"), ask("clean"))]));
    bench.refuse("bad");
    assert_eq!(bench.asked(), ["clean"]);
    assert!(bench.outcome.is_none());
    bench.answer("clean", json!(1));
    assert_eq!(bench.end(), "ToolFailed");
}

#[test]
fn the_first_to_end_decides_a_race_even_with_an_error() {
    let mut bench = Bench::run(Program::Race(vec![ask("a"), ask("b")]));
    bench.refuse("b");
    assert_eq!((bench.end(), bench.asked()), ("ToolFailed".to_owned(), Vec::new()));
}

#[test]
fn of_two_limits_that_pass_together_the_outer_one_holds() {
    let inner = catch(timeout(ask("slow"), 10), ask("mend"));
    let mut bench = Bench::run(timeout(inner, 10));
    bench.wait_until(10);
    assert_eq!((bench.end(), bench.asked()), ("TimedOut".to_owned(), Vec::new()));
}

#[test]
fn an_inner_limit_leaves_the_outer_one_standing() {
    let mut bench = Bench::run(timeout(catch(timeout(ask("slow"), 5), ask("mend")), 10));
    bench.wait_until(5);
    assert_eq!(bench.asked(), ["mend"]);
    bench.wait_until(10);
    assert_eq!(bench.end(), "TimedOut");
}

#[test]
fn a_limit_within_a_cleanup_ends_what_it_limits() {
    let cleanup = catch(timeout(ask("hangs"), 10), pure(json!("given up")));
    let mut bench = Bench::run(ensure(pure(json!(1)), cleanup));
    bench.wait_until(10);
    assert_eq!(bench.end(), "1");
}

#[test]
fn a_limit_within_a_cleanup_holds_after_a_cancel_too() {
    let cleanup = sequence([catch(timeout(ask("hangs"), 10), pure(json!(0))), ask("last")]);
    let mut bench = Bench::run(ensure(ask("body"), cleanup));
    bench.cancel();
    assert_eq!(bench.asked(), ["hangs"]);
    bench.wait_until(10);
    assert_eq!(bench.asked(), ["last"]);
    bench.answer("last", json!(null));
    assert_eq!(bench.end(), "RunCancelled");
}

#[test]
fn a_limit_around_a_cleanup_of_a_cleanup_is_not_left_over() {
    let inner = ensure(pure(json!(0)), ask("second"));
    let cleanup = catch(timeout(inner, 10), pure(json!(0)));
    let mut bench = Bench::run(bind(ensure(pure(json!(1)), cleanup), |_| ask("after")));
    bench.wait_until(10);
    assert_eq!(bench.asked(), ["second"], "a cleanup is shielded from the limit around it");
    bench.answer("second", json!(null));
    assert_eq!(bench.asked(), ["after"], "the limit ended with its body");
    bench.answer("after", json!(7));
    assert_eq!(bench.end(), "7");
}

#[test]
fn a_cancel_waits_for_a_cleanup_and_an_earlier_limit_does_not_replace_it() {
    let mut bench = Bench::run(timeout(bind(ensure(pure(json!(1)), ask("clean")), |_| ask("after")), 10));
    bench.cancel();
    bench.wait_until(10);
    assert_eq!(bench.asked(), ["clean"]);
    bench.answer("clean", json!(null));
    assert_eq!((bench.end(), bench.asked()), ("RunCancelled".to_owned(), Vec::new()));
}

#[test]
fn cleanups_run_once_and_last_in_first_out() {
    let mut bench = Bench::run(ensure(ensure(ask("body"), ask("inner")), ask("outer")));
    bench.cancel();
    assert_eq!(bench.asked(), ["inner"]);
    bench.cancel().answer("inner", json!(null));
    assert_eq!(bench.asked(), ["outer"]);
    bench.answer("outer", json!(null));
    assert_eq!(bench.end(), "RunCancelled");
}

#[test]
fn a_swallowed_cancel_ends_the_branch_all_the_same() {
    let swallow = looped(|outcome| match outcome {
        Err(fault) if fault.is_cancel() => Move::Return(Value::from(json!("swallowed"))),
        _ => Move::Ask(effect("slow")),
    });
    let mut bench = Bench::run(bind(swallow, |_| ask("never")));
    bench.cancel();
    assert_eq!((bench.end(), bench.asked()), ("RunCancelled".to_owned(), Vec::new()));
}

#[test]
fn an_error_of_a_finalizer_is_not_caught_on_the_way_out() {
    let raises = looped(|outcome| match outcome {
        Err(_) => Move::Raise(flowai_core::fault::Fault::new(FaultKind::EffectFailed, "in finally")),
        _ => Move::Ask(effect("slow")),
    });
    let mut bench = Bench::run(timeout(catch(raises, ask("never")), 10));
    bench.wait_until(10);
    assert_eq!((bench.end(), bench.asked()), ("TimedOut".to_owned(), Vec::new()));
}

#[test]
fn a_finalizer_of_a_loop_hears_its_own_answers() {
    let mut step = 0;
    let program = looped(move |outcome| {
        step += 1;
        match (step, outcome) {
            (1, _) => Move::Ask(effect("body")),
            (2, Err(fault)) if fault.is_cancel() => Move::Call(bind(call("write", 1), Program::Pure)),
            (3, Ok(value)) => {
                assert_eq!(value.to_json().unwrap(), json!("undone"));
                Move::Return(value)
            }
            (step, outcome) => panic!("{step}: {outcome:?}"),
        }
    });
    let mut bench = Bench::run(program);
    bench.cancel().answer("write", json!("undone"));
    assert_eq!(bench.end(), "RunCancelled");
}

#[test]
fn a_write_in_flight_is_waited_for_and_then_the_branch_ends() {
    let mut bench = Bench::run(bind(call("write", 1), |_| ask("never")));
    bench.cancel();
    assert_eq!((bench.asked(), bench.withdrawn.clone()), (vec!["write".to_owned()], vec!["write".to_owned()]));
    bench.answer("write", json!("done"));
    assert_eq!(bench.end(), "RunCancelled");
    assert!(!bench.told().contains(&"action_in_doubt".to_owned()));
}

#[test]
fn a_write_beyond_its_grace_is_in_doubt() {
    let mut bench = Bench::run(call("write", 1));
    bench.cancel().wait_until(99);
    assert!(bench.outcome.is_none());
    bench.wait_until(100);
    assert_eq!(bench.end(), "RunCancelled");
    assert_eq!(bench.told(), ["action_in_doubt"]);
}

#[test]
fn the_grace_of_one_write_does_not_cut_the_next() {
    let mut bench = Bench::run(ensure(call("write", 1), call("write", 2)));
    bench.cancel().answer("write", json!(null));
    bench.wait_until(100);
    assert_eq!(bench.asked(), ["write"], "the cleanup's write has no limit");
    bench.answer("write", json!(null));
    assert_eq!(bench.end(), "RunCancelled");
}

#[test]
fn a_read_is_dropped_at_once() {
    let mut bench = Bench::run(Program::Race(vec![call("read", 1), call("write", 1), ask("wins")]));
    bench.answer("wins", json!(1));
    assert_eq!(bench.asked(), ["write"]);
    bench.answer("write", json!(2));
    assert_eq!(bench.end(), "1");
}

#[test]
fn nobody_is_asked_while_a_cancelled_program_cleans_up() {
    for cleanup in [gated("write", 1), Program::Gather(vec![gated("write", 1), pure(json!(1))])] {
        let mut bench = Bench::run(ensure(ask("body"), catch(cleanup, ask("instead"))));
        bench.cancel();
        assert_eq!(bench.asked(), ["instead"]);
    }
}

#[test]
fn a_question_of_a_cleanup_is_given_up_when_the_run_is_cancelled() {
    let mut bench = Bench::run(ensure(pure(json!(1)), catch(gated("write", 1), ask("instead"))));
    assert_eq!(bench.asked(), ["AwaitApproval"]);
    bench.cancel();
    assert_eq!(bench.asked(), ["instead"]);
}

#[test]
fn a_gather_whose_children_are_all_done_ends_with_the_cancel() {
    let program = Program::Gather(vec![ensure(ask("a"), ask("clean a")), pure(json!(1))]);
    let mut bench = Bench::run(timeout(program, 5));
    bench.wait_until(5).answer("clean a", json!(null));
    assert_eq!(bench.end(), "TimedOut");
}

#[test]
fn a_limit_ends_the_wait_and_the_attempts_of_a_retry() {
    let mut bench = Bench::run(timeout(retry(3, || bind(ask("try"), |_| fail("again"))), 10));
    bench.answer("try", json!(null)).wait_until(10);
    assert_eq!((bench.end(), bench.asked()), ("TimedOut".to_owned(), Vec::new()));
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let mut bench = Bench::run(catch(timeout(ask("slow"), 10), ask("next")));
    let late = bench.take("slow");
    bench.wait_until(10);
    bench.give(&late, Ok(Value::from(json!("late"))));
    assert_eq!(bench.asked(), ["next"]);
}

#[test]
fn a_sleep_keeps_its_length_when_it_is_cut() {
    let mut bench = Bench::run(sleep(50));
    bench.cancel();
    let written = bench.machine.journal().records().iter().filter_map(|record| match record {
        flowai_core::journal::Record::Answered { effect, .. } => Some(effect.arguments().unwrap().to_string()),
        _ => None,
    });
    assert_eq!(written.collect::<Vec<_>>(), [r#"{"wait_ms":50}"#]);
}
