//! Processes: they are killed, share a file, find the disk full or failing, and nothing acknowledged is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flowai_core::budget::Spent;
use flowai_core::store::{Batch, Store, StoreError, Write};
use flowai_store::SqliteStore;
use serde_json::json;
use support::{Folder, often};

/// What a child of this test does, and to which file.
const ROLE: &str = "FLOWAI_STORE_ROLE";
const FILE: &str = "FLOWAI_STORE_FILE";

fn append(run_id: &str, after: u64, text: &str) -> Batch {
    let [tenant, run_id] = ["a", run_id].map(str::to_owned);
    Batch::new().with(Write::Append { tenant, run_id, after, records: vec![json!([after, text])] })
}

fn open(file: &Path) -> Box<dyn Store> {
    flowai_store::open(&format!("sqlite:///{}", file.display())).unwrap()
}

/// Says a line to the parent; the harness may have begun one of its own.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("\n{line}\n").as_bytes()).and_then(|()| out.flush());
}

/// Not a test of its own: what the other tests start as another process.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let file = std::env::var(FILE).unwrap();
    match role.as_str() {
        "write" => writes_until_it_is_killed(Path::new(&file)),
        "count" => counts(Path::new(&file)),
        "fill" => fills_the_disk(Path::new(&file)),
        "fail" => meets_a_failing_disk(Path::new(&file)),
        role => panic!("{role}"),
    }
}

fn command(role: &str, folder: &Folder) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(FILE, folder.file()).stdout(Stdio::piped());
    command
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok)
}

/// Whether a child said something and ended well.
fn said(mut child: Child, wanted: &str) -> bool {
    let count = lines(&mut child).filter(|line| line.starts_with(wanted)).count();
    child.wait().unwrap().success() && count == 1
}

fn writes_until_it_is_killed(file: &Path) {
    let mut store = open(file);
    let mut next: BTreeMap<String, u64> =
        (0..8).map(|run| format!("r{run}")).map(|run| (run.clone(), store.head("a", &run).unwrap().seq)).collect();
    loop {
        for (run, after) in &mut next {
            let (named, seq) = (run.clone(), *after + 1);
            let text = if seq % 3 == 0 { "long ".repeat(100) } else { "short".to_owned() };
            store.stage(run, append(run, *after, &text)).unwrap();
            *after = seq;
            let herald = Box::new(move |outcome: Result<(), StoreError>| {
                outcome.unwrap();
                say(&format!("durable {named} {seq}"));
            });
            store.submit(run, Batch::new(), herald);
        }
    }
}

#[test]
fn what_was_acknowledged_survives_the_death_of_its_process() {
    let folder = Folder::new();
    let mut durable = BTreeMap::new();
    let mut acknowledged = 0_usize;
    for round in 0..often(6, 1_000) {
        let mut child = command("write", &folder).spawn().unwrap();
        let mut told = lines(&mut child);
        // The child dies while it writes, at another place each time.
        for line in told.by_ref().filter(|line| line.starts_with("durable ")).take(round * 37 % 300 + 1) {
            acknowledged += 1;
            note(&mut durable, &line);
        }
        child.kill().unwrap();
        told.for_each(|line| note(&mut durable, &line));
        child.wait().unwrap();
        let store = SqliteStore::open(&folder.file()).unwrap();
        assert_eq!(store.check(), Ok(vec![]));
        for (run, seq) in &durable {
            let found = store.verified("a", run).unwrap().len();
            assert!(u64::try_from(found).unwrap() >= *seq, "{run} lost what it had acknowledged in round {round}");
        }
    }
    println!("kills: {acknowledged} acknowledged batches, 0 lost");
}

/// Only whole lines count: the last one may be cut.
fn note(durable: &mut BTreeMap<String, u64>, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    if let ["durable", run, seq] = words.as_slice()
        && let Ok(seq) = seq.parse::<u64>()
    {
        durable.entry((*run).to_owned()).and_modify(|known| *known = seq.max(*known)).or_insert(seq);
    }
}

const COUNTED: u64 = 60;

fn counts(file: &Path) {
    let mut store = open(file);
    for _ in 0..COUNTED {
        loop {
            let row = store.spending("a", "t").unwrap();
            let (version, spent) = row.map_or((0, Spent::default()), |row| (row.version, row.value));
            let spent = Spent { model_calls: spent.model_calls + 1, ..spent };
            let [tenant, thread] = ["a", "t"].map(str::to_owned);
            let head = store.head("a", "shared").unwrap();
            let batch = append("shared", head.seq, "x").with(Write::Spending { version, tenant, thread, spent });
            match store.commit(batch) {
                Ok(()) => break,
                Err(fault) => assert!(fault.retryable(), "{fault}"),
            }
        }
    }
    say("counted");
}

#[test]
fn several_processes_share_one_file_and_none_undoes_the_others_work() {
    let folder = Folder::new();
    let children: Vec<Child> = (0..3).map(|_| command("count", &folder).spawn().unwrap()).collect();
    assert!(children.into_iter().all(|child| said(child, "counted")));
    let store = open(&folder.file());
    let row = store.spending("a", "t").unwrap().unwrap();
    assert_eq!((row.version, row.value.model_calls), (3 * COUNTED, 3 * COUNTED));
    assert_eq!(u64::try_from(store.verified("a", "shared").unwrap().len()).unwrap(), 3 * COUNTED);
}

