//! The combinators: how many, in which order, with what in the end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use flowai_core::machine::Program;
use serde_json::json;
use support::bench::Bench;
use support::programs::{ask, bind, call, catch, ensure, fail, for_each, pure, retry, sequence, timeout};

#[test]
fn a_retry_asks_as_often_as_it_may_and_no_more() {
    let mut bench = Bench::run(retry(3, || ask("try")));
    bench.refuse("try").refuse("try");
    assert!(bench.outcome.is_none());
    bench.refuse("try");
    assert_eq!((bench.end(), bench.asked()), ("ToolFailed".to_owned(), Vec::new()));
}

#[test]
fn a_retry_ends_with_its_first_success() {
    let mut bench = Bench::run(retry(3, || ask("try")));
    bench.refuse("try").answer("try", json!(2));
    assert_eq!((bench.end(), bench.asked()), ("2".to_owned(), Vec::new()));
}

#[test]
fn a_write_once_is_refused_from_the_first_attempt_even_deep_inside() {
    let mut bench = Bench::run(retry(2, || Program::Gather(vec![timeout(call("once", 1), 5), pure(json!(1))])));
    assert_eq!((bench.end(), bench.asked()), ("ProgramError".to_owned(), Vec::new()));
    bench.wait_until(5);
}

#[test]
fn a_for_each_never_runs_more_than_its_limit() {
    let mut bench = Bench::run(for_each(5, 2, |index| bind(ask("item"), move |_| pure(json!(index)))));
    for left in [2, 2, 2, 2, 1] {
        assert_eq!(bench.open.len(), left);
        let last = bench.open.pop().unwrap();
        bench.give(&last, Ok(flowai_core::value::Value::null()));
    }
    assert_eq!(bench.end(), "[0,1,2,3,4]");
}

#[test]
fn an_error_in_a_for_each_lets_nothing_more_begin() {
    let mut bench = Bench::run(for_each(5, 2, |_| ask("item")));
    bench.refuse("item");
    assert_eq!((bench.end(), bench.asked()), ("ToolFailed".to_owned(), Vec::new()));
}

#[test]
fn a_cleanup_runs_once_after_success_and_after_failure() {
    let mut good = Bench::run(ensure(pure(json!(1)), ask("clean")));
    good.answer("clean", json!(2));
    assert_eq!(good.end(), "1");
    let mut bad = Bench::run(ensure(fail("no"), ask("clean")));
    bad.answer("clean", json!(2));
    assert_eq!((bad.end(), bad.asked()), ("EffectFailed".to_owned(), Vec::new()));
    assert_eq!(Bench::run(ensure(pure(json!(1)), fail("in the cleanup"))).end(), "EffectFailed");
}

#[test]
fn a_fallback_ends_with_the_last_error() {
    assert_eq!(Bench::run(Program::Fallback(vec![fail("a"), pure(json!(2)), fail("c")])).end(), "2");
    assert_eq!(Bench::run(Program::Fallback(vec![fail("a"), fail("b")])).end(), "EffectFailed");
}

#[test]
fn a_handler_sees_the_error_and_not_the_success() {
    assert_eq!(Bench::run(catch(fail("a"), pure(json!("mended")))).end(), r#""mended""#);
    assert_eq!(Bench::run(catch(pure(json!(1)), pure(json!("mended")))).end(), "1");
}

#[test]
fn empty_combinators_end_at_once() {
    assert_eq!(Bench::run(Program::Gather(Vec::new())).end(), "[]");
    assert_eq!(Bench::run(for_each(0, 1, |_| ask("never"))).end(), "[]");
    assert_eq!(Bench::run(Program::Race(Vec::new())).end(), "ProgramError");
    assert_eq!(Bench::run(Program::Fallback(Vec::new())).end(), "ProgramError");
}

#[test]
fn a_program_that_asks_nothing_asks_nothing() {
    let mut bench = Bench::run(sequence([pure(json!(1)), pure(json!(2))]));
    assert_eq!((bench.end(), bench.machine.journal().records().len()), ("2".to_owned(), 0));
}
