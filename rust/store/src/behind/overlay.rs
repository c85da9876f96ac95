//! The overlay: what was written and is not durable yet, in order.

use std::collections::BTreeMap;

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::json::Digest;
use flowai_core::plans::PlanInstance;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{HistoryKey, RunRow, StoredRecord, Versioned};
use serde_json::Value;

/// Tenant, then id.
pub(super) type Key = (String, String);

/// The number of a batch, in the order in which batches became visible.
pub(super) type Ticket = u64;

/// What each batch wrote to one thing, oldest first.
#[derive(Debug)]
pub(super) struct Layers<K, V>(BTreeMap<K, Vec<(Ticket, V)>>);

impl<K, V> Default for Layers<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V> Layers<K, V> {
    /// What stands on top.
    pub fn last(&self, key: &K) -> Option<&V> {
        self.all(key).last()
    }

    /// Everything that was written to it.
    pub fn all(&self, key: &K) -> impl DoubleEndedIterator<Item = &V> {
        self.0.get(key).into_iter().flatten().map(|(_, value)| value)
    }

    /// What stands on top of each thing.
    pub fn tops(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().filter_map(|(key, layers)| layers.last().map(|(_, value)| (key, value)))
    }

    pub fn push(&mut self, ticket: Ticket, key: K, value: V) {
        self.0.entry(key).or_default().push((ticket, value));
    }

    fn remove(&mut self, gone: &dyn Fn(Ticket) -> bool) {
        self.0.retain(|_, layers| {
            layers.retain(|(ticket, _)| !gone(*ticket));
            !layers.is_empty()
        });
    }

    /// Changes every layer in place.
    pub fn each(&mut self, change: &mut dyn FnMut(&mut V)) {
        self.0.values_mut().flatten().for_each(|(_, value)| change(value));
    }
}

/// What was written and is not durable yet.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub records: Layers<Key, Vec<StoredRecord>>,
    pub runs: Layers<Key, Versioned<RunRow>>,
    /// How many messages stay, and those after them.
    pub histories: Layers<HistoryKey, (usize, Vec<Value>)>,
    pub plans: Layers<Key, Versioned<PlanInstance>>,
    pub current_plans: Layers<(String, String, Option<String>), String>,
    pub approvals: Layers<Key, Versioned<Approval>>,
    pub spending: Layers<Key, Versioned<Spent>>,
    pub references: Layers<(String, Handle), Entry>,
    pub contents: Layers<(String, Digest), Value>,
}

impl Overlay {
    /// Forgets what some batches wrote: it is durable, or it never will be.
    pub fn remove(&mut self, gone: &dyn Fn(Ticket) -> bool) {
        self.records.remove(gone);
        self.runs.remove(gone);
        self.histories.remove(gone);
        self.plans.remove(gone);
        self.current_plans.remove(gone);
        self.approvals.remove(gone);
        self.spending.remove(gone);
        self.references.remove(gone);
        self.contents.remove(gone);
    }
}