fn limit(size: &str) {
    let process = format!("--pid={}", std::process::id());
    let limited = Command::new("prlimit").args([&process, &format!("--fsize={size}:unlimited")]).status();
    assert!(limited.unwrap().success());
}

/// Commits until the disk is full, frees it, and goes on.
fn fills_the_disk(file: &Path) {
    let mut store = open(file);
    let mut after = 0;
    for round in 0..often(6, 60) {
        // Another limit each time, so that another write is the one that fails.
        limit(&(300_000 + round * 4_321).to_string());
        let fault = loop {
            match store.commit(append("r", after, &format!("{after} ").repeat(500))) {
                Ok(()) => after += 1,
                Err(fault) => break fault,
            }
        };
        assert!(matches!(fault, StoreError::Medium { .. }), "{fault}");
        let seen = u64::try_from(store.verified("a", "r").unwrap().len()).unwrap();
        assert_eq!(seen, after, "what failed is visible, or what was acknowledged is not: {fault}");
        assert!(matches!(store.commit(append("r", after, &"x".repeat(400_000))), Err(StoreError::Medium { .. })));
        limit("unlimited");
        for _ in 0..3 {
            store.commit(append("r", after, "there is room again")).unwrap();
            after += 1;
        }
        // What is written back makes room under the next limit.
        drop(store);
        store = open(file);
        assert_eq!(u64::try_from(store.verified("a", "r").unwrap().len()).unwrap(), after);
        store.commit(Batch::new().with(Write::Content { tenant: "a".to_owned(), body: json!(round) })).unwrap();
    }
    say(&format!("survived {after}"));
}

#[test]
fn a_full_disk_loses_nothing_and_shows_nothing_that_failed() {
    let folder = Folder::new();
    let mut shell = Command::new("sh");
    // Past the limit a write fails, instead of ending the process.
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    shell.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    let child = shell.env(ROLE, "fill").env(FILE, folder.file()).stdout(Stdio::piped()).spawn().unwrap();
    assert!(said(child, "survived"));
    assert_eq!(SqliteStore::open(&folder.file()).unwrap().check(), Ok(vec![]));
}

/// What stands in front of the system's own calls in the child: syncing fails while a file says of which files.
const FAILING: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fails(int fd) {
    char link[64], name[4096] = {0}, wanted[256] = {0};
    FILE *told = fopen(getenv("FLOWAI_STORE_FAILING"), "r");
    if (!told) return 0;
    if (!fgets(wanted, sizeof wanted, told)) wanted[0] = 0;
    fclose(told);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    size_t end = strlen(wanted);
    return length > 0 && end > 0 && (size_t)length >= end && strcmp(name + length - end, wanted) == 0;
}
int fsync(int fd) { if (fails(fd)) { errno = EIO; return -1; } return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { if (fails(fd)) { errno = EIO; return -1; } return syscall(SYS_fdatasync, fd); }
"#;

fn meets_a_failing_disk(file: &Path) {
    let failing = std::env::var("FLOWAI_STORE_FAILING").unwrap();
    let mut store = open(file);
    let mut after = 0;
    let seen = |store: &dyn Store| u64::try_from(store.verified("a", "r").unwrap().len()).unwrap();
    for round in 0..often(2, 100) {
        for part in ["-wal", "-head", "runs.db"] {
            store.commit(append("r", after, "before")).unwrap();
            after += 1;
            std::fs::write(&failing, part).unwrap();
            // The database itself is synced only when the log is written back, which is when it has grown.
            let length = if part == "runs.db" { 5 << 20 } else { 50_000 };
            let outcome = store.commit(append("r", after, &round.to_string().repeat(length)));
            std::fs::remove_file(&failing).unwrap();
            let visible = seen(&*store);
            match (part, &outcome) {
                ("-wal", Err(StoreError::Medium { .. })) => assert_eq!(visible, after),
                // The database has it already: whoever reads knows.
                ("-head", Err(StoreError::Medium { .. })) => assert!(visible == after || visible == after + 1),
                ("runs.db", Ok(())) => assert_eq!(visible, after + 1),
                _ => panic!("{part}: {outcome:?}"),
            }
            after = visible;
            store.commit(append("r", after, "after")).unwrap();
            after += 1;
            assert_eq!(seen(&*store), after);
        }
        drop(store);
        store = open(file);
        assert_eq!(seen(&*store), after);
    }
    say("survived");
}

#[test]
fn a_disk_that_fails_to_sync_loses_nothing() {
    let folder = Folder::new();
    let place = |name: &str| folder.file().with_file_name(name);
    std::fs::write(place("failing.c"), FAILING).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([place("failing.so"), place("failing.c")]).status();
    assert!(built.unwrap().success());
    let mut child = command("fail", &folder);
    child.env("LD_PRELOAD", place("failing.so")).env("FLOWAI_STORE_FAILING", place("failing"));
    let child = child.spawn().unwrap();
    assert!(said(child, "survived"));
    assert_eq!(SqliteStore::open(&folder.file()).unwrap().check(), Ok(vec![]));
}
