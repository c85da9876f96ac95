//! Budgets in a session: what a thread has used is read when a run begins and kept as it goes on.

use super::Session;
use super::desk::{Desk, stored};
use crate::budget::Spent;
use crate::fault::Fault;
use crate::store::{Batch, StoreError, Write};

impl Session {
    pub(super) fn open_purse(&mut self) {
        let now = self.interpreter.now();
        let is_kept = self.desk.context.thread_id.is_some() && self.machine.purse().limits_thread();
        // What the run used before it was resumed is counted as its journal tells of it.
        let before = self.interpreter.is_replaying();
        let spent = is_kept.then(|| if before { self.desk.spending_of_others() } else { self.desk.spending() });
        let purse = self.machine.purse();
        purse.start(now);
        if let Some(spent) = spent {
            purse.of_thread(spent);
        }
    }

    /// The journal has told all that it has: time goes on from now, and what others used meanwhile counts.
    pub(super) fn end_replay(&mut self) {
        let (was, limits_thread) = (self.replayed_until, self.machine.purse().limits_thread());
        let now = self.interpreter.now();
        let saved = if self.keeps() { Some(self.desk.spending_under(&self.desk.of_run())) } else { None };
        let purse = self.machine.purse();
        match saved {
            Some(Ok(saved)) => purse.recount(saved),
            Some(Err(fault)) => purse.of_thread(Err(fault)),
            None => drop(purse.take_unsaved(was)),
        }
        if !self.paused {
            purse.pause(was);
            purse.resume(now);
        }
        if limits_thread && self.desk.context.thread_id.is_some() {
            let spent = self.desk.spending();
            self.machine.purse().of_thread(spent);
        }
        if self.keeps() {
            self.save_spending(false);
        }
    }

    /// Keeps what was used: before a call is made where the thread is limited or the run is kept, else once, at the
    /// end.
    pub(super) fn save_spending(&mut self, is_over: bool) {
        // Nobody can come back to the thread of a run without one.
        if self.desk.context.thread_id.is_none() {
            return;
        }
        let keeps = self.keeps();
        let purse = self.machine.purse();
        if !(is_over || (purse.limits_thread() || keeps) && purse.has_unsaved()) {
            return;
        }
        let (now, limits_thread) = (self.interpreter.now(), purse.limits_thread());
        let unsaved = self.machine.purse().take_unsaved(now);
        if unsaved == Spent::default() {
            return;
        }
        let kept = self.desk.spend(&self.desk.thread(), unsaved);
        if keeps {
            // A store that refuses one of them refuses the batch of both.
            drop(self.desk.spend(&self.desk.of_run(), unsaved));
        }
        if limits_thread {
            self.machine.purse().of_thread(kept);
        }
    }
}

impl Desk {
    /// What the run's thread has used.
    fn spending(&self) -> Result<Spent, Fault> {
        self.spending_under(&self.thread())
    }

    /// What the thread's other runs have used.
    fn spending_of_others(&self) -> Result<Spent, Fault> {
        Ok(self.spending()?.minus(self.spending_under(&self.of_run())?))
    }

    fn spending_under(&self, name: &str) -> Result<Spent, Fault> {
        let row = self.lock().spending(&self.context.tenant, name).map_err(|error| stored(&error))?;
        Ok(row.map_or_else(Spent::default, |row| row.value))
    }

    /// The name under which the run's own part is kept.
    fn of_run(&self) -> String {
        format!("run:{}", self.context.run_id)
    }

    /// Adds to what was used under a name; gives all of it.
    fn spend(&self, name: &str, more: Spent) -> Result<Spent, Fault> {
        loop {
            match self.try_add(name, more) {
                // Another run of the thread was faster: what stands is read again.
                Err(StoreError::Stale { .. }) => {}
                kept => return kept.map_err(|error| stored(&error)),
            }
        }
    }

    fn try_add(&self, name: &str, more: Spent) -> Result<Spent, StoreError> {
        let tenant = self.context.tenant.clone();
        let mut store = self.lock();
        let row = store.spending(&tenant, name)?;
        let version = row.as_ref().map_or(0, |row| row.version);
        let spent = row.map_or_else(Spent::default, |row| row.value).plus(more);
        let write = Write::Spending { version, tenant, thread: name.to_owned(), spent };
        store.stage(&self.context.run_id, Batch::new().with(write))?;
        Ok(spent)
    }
}
