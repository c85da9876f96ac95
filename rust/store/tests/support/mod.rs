//! What the tests of stores share: a folder that goes away.
#![allow(dead_code, reason = "each test takes what it needs")]

pub mod changes;
pub mod seen;
pub mod story;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often something is tried: a few times, or, with `FLOWAI_SOAK=1`, as often as it takes.
pub fn often(few: usize, many: usize) -> usize {
    if std::env::var("FLOWAI_SOAK").is_ok_and(|soak| soak == "1") { many } else { few }
}

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A folder of its own for each test, gone with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        // In memory where that can be had: no test here cuts the power, and syncing costs most of the time.
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let path = base.join(format!("flowai-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn head(&self) -> PathBuf {
        self.0.join("runs.db-head")
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("runs.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
