//! The heads of streams in sealed segments, within a memory limit.

use crate::keys::{StreamKey, StreamMap};

/// A cache in two generations: a used entry moves to the young one, and when that is full, the old
/// one is dropped. That is nearly the order of last use, without a list to keep.
#[derive(Debug)]
pub(crate) struct HeadCache {
    young: StreamMap<u64>,
    old: StreamMap<u64>,
    generation_max: usize,
}

impl HeadCache {
    /// A cache of this many heads.
    pub(crate) fn new(heads_max: usize) -> Self {
        Self {
            young: StreamMap::default(),
            old: StreamMap::default(),
            generation_max: (heads_max / 2).max(1),
        }
    }

    /// The head of a stream, if it is here.
    pub(crate) fn get(&mut self, key: StreamKey) -> Option<u64> {
        if let Some(&head) = self.young.get(&key) {
            return Some(head);
        }
        let head = *self.old.get(&key)?;
        self.put(key, head);
        Some(head)
    }

    /// Remembers a head; a later one replaces it.
    pub(crate) fn put(&mut self, key: StreamKey, head: u64) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&key) {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(key, head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_heads_stay_and_unused_ones_are_dropped() {
        let mut cache = HeadCache::new(4);
        cache.put(1, 10);
        for key in 2..20 {
            cache.put(key, 0);
            assert_eq!(cache.get(1), Some(10), "after {key}");
        }
        assert_eq!(cache.get(2), None);
        assert!(cache.young.len() + cache.old.len() <= 4);
    }

    #[test]
    fn a_later_head_replaces_an_earlier_one_of_the_old_generation() {
        let mut cache = HeadCache::new(2);
        cache.put(1, 10);
        cache.put(2, 20);
        cache.put(1, 11);
        cache.put(2, 21);
        assert_eq!(cache.get(1), Some(11));
    }
}
