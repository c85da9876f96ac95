//! Connections die and servers go away: what was acknowledged is there, what was refused is not.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use flowai_core::store::{Batch, Store, StoreError, Write};
use flowai_store::PostgresStore;
use serde_json::json;

use crate::shared::often;
use crate::support::{Over, Schema, Server, Sql};

fn append(after: u64) -> Batch {
    let [tenant, run_id] = ["acme", "run"].map(str::to_owned);
    Batch::new().with(Write::Append { tenant, run_id, after, records: vec![json!([after, "x".repeat(400)])] })
}

/// Appends so often, and checks each time that what the store said is what became of it; tells how many it took and how many it refused.
fn insist(store: &mut PostgresStore, rounds: usize, begun: &AtomicUsize) -> (u64, usize) {
    let (mut last, mut refused) = (0, 0);
    for _ in 0..rounds {
        begun.fetch_add(1, Ordering::Relaxed);
        match store.commit(append(last)) {
            Ok(()) => last += 1,
            Err(StoreError::Medium { .. }) => refused += 1,
            Err(fault) => panic!("after {last}: {fault}"),
        }
        if let Ok(head) = store.head("acme", "run") {
            assert_eq!(head.seq, last);
        }
    }
    (last, refused)
}

fn counted(store: &PostgresStore) -> u64 {
    let head = (0..100).find_map(|_| store.head("acme", "run").ok()).unwrap();
    assert_eq!(store.verified("acme", "run").map(|records| records.len()), Ok(usize::try_from(head.seq).unwrap()));
    head.seq
}

/// So many connections are killed in each round: enough for both attempts at a commit and some questions after it, and
/// so few that a slow machine gets through as well.
const KILLS: usize = 4;

/// Kills the connections that a store has or makes; tells how many.
fn kill(schema: &Schema, begun: &AtomicUsize, is_over: &AtomicBool) -> usize {
    let sql = schema.sql();
    let kill = format!(
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE application_name = '{}' AND (state = 'active' OR random() < 0.01)",
        schema.name
    );
    let (mut killed, mut round, mut left) = (0, 0, 0_usize);
    while !is_over.load(Ordering::Relaxed) {
        let now = begun.load(Ordering::Relaxed);
        left = if now == round { left } else { KILLS };
        round = now;
        if left == 0 {
            thread::yield_now();
            continue;
        }
        let count = usize::try_from(sql.number(&kill)).unwrap();
        left = left.saturating_sub(count);
        killed += count;
    }
    killed
}

#[test]
fn a_commit_whose_connection_is_killed_is_what_the_store_says_it_is() {
    let Some(schema) = Schema::new() else { return };
    let name = format!("&application_name={}", schema.name);
    let mut store = PostgresStore::open(&(schema.url() + &name)).unwrap();
    let (begun, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let ((last, refused), killed) = thread::scope(|scope| {
        let killer = scope.spawn(|| kill(&schema, &begun, &is_over));
        let over = Over(&is_over);
        let told = insist(&mut store, often(150, 10_000), &begun);
        drop(over);
        (told, killer.join().unwrap())
    });
    assert_eq!(counted(&store), last);
    println!("{killed} connections killed, {refused} commits refused, none wrongly");
}

/// Where connections break often, a store that asks several questions in a row would not learn it.
#[test]
fn what_became_of_a_commit_is_learnt_by_one_question() {
    let Some(schema) = Schema::new() else { return };
    let (relay, url) = schema.relayed();
    let mut store = PostgresStore::open(&url).unwrap();
    store.commit(append(0)).unwrap();
    relay.lose_answers();
    assert_eq!(store.commit(append(1)), Ok(()));
    assert_eq!(schema.store().head("acme", "run").unwrap().seq, 2);
}

#[test]
fn a_server_that_is_started_again_is_found_again() {
    let Some(server) = Server::start() else { return };
    let schema = Schema::on(&server.url);
    let mut store = schema.store();
    let (head, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let restarts = u64::try_from(often(4, 100)).unwrap();
    thread::scope(|scope| {
        let again = scope.spawn(|| {
            for restart in 1..=restarts {
                while head.load(Ordering::Relaxed) < restart * 20 {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    thread::yield_now();
                }
                server.restart(restart % 2 == 0);
            }
        });
        let _over = Over(&is_over);
        while !again.is_finished() {
            append_one(&mut store, &head);
        }
    });
    println!("{restarts} restarts, {} records", counted(&store));
}

/// Appends after what stands.
fn append_one(store: &mut PostgresStore, told: &AtomicU64) {
    let Ok(head) = store.head("acme", "run") else { return };
    told.store(head.seq, Ordering::Relaxed);
    let outcome = store.commit(append(head.seq));
    let expected = match outcome {
        Ok(()) => head.seq + 1,
        Err(StoreError::Medium { .. }) => head.seq,
        Err(fault) => panic!("{fault}"),
    };
    if let Ok(head) = store.head("acme", "run") {
        assert_eq!(head.seq, expected);
    }
}

#[test]
fn a_store_that_went_away_says_so_and_goes_on_when_it_is_back() {
    let Some(server) = Server::start() else { return };
    let schema = Schema::on(&server.url);
    let mut store = schema.behind();
    store.commit(append(0)).unwrap();
    server.stop();
    let refused = store.commit(append(1));
    assert!(matches!(refused, Err(StoreError::Medium { .. })), "{refused:?}");
    assert!(matches!(store.head("acme", "run"), Err(StoreError::Medium { .. })));
    server.start_again();
    store.commit(append(1)).unwrap();
    assert_eq!(store.verified("acme", "run").unwrap().len(), 2);
}

#[test]
fn a_writer_that_was_forgotten_makes_itself_known_again() {
    let Some(schema) = Schema::new() else { return };
    let mut store = schema.store();
    store.commit(append(0)).unwrap();
    schema.sql().run("UPDATE writers SET seen_at = now() - interval '31 days' WHERE id <> ''");
    let before = store.changes().unwrap();
    let other = schema.store();
    assert_eq!(schema.sql().number("SELECT sum(own)::bigint FROM writers"), 1, "what it counted stays");
    assert_eq!(store.changes().unwrap(), before + 1, "and counts as another's");
    store.commit(append(1)).unwrap();
    assert_eq!(other.head("acme", "run").unwrap().seq, 2);
    drop(Sql::connect(&std::env::var("FLOWAI_TEST_POSTGRES").unwrap()));
}
