//! Positions, combinators, and how deep programs may go.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use std::thread;

use flowai_core::effects::{Message, MessageLog};
use flowai_core::machine::{Move, Program};
use flowai_core::value::Value;
use serde_json::json;
use support::bench::Bench;
use support::programs::{ask, bind, catch, effect, ensure, fail, looped, pure, retry, sequence, timeout};

/// The stack of the smallest thread that programs have to run on.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

#[test]
fn asks_are_numbered_within_their_branch() {
    let mut bench =
        Bench::run(sequence([ask("a"), Program::Gather(vec![ask("b"), sequence([ask("c"), ask("d")])]), ask("e")]));
    assert_eq!(bench.position("a"), "0");
    bench.answer("a", json!(null));
    assert_eq!((bench.position("b"), bench.position("c")), ("1.0.0".to_owned(), "1.1.0".to_owned()));
    bench.answer("c", json!(null));
    assert_eq!(bench.position("d"), "1.1.1");
    bench.answer("d", json!(null)).answer("b", json!(null));
    assert_eq!(bench.position("e"), "2");
}

#[test]
fn an_attempt_is_a_part_of_its_own() {
    let mut bench = Bench::run(retry(2, || ask("try")));
    assert_eq!(bench.position("try"), "0.0.0");
    bench.refuse("try");
    let again = bench.take("try");
    assert_eq!(
        (again.position.to_string(), again.position.without_attempts()),
        ("0.0~1.0".to_owned(), "0.0.0".to_owned())
    );
}

#[test]
fn a_cleanup_stands_where_it_stands_however_far_its_body_came() {
    let program = || ensure(sequence([ask("a"), ask("b")]), ask("clean"));
    let mut early = Bench::run(program());
    early.cancel();
    let mut late = Bench::run(program());
    late.answer("a", json!(null)).answer("b", json!(null));
    assert_eq!((early.position("clean"), late.position("clean")), ("0.1.0".to_owned(), "0.1.0".to_owned()));
}

#[test]
fn alternatives_and_handlers_are_branches_of_their_own() {
    let mut other = Bench::run(Program::Fallback(vec![ask("a"), ask("b"), ask("c")]));
    other.refuse("a").refuse("b");
    assert_eq!(other.position("c"), "0.2.0");
    let mut handler = Bench::run(catch(sequence([ask("a"), fail("b")]), ask("mend")));
    handler.answer("a", json!(null));
    assert_eq!(handler.position("mend"), "0.1.0");
}

#[test]
fn positions_do_not_depend_on_the_order_of_answers_or_the_seed() {
    let program = || Program::Gather((0..3).map(|_| sequence([ask("x"), ask("y")])).collect());
    let seen = [(None, false), (Some(1), true), (Some(7), false)].map(|(seed, backwards)| {
        let mut bench = Bench::seeded(seed, program());
        let mut first = std::mem::take(&mut bench.open);
        first.sort_by_key(|ask| ask.position.to_string());
        if backwards {
            first.reverse();
        }
        for ask in &first {
            bench.give(ask, Ok(Value::null()));
        }
        let mut positions: Vec<String> = bench.open.iter().map(|ask| ask.position.to_string()).collect();
        positions.sort();
        positions
    });
    assert_eq!(seen, [["0.0.1", "0.1.1", "0.2.1"], ["0.0.1", "0.1.1", "0.2.1"], ["0.0.1", "0.1.1", "0.2.1"]]);
}

#[test]
fn values_of_a_gather_come_in_its_order() {
    let mut bench = Bench::run(Program::Gather(vec![ask("a"), ask("b")]));
    bench.answer("b", json!(2)).answer("a", json!(1));
    assert_eq!(bench.end(), "[1,2]");
}

#[test]
fn a_limit_that_never_passes_changes_nothing() {
    let mut bench = Bench::run(timeout(ask("a"), i64::MAX));
    bench.answer("a", json!(1));
    assert_eq!(bench.end(), "1");
}

#[test]
fn a_million_asks_in_a_row() {
    on_a_small_stack(|| {
        let mut left = 1_000_000_u32;
        let program = looped(move |_| {
            left -= 1;
            if left == 0 { Move::Return(Value::null()) } else { Move::Ask(effect("next")) }
        });
        let mut bench = Bench::run(program);
        while bench.outcome.is_none() {
            bench.answer("next", json!(null));
        }
        assert_eq!(bench.end(), "null");
    });
}

#[test]
fn a_million_left_binds() {
    on_a_small_stack(|| {
        let program = (0..1_000_000).fold(pure(json!(1)), |program, _| bind(program, Program::Pure));
        assert_eq!(Bench::run(program).end(), "1");
    });
}

fn deeper(left: u32) -> Program {
    let mut called = false;
    looped(move |outcome| match (left, called) {
        (0, _) => Move::Return(Value::from(json!("bottom"))),
        (_, false) => {
            called = true;
            Move::Call(deeper(left - 1))
        }
        _ => Move::Return(outcome.unwrap()),
    })
}

#[test]
fn a_million_programs_within_each_other() {
    on_a_small_stack(|| assert_eq!(Bench::run(deeper(1_000_000)).end(), r#""bottom""#));
}

#[test]
fn a_deep_stack_is_unwound_and_dropped() {
    on_a_small_stack(|| {
        let mut asked = 0;
        let mut program = ask("bottom");
        while asked < 200_000 {
            asked += 1;
            let inner = program;
            program = Program::Host(Box::new(Within(inner)));
        }
        let mut bench = Bench::run(program);
        bench.cancel();
        assert_eq!(bench.end(), "RunCancelled");
        drop(Bench::run((0..200_000).fold(ask("never"), |program, _| bind(program, Program::Pure))));
    });
}

#[test]
fn what_is_nested_deeply_is_dropped_unopened_without_a_stack() {
    type Nest = fn(Program) -> Program;
    let nests: [Nest; 5] = [
        |inner| bind(inner, Program::Pure),
        |inner| timeout(inner, 1),
        |inner| catch(inner, pure(json!(0))),
        |inner| ensure(ask("cleaned"), inner),
        |inner| bind(Program::Gather(vec![pure(json!(1)), inner]), Program::Pure),
    ];
    on_a_small_stack(|| drop((0..1_000_000).fold(ask("never"), |program, _| bind(program, Program::Pure))));
    for nest in nests {
        on_a_small_stack(move || drop((0..100_000).fold(ask("never"), |program, _| nest(program))));
    }
}

struct Within(Program);

impl flowai_core::machine::Open for Within {
    fn open(self: Box<Self>) -> Result<Program, flowai_core::fault::Fault> {
        Ok(bind(self.0, Program::Pure))
    }
}

#[test]
fn a_long_conversation_is_dropped_without_a_stack() {
    on_a_small_stack(|| {
        let message = || Message::user("");
        let log: MessageLog = (0..1_000_000).map(|_| message()).collect();
        assert_eq!(log.len(), 1_000_000);
        assert_eq!(log.digest(), log.clone().digest());
    });
}
