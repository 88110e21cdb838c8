//! Work that is due but better left alone for a while. In memory only: after a restart it is simply
//! due.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// How many pieces of work are held back at most; when there are more, no other is begun.
pub(super) const HELD_MAX: usize = 10_000;

/// Which work is held back until when, and how often that was for trouble inside.
#[derive(Debug)]
pub(super) struct Held<K> {
    until: BTreeMap<K, Timestamp>,
    troubles: BTreeMap<K, u32>,
}

impl<K: Ord + Clone> Held<K> {
    pub(super) fn new() -> Self {
        Self {
            until: BTreeMap::new(),
            troubles: BTreeMap::new(),
        }
    }

    pub(super) fn hold(&mut self, key: K, until: Timestamp) {
        self.until.insert(key, until);
    }

    /// Counts trouble inside with a piece of work: how often in a row by now.
    pub(super) fn trouble(&mut self, key: &K) -> u32 {
        let count = self.troubles.entry(key.clone()).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    pub(super) fn no_trouble(&mut self, key: &K) {
        self.troubles.remove(key);
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.until.contains_key(key)
    }

    pub(super) fn len(&self) -> usize {
        self.until.len()
    }

    pub(super) fn release(&mut self, now: Timestamp) {
        self.until.retain(|_, until| *until > now);
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.until.values().min().copied()
    }
}
