//! Damage is told, or it does no harm: what was acknowledged reads back as it was, or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use flowai_core::store::{Batch, Store, StoreError, Write};
use flowai_store::SqliteStore;
use serde_json::json;
use support::seen::{asked, seen};
use support::story::told;
use support::{Folder, often};

const PARTS: [&str; 3] = ["", "-wal", "-head"];

fn part(folder: &Folder, name: &str) -> PathBuf {
    let mut path = folder.file().into_os_string();
    path.push(name);
    PathBuf::from(path)
}

/// The files of a store that is open, as a crash would leave them.
fn files(folder: &Folder) -> BTreeMap<&'static str, Vec<u8>> {
    PARTS.into_iter().filter_map(|name| Some((name, fs::read(part(folder, name)).ok()?))).collect()
}

fn put(files: &BTreeMap<&'static str, Vec<u8>>) -> Folder {
    let folder = Folder::new();
    for (name, bytes) in files {
        fs::write(part(&folder, name), bytes).unwrap();
    }
    folder
}

/// What reads back as something else than it was.
fn changed<'a>(found: &'a [(String, Result<String, StoreError>)], expected: &[(String, String)]) -> Vec<&'a str> {
    let pairs = found.iter().zip(expected);
    let differing = pairs.filter(|((_, found), (_, expected))| found.as_ref().is_ok_and(|found| found != expected));
    differing.map(|((name, _), _)| name.as_str()).collect()
}

#[test]
fn a_flipped_byte_is_told_or_does_no_harm() {
    let folder = Folder::new();
    let (store, model) = told(&folder);
    let (open, expected) = (files(&folder), seen(&model));
    drop(store);
    // Once closed, a store has no log: everything stands in the database.
    let closed = files(&folder);
    let states: Vec<_> =
        [&open, &closed].into_iter().flat_map(|files| files.keys().map(move |name| (files, *name))).collect();
    let (mut told, mut harmless) = (0_usize, 0_usize);
    for number in 0..often(600, 10_000) {
        // Steps that share no divisor with a page, so that every kind of place is met.
        let (whole, name) = states[number % states.len()];
        let mut files = whole.clone();
        let bytes = files.get_mut(name).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        bytes[number.wrapping_mul(7_919) % used] ^= 1 << (number % 8);
        let folder = put(&files);
        match SqliteStore::open(&folder.file()) {
            Err(_) => told += 1,
            Ok(store) => {
                let found = asked(&store);
                let changed: Vec<&str> = changed(&found, &expected);
                assert!(changed.is_empty(), "flip {number} in `{name}` changed {changed:?} unseen");
                if found.iter().any(|(_, found)| found.is_err()) {
                    assert_ne!(store.check(), Ok(vec![]), "a check does not find flip {number} in `{name}`");
                    told += 1;
                } else {
                    harmless += 1;
                }
            }
        }
    }
    println!("flips: {told} told, {harmless} harmless, 0 unseen");
}

#[test]
fn a_log_that_is_cut_is_told_and_the_rest_stays_usable() {
    let folder = Folder::new();
    let (store, model) = told(&folder);
    let (whole, expected) = (files(&folder), seen(&model));
    drop(store);
    let length = whole["-wal"].len();
    for cut in (0..length).step_by((length / often(12, 400)).max(1)) {
        let mut files = whole.clone();
        files.get_mut("-wal").unwrap().truncate(cut);
        let folder = put(&files);
        // Twice: what was found to be gone is remembered.
        for _ in 0..2 {
            let mut store = SqliteStore::open(&folder.file()).unwrap();
            let found = asked(&store);
            assert!(found.iter().any(|(_, found)| found.is_err()), "nothing is told of a log cut at {cut}");
            assert!(!store.check().unwrap().is_empty(), "a check finds nothing in a log cut at {cut}");
            let changed = changed(&found, &expected);
            assert!(changed.is_empty(), "{changed:?} changed unseen, cut at {cut}");
            let content = Write::Content { tenant: "a".to_owned(), body: json!("short") };
            store.commit(Batch::new().with(content)).unwrap();
        }
    }
}

