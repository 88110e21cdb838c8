//! The entries of one kind in memory, by number and by unique name.

use std::collections::{BTreeMap, BTreeSet};

use super::Entry;

/// The entries of one kind.
#[derive(Debug)]
pub(super) struct Index<E> {
    by_number: BTreeMap<u64, E>,
    names: Names,
}

/// Names with the numbers of those that have them. That a name is unique is promised elsewhere; if it is not, the lower
/// number is found.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<(String, u64)>);

impl<E> Default for Index<E> {
    fn default() -> Self {
        Self {
            by_number: BTreeMap::new(),
            names: Names::default(),
        }
    }
}

impl<E: Entry> Index<E> {
    pub(super) fn all(&self) -> &BTreeMap<u64, E> {
        &self.by_number
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut E> {
        self.by_number.get_mut(&number)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&E> {
        self.by_number.get(&self.names.number(name)?)
    }

    pub(super) fn in_order_of_names(&self) -> impl Iterator<Item = &E> {
        let numbers = self.names.0.iter();
        numbers.filter_map(|(_, number)| self.by_number.get(number))
    }

    /// Returns whether the name changed.
    pub(super) fn put(&mut self, number: u64, entry: E) -> bool {
        let before = self.by_number.get(&number).map(Entry::name);
        let is_renamed = self.names.rename(before, entry.name(), number);
        self.by_number.insert(number, entry);
        is_renamed
    }
}

impl Names {
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let first = self.0.range((name.to_owned(), 0)..).next();
        let found = first.filter(|(found, _)| found == name);
        found.map(|(_, number)| *number)
    }

    /// Returns whether the name changed.
    pub(super) fn rename(&mut self, before: Option<&str>, after: &str, number: u64) -> bool {
        if before == Some(after) {
            return false;
        }
        if let Some(before) = before {
            self.0.remove(&(before.to_owned(), number));
        }
        self.0.insert((after.to_owned(), number));
        true
    }
}
