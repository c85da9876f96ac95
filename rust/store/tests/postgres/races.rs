//! Several processes write the same: of each race exactly one takes effect, and nobody waits in a circle.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use flowai_core::approvals::{Approval, ApprovalKind, ApprovalStatus, Bound, Decision, Verdict, answer};
use flowai_core::budget::Spent;
use flowai_core::store::{Batch, Fence, RunRow, RunStatus, Store, StoreError, Write};
use serde_json::json;

use crate::meeting::Meeting;
use crate::shared::often;
use crate::support::{Over, Schema};

const PROCESSES: usize = 10;
const ANSWERS: usize = 5;

fn asked(id: &str) -> Batch {
    let bound = Bound::new(ApprovalKind::Program, "acme", "run", "1", "always");
    Batch::new().with(Write::Approval { version: 0, approval: Approval::ask(id, bound, "t", 0, 100).unwrap() })
}

/// Who answers first is the server's to say: each reads what is pending, and writes over the version it read.
#[test]
fn of_fifty_racing_answers_from_ten_connections_exactly_one_takes_effect() {
    let Some(schema) = Schema::new() else { return };
    let rounds = often(40, 10_000);
    let mut stores: Vec<_> = (0..PROCESSES).map(|_| schema.store()).collect();
    let (meeting, taken) = (Meeting::of(PROCESSES), AtomicUsize::new(0));
    for round in 0..rounds {
        stores[0].commit(asked(&format!("a-{round}"))).unwrap();
    }
    thread::scope(|scope| {
        for (process, store) in stores.iter_mut().enumerate() {
            let (meeting, taken) = (&meeting, &taken);
            scope.spawn(move || {
                let seat = meeting.seat();
                for round in 0..rounds {
                    let row = store.approval("acme", &format!("a-{round}")).unwrap().unwrap();
                    assert_eq!((row.version, row.value.status), (1, ApprovalStatus::Pending));
                    seat.wait();
                    for number in 0..ANSWERS {
                        let (version, mut approval) = (row.version, row.value.clone());
                        let verdict = Verdict::reject(&format!("{process} {number}"));
                        let decision = Decision { verdict, principal: None, by_handler: false, reason: None, at: 1 };
                        answer(&mut approval, "acme", decision, 1).unwrap();
                        match store.commit(Batch::new().with(Write::Approval { version, approval })) {
                            Ok(()) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                            Err(StoreError::Stale { expected: 1, actual: 2, .. }) => {}
                            Err(fault) => panic!("{fault}"),
                        }
                    }
                    seat.wait();
                    assert_eq!(taken.load(Ordering::Relaxed), round + 1);
                    seat.wait();
                }
            });
        }
    });
    println!("{} answers in {rounds} rounds: {} took effect", rounds * PROCESSES * ANSWERS, taken.into_inner());
}

