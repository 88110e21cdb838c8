//! What the log counts of itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventlog::{BATCH_EVENTS_BUCKETS, LogStats, SYNC_MICROSECONDS_BUCKETS};

/// The counters behind [`LogStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    batch_buckets: [AtomicU64; BATCH_EVENTS_BUCKETS.len() + 1],
    pub(crate) events: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) busy: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) damage_met: AtomicU64,
    syncs: AtomicU64,
    sync_microseconds: AtomicU64,
    sync_microseconds_last: AtomicU64,
    sync_microseconds_max: AtomicU64,
    sync_buckets: [AtomicU64; SYNC_MICROSECONDS_BUCKETS.len() + 1],
}

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

    /// The counters; the log adds the sizes of the disk and the queue.
    pub(crate) fn snapshot(&self) -> LogStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LogStats {
            batches: get(&self.batches),
            events: get(&self.events),
            bytes: get(&self.bytes),
            repeated: get(&self.repeated),
            conflicts: get(&self.conflicts),
            busy: get(&self.busy),
            unknown: get(&self.unknown),
            damage_met: get(&self.damage_met),
            syncs: get(&self.syncs),
            sync_microseconds: get(&self.sync_microseconds),
            sync_microseconds_last: get(&self.sync_microseconds_last),
            sync_microseconds_max: get(&self.sync_microseconds_max),
            sync_buckets: std::array::from_fn(|index| get(&self.sync_buckets[index])),
            batch_buckets: std::array::from_fn(|index| get(&self.batch_buckets[index])),
            ..LogStats::default()
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
