//! The exit of the process: no other thread may be inside the core when Python ends it.
//!
//! Python ends a daemon thread where it waits for the interpreter lock. A thread that waits there in a
//! call from Rust would take the process down with it.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{ThreadId, current, sleep};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::bell::stop_runtime;

/// How long the exit waits for other threads.
const WAIT_MAX: Duration = Duration::from_secs(1);

static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// The thread that ends the process, once it does.
static LAST: Mutex<Option<ThreadId>> = Mutex::new(None);

thread_local! {
    /// How often this thread is inside, which a forked child goes on with.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// Counts a thread while it is inside the core.
pub struct Inside;

impl Inside {
    /// Counts this thread.
    pub fn enter() -> Self {
        HERE.set(HERE.get().saturating_add(1));
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        HERE.set(HERE.get().saturating_sub(1));
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether this thread may not enter the core any more.
pub fn refuses() -> bool {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|last| last != current().id())
}

/// Begins anew in a forked child, which has one thread; the others of its parent are not inside here.
#[pyfunction]
pub fn forked() {
    INSIDE.store(HERE.get(), Ordering::SeqCst);
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Lets no other thread into the core from now on, waits for those inside, and stops tokio.
#[pyfunction]
pub fn stop(py: Python<'_>) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(current().id());
    let until = Instant::now() + WAIT_MAX;
    while INSIDE.load(Ordering::SeqCst) > 0 && Instant::now() < until {
        py.detach(|| sleep(Duration::from_millis(1)));
    }
    py.detach(stop_runtime);
}
