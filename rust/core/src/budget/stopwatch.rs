//! A stopwatch: how long a run has been at work, without its waiting for humans.

/// Stands while only humans are waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopwatch {
    started_at: i64,
    stood_ms: i64,
    stands_since: Option<i64>,
}

impl Stopwatch {
    /// One that runs from a moment on.
    pub fn started(at: i64) -> Self {
        Self { started_at: at, ..Self::default() }
    }

    /// Stands from now on.
    pub fn stop(&mut self, now: i64) {
        self.stands_since.get_or_insert(now);
    }

    /// Goes on.
    pub fn go_on(&mut self, now: i64) {
        if let Some(since) = self.stands_since.take() {
            self.stood_ms = self.stood_ms.saturating_add(now.saturating_sub(since));
        }
    }

    /// How long it ran.
    pub fn elapsed_ms(&self, now: i64) -> u64 {
        let now = self.stands_since.unwrap_or(now);
        let ran = now.saturating_sub(self.started_at).saturating_sub(self.stood_ms);
        u64::try_from(ran).unwrap_or_default()
    }
}
