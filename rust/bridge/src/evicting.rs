//! A memory of what was looked at lately.

use std::collections::HashMap;
use std::hash::Hash;

/// Remembers so many things and then begins anew, so that nothing that a user made is kept for ever.
pub struct Evicting<K, V, const COUNT_MAX: usize>(HashMap<K, V>);

impl<K, V, const COUNT_MAX: usize> Default for Evicting<K, V, COUNT_MAX> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash, V, const COUNT_MAX: usize> Evicting<K, V, COUNT_MAX> {
    /// What is remembered.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// Remembers one thing more, and gives what is forgotten for it: to be dropped outside of any lock.
    #[must_use]
    pub fn insert(&mut self, key: K, value: V) -> HashMap<K, V> {
        let old = if self.0.len() < COUNT_MAX { HashMap::new() } else { std::mem::take(&mut self.0) };
        self.0.insert(key, value);
        old
    }
}
