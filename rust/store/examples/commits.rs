//! How many batches a second become durable: one after the other, and many submitters at once; run with `--release`.
#![allow(clippy::unwrap_used, reason = "a measurement may panic")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use flowai_core::store::{Batch, Store, Write};
use flowai_store::SqliteStore;
use serde_json::json;

const RUNS: u64 = 64;

fn append(run: u64, after: u64) -> Batch {
    let (tenant, run_id) = ("acme".to_owned(), format!("run-{run}"));
    let record = json!({"asked": {"kind": "call_tool", "tool": "stock", "arguments": {"sku": "A-1", "n": after}}});
    Batch::new().with(Write::Append { tenant, run_id, after, records: vec![record] })
}

fn rate(count: u32, begun: Instant) -> f64 {
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// The middle of what some steps took, one after the other in turn, so that a busy disk is as busy for each.
fn medians<const N: usize>(count: u64, mut steps: [&mut dyn FnMut(u64); N]) -> [f64; N] {
    let mut took = [const { Vec::new() }; N];
    for number in 0..count {
        for (step, took) in steps.iter_mut().zip(&mut took) {
            let begun = Instant::now();
            step(number);
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    took.map(|mut took| {
        took.sort_by(f64::total_cmp);
        took[took.len() / 2]
    })
}

/// What one commit takes: SQLite alone, one row a transaction; the store; the store that writes behind.
fn single(place: impl Fn(&str) -> PathBuf) -> [f64; 3] {
    let bare = rusqlite::Connection::open(place("bare")).unwrap();
    bare.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a TEXT)").unwrap();
    let mut insert = |number| {
        bare.execute("INSERT INTO t VALUES (?1)", [format!("{number} {}", "x".repeat(100))]).unwrap();
    };
    let mut alone = SqliteStore::open(&place("alone")).unwrap();
    let mut behind = flowai_store::open(&format!("sqlite:///{}", place("one").display())).unwrap();
    let mut alone = |after| alone.commit(append(0, after)).unwrap();
    let mut behind = |after| behind.commit(append(0, after)).unwrap();
    medians(1_000, [&mut insert, &mut alone, &mut behind])
}

/// Each run submits its next batch as soon as it hears that the one before is durable.
fn behind(path: &Path, runs: u64, count: u32) -> f64 {
    let store = Arc::new(Mutex::new(flowai_store::open(&format!("sqlite:///{}", path.display())).unwrap()));
    let (tell, told) = mpsc::channel();
    let submit = |run: u64, after: u64| {
        let tell = tell.clone();
        let herald = Box::new(move |outcome: Result<(), _>| {
            outcome.unwrap();
            // Nobody hears any more once enough were counted.
            let _ = tell.send((run, after + 1));
        });
        store.lock().unwrap().submit(&format!("run-{run}"), append(run, after), herald);
    };
    let begun = Instant::now();
    (0..runs).for_each(|run| submit(run, 0));
    for _ in 0..count {
        let (run, after) = told.recv().unwrap();
        submit(run, after);
    }
    rate(count, begun)
}

/// Opens a store in which so many runs were paused.
fn opened(path: &Path, runs: u64) -> (f64, f64) {
    let mut store = SqliteStore::open(path).unwrap();
    for group in 0..runs / 500 {
        let batches = (0..500).map(|run| append(group * 500 + run, 0)).collect();
        let taken = flowai_store::Medium::commit_group(&mut store, batches);
        assert!(taken.iter().all(Result::is_ok));
    }
    drop(store);
    let resident = || -> f64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    let (before, begun) = (resident(), Instant::now());
    let store = SqliteStore::open(path).unwrap();
    let took = begun.elapsed().as_secs_f64();
    let more = resident() - before;
    drop(store);
    (took, more)
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let place = |name: &str| folder.join(format!("commits-{}-{name}", std::process::id()));
    let [bare, alone, one] = single(place);
    println!("p50 of one commit: bare SQLite {bare:.0} µs, the store {alone:.0} µs, written behind {one:.0} µs");
    println!("of two bare commits: the store {:.2}, written behind {:.2}", alone / bare / 2.0, one / bare / 2.0);
    for _ in 0..3 {
        let (one, many) = (behind(&place("few"), 1, 500), behind(&place("many"), RUNS, 10_000));
        println!("written behind: 1 run {one:.0}/s, {RUNS} runs {many:.0}/s, ratio {:.1}", many / one);
        let _ = (std::fs::remove_file(place("few")), std::fs::remove_file(place("many")));
        let _ = (std::fs::remove_file(place("few-head")), std::fs::remove_file(place("many-head")));
    }
    let (took, more) = opened(&place("paused"), 100_000);
    println!("opening a store of 100,000 runs: {took:.2} s, {more:.1} MiB");
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&format!("commits-{}-", std::process::id())) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
