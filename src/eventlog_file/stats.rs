//! What the log counts of itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper ends of the histogram of flush times, in microseconds. One more bucket holds what took longer.
pub const SYNC_MICROSECONDS_BUCKETS: [u64; 12] = [
    25, 50, 100, 200, 400, 800, 1_600, 5_000, 20_000, 100_000, 500_000, 2_000_000,
];

/// The upper ends of the histogram of events in a batch. One more bucket holds larger ones.
pub const BATCH_EVENTS_BUCKETS: [u64; 8] = [1, 2, 4, 16, 64, 256, 1_024, 4_096];

/// What a log has counted since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Batches that were written.
    pub batches: u64,
    /// Events that were written.
    pub events: u64,
    /// Bytes that were written as frames.
    pub bytes: u64,
    /// Batches that were answered with their first result.
    pub repeated: u64,
    /// Batches that were refused because a stream was not as expected.
    pub conflicts: u64,
    /// Batches that were told to come back later.
    pub busy: u64,
    /// How often something was to be read that is damaged.
    pub damage_met: u64,
    /// Flushes of the commit path.
    pub syncs: u64,
    /// How long all flushes took together, in microseconds.
    pub sync_microseconds: u64,
    /// How long the last flush took, in microseconds.
    pub sync_microseconds_last: u64,
    /// How long the longest flush took, in microseconds.
    pub sync_microseconds_max: u64,
    /// How many flushes took up to each of [`SYNC_MICROSECONDS_BUCKETS`] and more than the one before;
    /// the last one counts the rest.
    pub sync_buckets: [u64; SYNC_MICROSECONDS_BUCKETS.len() + 1],
    /// How many batches had up to so many events as [`BATCH_EVENTS_BUCKETS`] say and more than the one before;
    /// the last one counts the rest.
    pub batch_buckets: [u64; BATCH_EVENTS_BUCKETS.len() + 1],
    /// Batches that wait now.
    pub queue_depth: u64,
    /// Segments that there are.
    pub segments: u64,
    /// Bytes that the segments take up to their last frames, and their sidecars.
    pub disk_bytes: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    batch_buckets: [AtomicU64; BATCH_EVENTS_BUCKETS.len() + 1],
    pub(crate) events: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) busy: AtomicU64,
    pub(crate) damage_met: AtomicU64,
    syncs: AtomicU64,
    sync_microseconds: AtomicU64,
    sync_microseconds_last: AtomicU64,
    sync_microseconds_max: AtomicU64,
    sync_buckets: [AtomicU64; SYNC_MICROSECONDS_BUCKETS.len() + 1],
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl Counters {
    /// A batch of so many events was written.
    pub(crate) fn written(&self, events: usize) {
        add(&self.batches, 1);
        let bucket = BATCH_EVENTS_BUCKETS.partition_point(|&upper| upper < events as u64);
        add(&self.batch_buckets[bucket], 1);
    }

    pub(crate) fn synced(&self, took: Duration) {
        let microseconds = took.as_micros() as u64;
        add(&self.syncs, 1);
        add(&self.sync_microseconds, microseconds);
        self.sync_microseconds_last
            .store(microseconds, Ordering::Relaxed);
        self.sync_microseconds_max
            .fetch_max(microseconds, Ordering::Relaxed);
        let bucket = SYNC_MICROSECONDS_BUCKETS.partition_point(|&upper| upper < microseconds);
        add(&self.sync_buckets[bucket], 1);
    }

    /// How long the last flush took.
    pub(crate) fn last_sync(&self) -> Duration {
        Duration::from_micros(self.sync_microseconds_last.load(Ordering::Relaxed))
    }

    /// What was counted; what lies on the disk and in the queue is for the log to fill in.
    pub(crate) fn snapshot(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            batches: get(&self.batches),
            events: get(&self.events),
            bytes: get(&self.bytes),
            repeated: get(&self.repeated),
            conflicts: get(&self.conflicts),
            busy: get(&self.busy),
            damage_met: get(&self.damage_met),
            syncs: get(&self.syncs),
            sync_microseconds: get(&self.sync_microseconds),
            sync_microseconds_last: get(&self.sync_microseconds_last),
            sync_microseconds_max: get(&self.sync_microseconds_max),
            sync_buckets: std::array::from_fn(|index| get(&self.sync_buckets[index])),
            batch_buckets: std::array::from_fn(|index| get(&self.batch_buckets[index])),
            ..Stats::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_is_counted_in_the_bucket_that_it_fits() {
        let counters = Counters::default();
        for microseconds in [25, 26, 3_000_000] {
            counters.synced(Duration::from_micros(microseconds));
        }
        let stats = counters.snapshot();
        assert_eq!(stats.sync_buckets[..2], [1, 1]);
        assert_eq!(stats.sync_buckets[12], 1);
        assert_eq!(stats.sync_microseconds_max, 3_000_000);
        assert_eq!(stats.syncs, 3);
    }

    #[test]
    fn a_batch_is_counted_in_the_bucket_that_it_fits() {
        let counters = Counters::default();
        for events in [1, 1, 2, 3, 5_000] {
            counters.written(events);
        }
        let stats = counters.snapshot();
        assert_eq!(stats.batch_buckets, [2, 1, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(stats.batches, 5);
    }
}
