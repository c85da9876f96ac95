//! The room of a session: one thread at a time is in the core, and whoever drives the run goes first.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{ThreadId, current, sleep};
use std::time::Duration;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::session::Session as Core;
use pyo3::prelude::*;

use crate::exit::{self, Inside};
use crate::fault::error_of;

/// How long a thread lets go of Python before it looks again whether the room is free.
const PATIENCE: Duration = Duration::from_micros(50);

/// The core and who is in it.
pub struct Room {
    core: Mutex<Core>,
    inside: Mutex<Option<ThreadId>>,
    /// Whether the driver waits at the door; readers let it go first.
    wanted: AtomicBool,
    /// Whether the driver was turned away, because its own thread was reading.
    missed: AtomicBool,
}

/// A thread's stay in the core.
pub struct Stay<'a> {
    core: MutexGuard<'a, Core>,
    inside: &'a Mutex<Option<ThreadId>>,
    _counted: Inside,
}

impl Deref for Stay<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl DerefMut for Stay<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        &mut self.core
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Room {
    pub fn new(core: Core) -> Self {
        Self {
            core: Mutex::new(core),
            inside: Mutex::default(),
            wanted: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    /// Goes in to drive the run, past every reader; none where this very thread is inside, or the process ends.
    pub fn drive(&self, py: Python<'_>) -> Option<Stay<'_>> {
        loop {
            if exit::refuses() {
                return None;
            }
            if let Some(stay) = self.try_enter() {
                self.wanted.store(false, Ordering::SeqCst);
                return Some(stay);
            }
            if self.is_inside() {
                self.missed.store(true, Ordering::SeqCst);
                return None;
            }
            self.wanted.store(true, Ordering::SeqCst);
            py.detach(|| sleep(PATIENCE));
        }
    }

    /// Goes in to look, without holding Python while somebody else is there.
    pub fn read(&self, py: Python<'_>) -> PyResult<Stay<'_>> {
        loop {
            if !self.wanted.load(Ordering::SeqCst)
                && let Some(stay) = self.try_enter()
            {
                return Ok(stay);
            }
            if self.is_inside() {
                let fault = Fault::new(FaultKind::ProgramError, "a handler cannot look into the run that it answers");
                return Err(error_of(py, &fault.hint("read the run's events after it has gone on")));
            }
            // A thread that let go of Python now would not get it back, here in the middle of Rust.
            if exit::refuses() {
                return Err(error_of(py, &Fault::new(FaultKind::ProgramError, "the process is ending")));
            }
            py.detach(|| sleep(PATIENCE));
        }
    }

    /// Whether a driver was turned away since the last time that somebody asked.
    pub fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::SeqCst)
    }

    fn try_enter(&self) -> Option<Stay<'_>> {
        let core = match self.core.try_lock() {
            Ok(core) => core,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) = Some(current().id());
        Some(Stay { core, inside: &self.inside, _counted: Inside::enter() })
    }

    fn is_inside(&self) -> bool {
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) == Some(current().id())
    }
}
