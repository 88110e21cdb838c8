//! What a log counts of itself.

/// The upper ends of the histogram of flush times, in microseconds. One more bucket holds what took
/// longer.
pub const SYNC_MICROSECONDS_BUCKETS: [u64; 12] = [
    25, 50, 100, 200, 400, 800, 1_600, 5_000, 20_000, 100_000, 500_000, 2_000_000,
];

/// The upper ends of the histogram of events in a batch. One more bucket holds larger ones.
pub const BATCH_EVENTS_BUCKETS: [u64; 8] = [1, 2, 4, 16, 64, 256, 1_024, 4_096];

/// What a log has counted since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    pub batches: u64,
    pub events: u64,
    /// Bytes that were written as frames.
    pub bytes: u64,
    /// Batches that were answered with their first result.
    pub repeated: u64,
    /// Batches that were refused because a stream was not as expected.
    pub conflicts: u64,
    /// Batches that were answered with [`crate::AppendError::Busy`].
    pub busy: u64,
    /// Batches that were answered with [`crate::AppendError::Unknown`].
    pub unknown: u64,
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
    /// How many flushes took up to each of [`SYNC_MICROSECONDS_BUCKETS`] and more than the one
    /// before; the last one counts the rest.
    pub sync_buckets: [u64; SYNC_MICROSECONDS_BUCKETS.len() + 1],
    /// Batches by number of events, with the upper bounds of [`BATCH_EVENTS_BUCKETS`]; the last
    /// bucket counts the rest.
    pub batch_buckets: [u64; BATCH_EVENTS_BUCKETS.len() + 1],
    /// Batches that wait now.
    pub queue_depth: u64,
    pub segments: u64,
    /// Bytes that the segments take up to their last frames, and their sidecars.
    pub disk_bytes: u64,
}
