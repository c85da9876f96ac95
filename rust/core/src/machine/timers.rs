//! Timers: absolute moments at which the machine has work.

use std::collections::BTreeMap;

/// What a timer does when its moment comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// A sleep or the wait before an attempt is over.
    Wake(u32),
    /// What a branch does above this height of its stack has taken too long.
    Timeout { branch: u32, height: usize },
    /// A write that was interrupted has had its grace.
    Grace(u32),
}

/// In order of their moments; equal moments fire in the order in which they were set.
#[derive(Default)]
pub(super) struct Timers {
    set: BTreeMap<(i64, u64), Alarm>,
    moments: BTreeMap<u64, i64>,
    drawn: u64,
}

impl Timers {
    pub fn add(&mut self, at: i64, alarm: Alarm) -> u64 {
        self.drawn = self.drawn.saturating_add(1);
        self.set.insert((at, self.drawn), alarm);
        self.moments.insert(self.drawn, at);
        self.drawn
    }

    pub fn remove(&mut self, timer: u64) {
        if let Some(at) = self.moments.remove(&timer) {
            self.set.remove(&(at, timer));
        }
    }

    pub fn next_at(&self) -> Option<i64> {
        self.set.keys().next().map(|(at, _)| *at)
    }

    /// The first timer that is due, taken out.
    pub fn take_due(&mut self, now: i64) -> Option<(u64, Alarm)> {
        let (&(at, timer), &alarm) = self.set.iter().next()?;
        if at > now {
            return None;
        }
        self.remove(timer);
        Some((timer, alarm))
    }
}
