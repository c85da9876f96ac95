//! Erasing what was said in a thread from a store in memory; digests stay, so that its chains still verify.

use serde_json::Value;

use super::keys::RunRow;
use super::memory::{Key, MemoryStore};

impl MemoryStore {
    /// Erases what the runs of a thread said, as far as they are over; tells how many records lost their bodies.
    pub(super) fn erase(&mut self, tenant: &str, thread: &str) -> usize {
        let is_over = |row: &RunRow| !row.status.is_active();
        let of_thread = |row: &RunRow| row.tenant == tenant && row.thread.as_deref() == Some(thread);
        let over: Vec<Key> = self
            .runs
            .iter()
            .filter(|(_, row)| of_thread(&row.value) && is_over(&row.value))
            .map(|(key, _)| key.clone())
            .collect();
        if self.runs.values().all(|row| !of_thread(&row.value) || is_over(&row.value)) {
            self.forget_thread(tenant, thread);
        }
        self.approvals.retain(|(owner, _), row| {
            owner != tenant || !over.iter().any(|(_, run_id)| *run_id == row.value.bound.run_id)
        });
        over.iter().map(|key| self.erase_run(key)).sum()
    }

    fn erase_run(&mut self, key: &Key) -> usize {
        if let Some(row) = self.runs.get_mut(key) {
            row.version = row.version.saturating_add(1);
            row.value.body = Value::Null;
        }
        let records = self.journals.get_mut(key).into_iter().flatten();
        records.filter_map(|stored| stored.record.take()).count()
    }

    /// What is kept of the thread itself and not of one of its runs.
    fn forget_thread(&mut self, tenant: &str, thread: &str) {
        self.histories.retain(|key, _| key.tenant != tenant || key.thread != thread);
        self.plans.retain(|(owner, _), row| owner != tenant || row.value.thread() != thread);
        self.current_plans.retain(|(owner, named, _), _| owner != tenant || named != thread);
    }
}
