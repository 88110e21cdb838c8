//! Writes that happen together.

use std::collections::{BTreeMap, btree_map};

use crate::range::Bounds;
use crate::{Key, Value};

/// A set of writes for one table, at most one per key: the last write to a key wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// `None` deletes.
    writes: BTreeMap<Key, Option<Value>>,
}

impl Batch {
    /// A batch without writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value under `key`.
    pub fn put(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        self.writes.insert(key.into(), Some(value.into()));
    }

    /// Removes the row under `key`, if there is one.
    pub fn delete(&mut self, key: impl Into<Key>) {
        self.writes.insert(key.into(), None);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// How many keys are written or deleted.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// What the batch does to `key`: nothing, delete it (`Some(None)`), or set it.
    pub fn get(&self, key: &[u8]) -> Option<Option<&Value>> {
        self.writes.get(key).map(Option::as_ref)
    }

    /// All writes in key order; `None` deletes.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, Option<&Value>)> {
        self.writes.iter().map(|(key, value)| (key, value.as_ref()))
    }

    /// The writes within these bounds, which must not lie the wrong way round.
    pub(crate) fn range(&self, bounds: Bounds<'_>) -> btree_map::Range<'_, Key, Option<Value>> {
        self.writes.range::<[u8], _>(bounds)
    }

    /// Adds the writes of `later`, which win.
    pub fn merge(&mut self, later: Self) {
        if self.writes.is_empty() {
            self.writes = later.writes;
        } else {
            self.writes.extend(later.writes);
        }
    }
}