#[test]
fn a_torn_head_was_never_acknowledged_and_catches_up() {
    let folder = Folder::new();
    let (store, model) = told(&folder);
    let (whole, expected) = (files(&folder), seen(&model));
    drop(store);
    let head = &whole["-head"];
    let end = head.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let start = head[..end - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let cuts = (start..end).step_by(often(9, 1));
    for (cut, is_short) in cuts.flat_map(|cut| [(cut, false), (cut, true)]) {
        let mut files = whole.clone();
        let torn = files.get_mut("-head").unwrap();
        if is_short {
            torn.truncate(cut);
        } else {
            torn[cut..].fill(0);
        }
        let folder = put(&files);
        let mut store = SqliteStore::open(&folder.file()).unwrap();
        assert_eq!(seen(&store), expected);
        let content = Write::Content { tenant: "a".to_owned(), body: json!(cut) };
        store.commit(Batch::new().with(content)).unwrap();
        drop(store);
        assert_eq!(fs::read(part(&folder, "-head")).unwrap()[..end], head[..end], "the head did not catch up at {cut}");
        assert_eq!(seen(&SqliteStore::open(&folder.file()).unwrap()), expected);
    }
}

fn refusal(folder: &Folder) -> String {
    match SqliteStore::open(&folder.file()) {
        Err(StoreError::Foreign { message }) => message.replace(&folder.file().display().to_string(), "runs.db"),
        Err(fault) => panic!("{fault:?}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn a_database_and_a_head_that_do_not_belong_together_are_refused() {
    let (one, other) = (Folder::new(), Folder::new());
    let (store, mut other_store) = (told(&one).0, told(&other).0);
    let files_of_one = files(&one);
    drop(store);
    let without_head = put(&files_of_one);
    fs::remove_file(without_head.head()).unwrap();
    assert!(refusal(&without_head).contains("is missing: a store is its database and its head together"));

    let mixed = put(&files_of_one);
    fs::copy(other.head(), mixed.head()).unwrap();
    assert!(refusal(&mixed).contains("is the head of another store"));

    let earlier = files(&other);
    let content = |number: u64| Write::Content { tenant: "a".to_owned(), body: json!(number) };
    (0..3).for_each(|number| other_store.commit(Batch::new().with(content(number))).unwrap());
    drop(other_store);
    let older_head = put(&earlier);
    fs::copy(other.file(), older_head.file()).unwrap();
    fs::remove_file(part(&older_head, "-wal")).unwrap();
    assert!(refusal(&older_head).contains("has come further than its head"));

    let gone = put(&files_of_one);
    fs::remove_file(part(&gone, "-wal")).unwrap();
    fs::write(gone.file(), b"").unwrap();
    assert!(refusal(&gone).contains("is empty, but its head has seen"));
}

#[test]
fn what_is_no_store_of_ours_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::write(folder.file(), b"a letter to a friend, long enough to be taken for the first page of a database?")
        .unwrap();
    assert_eq!(refusal(&folder), "`runs.db` is no SQLite database");
    fs::remove_file(folder.file()).unwrap();
    rusqlite::Connection::open(folder.file()).unwrap().execute_batch("CREATE TABLE mine (a)").unwrap();
    let before = fs::read(folder.file()).unwrap();
    assert_eq!(refusal(&folder), "`runs.db` is a SQLite database, but no store");
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[test]
fn a_store_of_a_newer_release_is_refused() {
    let folder = Folder::new();
    drop(told(&folder));
    let raw = rusqlite::Connection::open(folder.file()).unwrap();
    raw.execute_batch("INSERT INTO versions VALUES (7)").unwrap();
    drop(raw);
    assert_eq!(refusal(&folder), "`runs.db` is a store of version 7; this release knows version 1");
}

#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _store = told(&folder);
    for name in PARTS {
        let mode = fs::metadata(part(&folder, name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "`{name}`");
    }
}
