//! Meetings of threads: where a barrier would let the others wait for ever for one that has panicked, these end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Where so many threads meet, again and again.
pub struct Meeting {
    count: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: usize,
    met: usize,
    is_off: bool,
}

impl Meeting {
    pub fn of(count: usize) -> Self {
        Self { count, state: Mutex::default(), changed: Condvar::new() }
    }

    /// What each of the threads holds.
    pub fn seat(&self) -> Seat<'_> {
        Seat(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread's part in a meeting.
pub struct Seat<'a>(&'a Meeting);

impl Seat<'_> {
    /// Waits until all are here.
    ///
    /// # Panics
    ///
    /// When another one has panicked: it will not come.
    pub fn wait(&self) {
        let Meeting { count, changed, .. } = self.0;
        let mut state = self.0.state();
        state.waiting += 1;
        if state.waiting == *count {
            state.waiting = 0;
            state.met += 1;
            changed.notify_all();
            return;
        }
        let met = state.met;
        let state = changed.wait_while(state, |state| state.met == met && !state.is_off);
        let has_met = state.unwrap_or_else(PoisonError::into_inner).met != met;
        assert!(has_met, "another thread has panicked");
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state().is_off = true;
            self.0.changed.notify_all();
        }
    }
}

#[test]
fn nobody_waits_for_one_that_has_panicked() {
    let meeting = Meeting::of(3);
    let ended = thread::scope(|scope| {
        let waiting = [(); 2].map(|()| scope.spawn(|| meeting.seat().wait()));
        let panicked = scope.spawn(|| {
            let _seat = meeting.seat();
            panic!("it does not come");
        });
        waiting.into_iter().chain([panicked]).map(|thread| thread.join().is_err()).collect::<Vec<_>>()
    });
    assert_eq!(ended, [true; 3]);
}

#[test]
fn those_that_meet_go_on_together() {
    let meeting = Meeting::of(2);
    let both = thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                let seat = meeting.seat();
                (0..10).for_each(|_| seat.wait());
            })
        });
        threads.map(|thread| thread.join().is_ok())
    });
    assert_eq!(both, [true; 2]);
    assert_eq!(meeting.state().met, 10);
}
