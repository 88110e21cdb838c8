//! One file of the log, and what is known of it.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use eventlog::{Position, ReadError, StreamName};
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use crate::bytes_at;
use crate::config::FileLogConfig;
use crate::frames::{FrameReader, Span};
use crate::header::{FORMAT_VERSION, FRAMES_START, SegmentHeader};
use crate::keeper::PREPARED_NAME;
use crate::keys::StreamKey;
use crate::memory_index::{Added, MemoryIndex, StreamSpan};
use crate::shared::Shared;

/// What segments are called at their end.
pub(crate) const SEGMENT_SUFFIX: &str = ".seg";

/// The name of the segment whose first event stands at `first`.
pub(crate) fn segment_name(first: Position) -> String {
    format!("{:020}{SEGMENT_SUFFIX}", first.0)
}

/// The first position that a segment's name speaks of.
pub(crate) fn first_of_name(name: &str) -> Option<Position> {
    let digits = name.strip_suffix(SEGMENT_SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().map(Position).ok())?
}

/// What is known of where things stand in a segment.
#[derive(Debug)]
pub(crate) enum Index {
    /// Everything, in memory: the active segment, and sealed ones that wait for their sidecar.
    Memory(MemoryIndex),
}

/// One file of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) index: RwLock<Index>,
    /// Where the last frame that readers may see ends.
    end: AtomicU64,
    /// The position after the last event that readers may see.
    next: AtomicU64,
}

impl Segment {
    pub(crate) fn new(
        path: PathBuf,
        header: SegmentHeader,
        index: Index,
        end: u64,
        next: u64,
    ) -> Self {
        Self {
            path,
            header,
            index: RwLock::new(index),
            end: AtomicU64::new(end),
            next: AtomicU64::new(next),
        }
    }

    /// The position of its first event.
    pub(crate) fn first(&self) -> u64 {
        self.header.first.0
    }

    /// The position after the last event that readers may see.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Where the last frame that readers may see ends.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Lets readers see a frame that is durable. The end moves while the index is locked, so that no
    /// reader finds a place in the index that lies behind the end.
    pub(crate) fn publish(&self, added: &[Added], frame_offset: u64, end: u64, next: u64) {
        let mut index = self.index.write();
        if let Index::Memory(index) = &mut *index {
            index.add_frame(frame_offset as u32);
            for &added in added {
                index.add(added);
            }
        }
        self.end.store(end, Ordering::Release);
        self.next.store(next, Ordering::Release);
    }

    /// A reader of the frames from the one on that holds `position` (or one up to `back` bytes and a
    /// frame before it) to the end of what may be seen.
    pub(crate) fn reader(
        &self,
        _files: &OpenFiles,
        file: Arc<File>,
        position: u64,
        back: u64,
        chunk_bytes: usize,
    ) -> Result<FrameReader, ReadError> {
        let delta = position.saturating_sub(self.first());
        let ((offset, delta), end) = {
            let index = self.index.read();
            let found = match &*index {
                Index::Memory(index) => index.seek(delta, back),
            };
            (found, self.end())
        };
        let span = Span {
            offset: offset.max(FRAMES_START).min(end),
            next: self.first() + delta,
            end,
            exact: true,
        };
        Ok(FrameReader::new(
            file,
            self.header.salt,
            self.header.first,
            span,
            chunk_bytes,
        ))
    }
}

/// The files that are open for reading, the latest used last, so that a log of any length needs few.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    files: Mutex<VecDeque<(PathBuf, Arc<File>)>>,
    files_max: usize,
}

impl OpenFiles {
    pub(crate) fn new(files_max: usize) -> Self {
        Self {
            files: Mutex::default(),
            files_max: files_max.max(1),
        }
    }

    /// Opens a file for reading, if it is not open.
    pub(crate) fn open(&self, path: &Path) -> io::Result<Arc<File>> {
        let mut files = self.files.lock();
        if let Some(index) = files.iter().rposition(|(other, _)| other == path)
            && let Some(entry) = files.remove(index)
        {
            let file = entry.1.clone();
            files.push_back(entry);
            return Ok(file);
        }
        let file = Arc::new(File::open(path)?);
        if files.len() >= self.files_max {
            files.pop_front();
        }
        files.push_back((path.to_owned(), file.clone()));
        Ok(file)
    }

    /// Lets go of a file whose content is replaced.
    pub(crate) fn forget(&self, path: &Path) {
        self.files.lock().retain(|(other, _)| other != path);
    }
}

impl Segment {
    /// What the segment has of a stream.
    pub(crate) fn span(
        &self,
        _files: &OpenFiles,
        key: StreamKey,
        _stream: &StreamName,
    ) -> Result<Option<StreamSpan>, ReadError> {
        match &*self.index.read() {
            Index::Memory(index) => Ok(index.span(key)),
        }
    }

    /// Where the records of a stream from a revision on begin, at most `limit` of them, upwards.
    pub(crate) fn offsets(
        &self,
        _files: &OpenFiles,
        key: StreamKey,
        _stream: &StreamName,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u32>, ReadError> {
        match &*self.index.read() {
            Index::Memory(index) => Ok(index.offsets(key, from, limit)),
        }
    }

    /// The bytes it takes on the disk, without what is only reserved.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.end()
    }
}

/// How long the first segment of a log becomes: short, so that an empty log is made quickly and the next
/// segment is one that was prepared.
pub(crate) fn first_segment_bytes(config: &FileLogConfig) -> u64 {
    config.segment_bytes.min(FIRST_SEGMENT_BYTES)
}

const FIRST_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Makes a segment whose first event will stand at `first`, out of one that was prepared or anew.
pub(crate) fn create(
    shared: &Shared,
    first: Position,
    prepared: Option<File>,
) -> io::Result<(Arc<Segment>, File)> {
    let header = SegmentHeader {
        version: FORMAT_VERSION,
        salt: random_salt(),
        log_id: shared.log_id,
        first,
        created_us: (shared.config.clock)().as_microsecond(),
    };
    let (disk, directory) = (&shared.disk, &shared.directory);
    let (unnamed, file) = match prepared {
        Some(file) => (directory.join(PREPARED_NAME), file),
        None => {
            let path = directory.join(NEW_NAME);
            let file = disk.create(&path)?;
            let length = match first {
                Position(1) => first_segment_bytes(&shared.config),
                _ => shared.config.segment_bytes,
            };
            disk.set_length(&file, &path, length)?;
            (path, file)
        }
    };
    disk.write_at(&file, &unnamed, &header.encode(), 0)?;
    // The name comes last: whatever is called a segment has a header.
    disk.sync(&file, &unnamed)?;
    let path = directory.join(segment_name(first));
    disk.rename(&unnamed, &path, directory)?;
    let index = Index::Memory(MemoryIndex::default());
    let segment = Segment::new(path, header, index, FRAMES_START, first.0);
    Ok((Arc::new(segment), file))
}

/// The name of a segment that is being made without having been prepared.
pub(crate) const NEW_NAME: &str = "next.new";

/// A number that nobody outside can know.
pub(crate) fn random_salt() -> u32 {
    // The last bytes of a version 7 id are random.
    bytes_at::u32_at(Uuid::now_v7().as_bytes(), 12)
}
