//! What a reactor did so far, for meters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Counters of one reactor.
#[derive(Debug, Default)]
pub struct FrameStats {
    pub(super) attempts: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) postponed: AtomicU64,
    pub(super) in_flight: AtomicU64,
    pub(super) queued: AtomicU64,
    outcomes: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsReading {
    pub attempts: u64,
    /// Attempts that failed outside and will be followed by another.
    pub retried: u64,
    /// Pieces of work that were given up after their last attempt.
    pub abandoned: u64,
    /// Attempts that were postponed: too early, or our own log was busy.
    pub postponed: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// Pieces of work that wait, due or not.
    pub queued: u64,
    /// What came out, by kind.
    pub outcomes: BTreeMap<&'static str, u64>,
}

impl FrameStats {
    /// What they show now.
    #[must_use]
    pub fn read(&self) -> StatsReading {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatsReading {
            attempts: read(&self.attempts),
            retried: read(&self.retried),
            abandoned: read(&self.abandoned),
            postponed: read(&self.postponed),
            in_flight: read(&self.in_flight),
            queued: read(&self.queued),
            outcomes: self.outcomes.lock().clone(),
        }
    }

    pub(super) fn outcome(&self, kind: &'static str) {
        *self.outcomes.lock().entry(kind).or_insert(0) += 1;
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
