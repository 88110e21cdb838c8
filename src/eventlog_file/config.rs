//! What the owner of a log may choose.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::disk::Faults;

/// The clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the owner of a log may choose. The defaults suit a server.
#[derive(Clone)]
pub struct FileLogConfig {
    /// How long a segment becomes, in bytes; one frame may make it longer. At most 2 GiB.
    pub segment_bytes: u64,
    /// How many batches may wait; further ones are refused as busy.
    pub queue_max: usize,
    /// How many bytes of batches may wait.
    pub queue_bytes_max: usize,
    /// How many of the latest event ids of every kind are known. Ids that are derived from a key
    /// (any version but 7) are known for ever.
    pub id_window: usize,
    /// How many stream heads of sealed segments are kept in memory.
    pub heads_max: usize,
    /// How many files of sealed segments are kept open.
    pub open_files_max: usize,
    /// Where the head of the log is recorded, outside its directory. A log that ends before its
    /// record is not opened. Without a path nothing is recorded and nothing compared.
    pub head_record: Option<PathBuf>,
    /// The clock of `recorded_at`.
    pub clock: Clock,
    /// Injects faults between the log and the disk. For tests.
    pub faults: Option<Arc<dyn Faults>>,
}

impl Default for FileLogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            queue_max: 8192,
            queue_bytes_max: 64 * 1024 * 1024,
            id_window: 50_000,
            heads_max: 262_144,
            open_files_max: 64,
            head_record: None,
            clock: Arc::new(Timestamp::now),
            faults: None,
        }
    }
}

impl fmt::Debug for FileLogConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLogConfig")
            .field("segment_bytes", &self.segment_bytes)
            .field("queue_max", &self.queue_max)
            .field("queue_bytes_max", &self.queue_bytes_max)
            .field("id_window", &self.id_window)
            .field("heads_max", &self.heads_max)
            .field("open_files_max", &self.open_files_max)
            .field("head_record", &self.head_record)
            .finish_non_exhaustive()
    }
}
