//! What the writer and the readers share.

use std::path::PathBuf;
use std::sync::Arc;

use eventlog::{AppendError, LogStats, Position, ReadError, StreamName};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use uuid::Uuid;

use crate::config::FileLogConfig;
use crate::disk::Disk;
use crate::files::OpenFiles;
use crate::ids::IdWindow;
use crate::keys::{Keys, StreamKey};
use crate::segment::{Segment, View};
use crate::stats::{Counters, add};

/// What the writer and the readers share. The writer publishes: index first, then the end of the
/// segment, then the head, so that a reader that has seen a head can read up to it.
pub(crate) struct Shared {
    pub(crate) directory: PathBuf,
    pub(crate) log_id: Uuid,
    pub(crate) config: FileLogConfig,
    pub(crate) disk: Disk,
    pub(crate) keys: Keys,
    pub(crate) files: OpenFiles,
    /// In the order of positions; the last one is the active one.
    pub(crate) segments: RwLock<Vec<Arc<Segment>>>,
    pub(crate) ids: RwLock<IdWindow>,
    pub(crate) head: watch::Sender<Position>,
    pub(crate) counters: Counters,
    /// Why the log does not write, if so.
    pub(crate) stopped: Mutex<Option<Stop>>,
    /// The last damage that was met while reading.
    pub(crate) damage: Mutex<Option<String>>,
}

/// Why the log does not write.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) error: AppendError,
    /// Whether it ends by itself: nothing was half done, and the next append tries again.
    pub(crate) passing: bool,
}

impl Shared {
    /// Why the log does not write for now, if it is only for now.
    pub(crate) fn stops_for_now(&self) -> bool {
        self.stopped
            .lock()
            .as_ref()
            .is_some_and(|stop| stop.passing)
    }

    /// Counts damage, remembers the last of it, and passes every result on.
    pub(crate) fn noting<T>(&self, read: Result<T, ReadError>) -> Result<T, ReadError> {
        if let Err(ReadError::Fault(fault)) = &read {
            self.met_damage(fault);
        }
        read
    }

    /// Counts damage, and remembers it.
    pub(crate) fn met_damage(&self, fault: &str) {
        add(&self.counters.damage_met, 1);
        let mut damage = self.damage.lock();
        if damage.as_deref() != Some(fault) {
            *damage = Some(fault.to_owned());
        }
    }

    pub(crate) fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Where the log begins.
    pub(crate) fn first(&self) -> Position {
        let segments = self.segments.read();
        segments
            .first()
            .map_or(Position(1), |segment| segment.header.first)
    }

    /// The segments, in the order of positions.
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.read().clone()
    }

    /// The segment that holds a position, or would if it were written next.
    pub(crate) fn segment_of(&self, position: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read();
        let index = segments.partition_point(|segment| segment.first() <= position);
        segments.get(index.checked_sub(1)?).cloned()
    }

    /// The first segment that begins after this one.
    pub(crate) fn segment_after(&self, first: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read();
        let index = segments.partition_point(|segment| segment.first() <= first);
        segments.get(index).cloned()
    }

    /// The revision of a stream's last event among the segments, the newest segment first.
    pub(crate) fn head_of(
        &self,
        key: StreamKey,
        stream: &StreamName,
    ) -> Result<Option<u64>, ReadError> {
        let segments = self.segments.read();
        for segment in segments.iter().rev() {
            if let Some(span) = segment.span(&self.view(), key, stream)? {
                return Ok(Some(span.head()));
            }
        }
        Ok(None)
    }

    /// What is needed to look into a segment.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            files: &self.files,
            keys: &self.keys,
        }
    }

    pub(crate) fn stats(&self) -> LogStats {
        let segments = self.segments.read();
        LogStats {
            segments: segments.len() as u64,
            disk_bytes: segments.iter().map(|segment| segment.disk_bytes()).sum(),
            ..self.counters.snapshot()
        }
    }
}
