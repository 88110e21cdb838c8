//! The latest event ids, so that a repeat is known without a look at the disk.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::keys::IdMap;

/// The ids of the latest events, in the order of positions.
#[derive(Debug, Default)]
pub(crate) struct IdWindow {
    positions: IdMap<u64>,
    order: VecDeque<Uuid>,
    /// The position of the first id in `order`.
    first: u64,
}

impl IdWindow {
    /// A window whose first id will be at `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }

    /// Adds the id of the next event.
    pub(crate) fn push(&mut self, id: Uuid) {
        let position = self.first + self.order.len() as u64;
        self.positions.insert(id, position);
        self.order.push_back(id);
    }

    /// The position of the first id.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The position of an event.
    pub(crate) fn get(&self, id: Uuid) -> Option<u64> {
        self.positions.get(&id).copied()
    }

    /// Drops ids before `position`, as long as more than `keep` are left.
    pub(crate) fn forget(&mut self, position: u64, keep: usize) {
        while self.first < position
            && self.order.len() > keep
            && let Some(id) = self.order.pop_front()
        {
            // A repeated id (a log written before the window was enlarged) keeps its later place.
            if self.positions.get(&id) == Some(&self.first) {
                self.positions.remove(&id);
            }
            self.first += 1;
        }
    }

    /// Gives memory back, if much more is held than is needed.
    pub(crate) fn shrink(&mut self) {
        let wanted = self.order.len() * 2;
        if self.positions.capacity() > wanted * 2 {
            self.positions.shrink_to(wanted);
            self.order.shrink_to(wanted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_leave_the_window_only_when_both_bounds_allow() {
        let mut window = IdWindow::new(10);
        for id in 0..5 {
            window.push(Uuid::from_u128(id));
        }
        window.forget(12, 4);
        assert_eq!(window.get(Uuid::from_u128(0)), None);
        assert_eq!(window.get(Uuid::from_u128(1)), Some(11));
        window.forget(12, 0);
        assert_eq!(window.get(Uuid::from_u128(1)), None);
        assert_eq!(window.get(Uuid::from_u128(2)), Some(12));
    }
}
