//! What peers have subscribed to lately, for the side that publishes.

use std::collections::BTreeSet;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The most prefixes that are remembered; beyond that it is only known that there were many.
const PREFIXES_MAX: usize = 1024;

/// The prefixes that peers subscribed to since they were last taken.
#[derive(Debug, Default)]
pub(super) struct News {
    seen: Mutex<Subscribed>,
    changed: Notify,
}

/// New subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribed {
    prefixes: BTreeSet<Bytes>,
    /// More prefixes than are remembered: every address may have a new subscriber.
    too_many: bool,
}

impl Subscribed {
    /// Whether a message with this address has a subscriber that it had not before.
    #[must_use]
    pub fn concerns(&self, address: &str) -> bool {
        let address = address.as_bytes();
        self.too_many || self.prefixes.iter().any(|one| address.starts_with(one))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.too_many && self.prefixes.is_empty()
    }

    /// Adds others to these.
    pub fn extend(&mut self, others: Self) {
        self.prefixes.extend(others.prefixes);
        self.too_many |= others.too_many;
        if self.prefixes.len() > PREFIXES_MAX {
            self.prefixes.clear();
            self.too_many = true;
        }
    }
}

impl News {
    pub(super) fn add(&self, prefix: Bytes) {
        let one = Subscribed {
            prefixes: BTreeSet::from([prefix]),
            too_many: false,
        };
        self.seen.lock().extend(one);
        self.changed.notify_one();
    }

    pub(super) fn take(&self) -> Subscribed {
        std::mem::take(&mut self.seen.lock())
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}
