//! Deletions that hide nothing: they are dropped when no older run has the key.

use std::ops::Bound;
use std::sync::Arc;

use super::filter::hash;
use super::folder::Folder;
use super::run::Run;
use super::walk::Walk;
use tables::{Key, TableError};

/// A stretch of keys that no older run has.
pub(super) struct Gap<'r> {
    folder: &'r Folder,
    older: &'r [Arc<Run>],
    from: Bound<Key>,
    to: Bound<Key>,
}

impl<'r> Gap<'r> {
    pub(super) fn nowhere(folder: &'r Folder, older: &'r [Arc<Run>]) -> Self {
        Self {
            folder,
            older,
            from: Bound::Excluded(Key::new()),
            to: Bound::Excluded(Key::new()),
        }
    }

    /// Whether no older run has the key. Keys come in order, and most deletions are next to
    /// each other.
    pub(super) fn has(&mut self, key: &[u8]) -> Result<bool, TableError> {
        if self.covers(key) {
            return Ok(true);
        }
        (self.from, self.to) = (Bound::Unbounded, Bound::Unbounded);
        for run in self.older {
            let hash = hash(key);
            if run.filter.kinds.has(key) && !run.may_hold(key, hash) {
                // Only this key is known not to be there.
                (self.from, self.to) =
                    (Bound::Included(key.to_vec()), Bound::Included(key.to_vec()));
                continue;
            }
            let mut walk = Walk::new(run, &self.folder.cache, false);
            if walk.begin((Bound::Included(key), Bound::Unbounded))? {
                let next = walk.row().0;
                if next == key {
                    (self.from, self.to) =
                        (Bound::Excluded(Key::new()), Bound::Excluded(Key::new()));
                    return Ok(false);
                }
                let narrows = match &self.to {
                    Bound::Unbounded => true,
                    Bound::Included(to) | Bound::Excluded(to) => next < &to[..],
                };
                if narrows {
                    self.to = Bound::Excluded(next.to_vec());
                }
            }
        }
        // The next key is greater.
        self.from = Bound::Included(key.to_vec());
        Ok(true)
    }

    fn covers(&self, key: &[u8]) -> bool {
        let is_after = match &self.from {
            Bound::Included(from) => key >= &from[..],
            Bound::Excluded(from) => key > &from[..],
            Bound::Unbounded => true,
        };
        let is_before = match &self.to {
            Bound::Included(to) => key <= &to[..],
            Bound::Excluded(to) => key < &to[..],
            Bound::Unbounded => true,
        };
        is_after && is_before
    }
}