#[test]
fn of_those_who_make_the_same_new_thing_exactly_one_does() {
    let Some(schema) = Schema::new() else { return };
    let rounds = often(30, 3_000);
    let mut stores: Vec<_> = (0..PROCESSES).map(|_| schema.store()).collect();
    let (meeting, taken) = (Meeting::of(PROCESSES), AtomicUsize::new(0));
    thread::scope(|scope| {
        for store in &mut stores {
            let (meeting, taken) = (&meeting, &taken);
            scope.spawn(move || {
                let seat = meeting.seat();
                for round in 0..rounds {
                    seat.wait();
                    let (tenant, run_id) = ("acme".to_owned(), format!("r-{round}"));
                    let append = Write::Append { tenant, run_id, after: 0, records: vec![json!("x".repeat(400))] };
                    match store.commit(asked(&format!("a-{round}")).with(append)) {
                        Ok(()) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                        Err(StoreError::Stale { expected: 0, .. }) => {}
                        Err(fault) => panic!("{fault}"),
                    }
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), rounds);
}

/// Writers that take the same threads in different orders, while one sweeps: no update is lost, nobody is stuck.
#[test]
fn what_several_writers_count_together_is_counted_once_each() {
    let Some(schema) = Schema::new() else { return };
    let rounds = often(60, 5_000);
    let threads = ["t", "u", "v"];
    let counted: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..6_usize)
            .map(|process| {
                let mut store = schema.store();
                scope.spawn(move || {
                    let mut counted = 0;
                    for round in 0..rounds {
                        let at = |step: usize| threads[(process + step * (1 + process % 2)) % 3];
                        let batch = [at(round), at(round + 1)].iter().fold(Batch::new(), |batch, thread| {
                            let kept = store.spending("acme", thread).unwrap();
                            let (version, calls) = kept.map_or((0, 0), |row| (row.version, row.value.model_calls));
                            let spent = Spent { model_calls: calls + 1, ..Spent::default() };
                            let (tenant, thread) = ("acme".to_owned(), (*thread).to_owned());
                            let text = json!(["y".repeat(300), "z".repeat(300), process]);
                            batch
                                .with(Write::Spending { version, tenant: tenant.clone(), thread, spent })
                                .with(Write::Content { tenant, body: text })
                        });
                        match store.commit(batch) {
                            Ok(()) => counted += 2,
                            Err(StoreError::Stale { .. }) => {}
                            Err(fault) => panic!("{fault}"),
                        }
                        if process == 0 && round % 5 == 0 {
                            store.sweep(0, &[]).unwrap();
                        }
                    }
                    counted
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    let store = schema.store();
    let kept = threads.iter().filter_map(|thread| store.spending("acme", thread).unwrap());
    assert_eq!(kept.map(|row| row.value.model_calls).sum::<u64>(), u64::try_from(counted).unwrap());
}

/// One claims while another appends as fast as it can: once the claim stands, nothing is appended under the older one.
#[test]
fn nothing_slips_in_between_a_claim_and_the_check_of_it() {
    let Some(schema) = Schema::new() else { return };
    let (mut owner, mut thief) = (schema.store(), schema.store());
    for round in 0..often(20, 2_000) {
        let run_id = format!("r-{round}");
        let claimed = |version: u64, epoch: u64| {
            let row = RunRow {
                tenant: "acme".to_owned(),
                run_id: run_id.clone(),
                thread: None,
                request_id: None,
                status: RunStatus::Running,
                epoch,
                owner: Some(format!("process {epoch}")),
                lease_until: 0,
                started_at: 0,
                body: json!(null),
            };
            Batch::new().with(Write::Run { version, row })
        };
        owner.commit(claimed(0, 1)).unwrap();
        let is_over = AtomicBool::new(false);
        let last = thread::scope(|scope| {
            let owner = &mut owner;
            let (run_id, is_over) = (&run_id, &is_over);
            let writer = scope.spawn(move || {
                for after in 0.. {
                    assert!(!is_over.load(Ordering::Relaxed), "the claim was never made");
                    let fence = Fence { tenant: "acme".to_owned(), run_id: run_id.clone(), epoch: 1 };
                    let (tenant, run_id) = ("acme".to_owned(), run_id.clone());
                    let append = Write::Append { tenant, run_id, after, records: vec![json!(after)] };
                    match owner.commit(Batch::new().with(append).under(Some(fence))) {
                        Ok(()) => {}
                        Err(StoreError::Fenced { expected: 1, actual: 2, .. }) => return after,
                        Err(fault) => panic!("{fault}"),
                    }
                }
                0
            });
            let _over = Over(is_over);
            while thief.head("acme", run_id).unwrap().seq < 3 && !writer.is_finished() {}
            thief.commit(claimed(1, 2)).unwrap();
            let last = thief.head("acme", run_id).unwrap().seq;
            assert_eq!(writer.join().unwrap(), last);
            last
        });
        assert_eq!(thief.verified("acme", &run_id).unwrap().len(), usize::try_from(last).unwrap());
    }
}
