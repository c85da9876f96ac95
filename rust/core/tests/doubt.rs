//! Writes whose end nobody saw: who is asked, and what an answer lets out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::value::Value;
use serde_json::{Value as Json, json};
use support::bench::Bench;
use support::programs::{call, ensure};

fn late(name: &str) -> Bench {
    let mut bench = Bench::run(call(name, 1));
    let ask = bench.take(name);
    bench.give(&ask, Err(Fault::new(FaultKind::TimedOut, "too late")));
    bench
}

fn settle(bench: &mut Bench, settlement: &Json, answered_at: i64) {
    let ask = bench.take("AwaitApproval");
    let mut ruling = bench.ruling(&ask, false);
    ruling["settlement"] = settlement.clone();
    ruling["answered_at"] = json!(answered_at);
    bench.give(&ask, Ok(Value::from(ruling)));
}

#[test]
fn a_late_write_asks_a_human_and_a_late_read_has_failed() {
    assert_eq!(late("once").asked(), ["AwaitApproval"]);
    assert_eq!(late("read").end(), "ToolFailed");
}

#[test]
fn what_happened_goes_on_with_its_result() {
    let mut bench = late("once");
    settle(&mut bench, &json!({"happened": 7}), 0);
    assert_eq!(bench.end(), "7");
}

#[test]
fn what_has_to_run_again_does_so_in_its_place() {
    let mut bench = late("once");
    let place = bench.position("AwaitApproval");
    settle(&mut bench, &json!("rerun"), 0);
    assert_eq!((bench.asked(), bench.position("once")), (vec!["once".to_owned()], place));
    bench.answer("once", json!("done"));
    assert_eq!(bench.end(), r#""done""#);
}

#[test]
fn an_answer_that_is_late_or_says_nothing_lets_nothing_out() {
    for (settlement, answered_at) in [(json!("rerun"), 1_000), (Json::Null, 0)] {
        let mut bench = late("once");
        settle(&mut bench, &settlement, answered_at);
        assert_eq!((bench.end(), bench.asked()), ("ToolFailed".to_owned(), Vec::new()));
    }
}

#[test]
fn a_ruling_on_another_digest_lets_nothing_out() {
    let mut bench = late("once");
    let ask = bench.take("AwaitApproval");
    let mut ruling = bench.ruling(&ask, false);
    ruling["settlement"] = json!("rerun");
    ruling["digest"] = json!("0");
    bench.give(&ask, Ok(Value::from(ruling)));
    assert_eq!((bench.end(), bench.asked()), ("ToolFailed".to_owned(), Vec::new()));
}

#[test]
fn a_cleanup_asks_nobody_about_its_late_write() {
    let mut bench = Bench::run(ensure(call("read", 1), call("once", 1)));
    bench.cancel();
    let ask = bench.take("once");
    bench.give(&ask, Err(Fault::new(FaultKind::TimedOut, "too late")));
    assert_eq!((bench.end(), bench.asked()), ("RunCancelled".to_owned(), Vec::new()));
    assert_eq!(bench.told(), ["action_in_doubt"]);
}
