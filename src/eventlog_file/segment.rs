//! One file of the log, and what is known of it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use eventlog::{Position, ReadError, Recorded, StreamName};
use parking_lot::RwLock;
use uuid::Uuid;

use crate::fault::{read_error, unavailable};
use crate::files::OpenFiles;
use crate::frames::{FrameReader, Span};
use crate::header::{FRAMES_START, SegmentHeader};
use crate::keys::{Keys, StreamKey};
use crate::memory_index::{Added, MemoryIndex, StreamSpan, index_of};
use crate::record_reader::RecordReader;
use crate::sidecar::{Sidecar, SidecarError, StreamEntry};

/// What segments are called at their end.
pub(crate) const SEGMENT_SUFFIX: &str = ".seg";

/// The name of the segment whose first event is at `first`.
pub(crate) fn segment_name(first: Position) -> String {
    format!("{:020}{SEGMENT_SUFFIX}", first.0)
}

/// The first position that a segment's name speaks of.
pub(crate) fn first_of_name(name: &str) -> Option<Position> {
    let digits = name.strip_suffix(SEGMENT_SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().map(Position).ok())?
}

#[derive(Clone, Debug)]
pub(crate) enum Index {
    /// Everything, in memory: the active segment, and sealed ones that wait for their sidecar.
    Memory(Arc<RwLock<MemoryIndex>>),
    Sidecar(Arc<Sidecar>),
}

impl Index {
    pub(crate) fn memory(index: MemoryIndex) -> Self {
        Self::Memory(Arc::new(RwLock::new(index)))
    }
}

/// One file of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    index: RwLock<Index>,
    /// Where the last frame that readers may see ends.
    end: AtomicU64,
}

impl Segment {
    pub(crate) fn new(path: PathBuf, header: SegmentHeader, index: Index, end: u64) -> Self {
        Self {
            path,
            header,
            index: RwLock::new(index),
            end: AtomicU64::new(end),
        }
    }

    /// The position of its first event.
    pub(crate) fn first(&self) -> u64 {
        self.header.first.0
    }

    /// Where the last frame that readers may see ends.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn index(&self) -> Index {
        self.index.read().clone()
    }

    /// Goes over to another index of the same content.
    pub(crate) fn set_index(&self, index: Index) {
        *self.index.write() = index;
    }

    /// The bytes it takes on the disk with its sidecar, without what is only reserved.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let sidecar = match &*self.index.read() {
            Index::Memory(_) => 0,
            Index::Sidecar(sidecar) => sidecar.file_bytes(),
        };
        self.end() + sidecar
    }

    /// Lets readers see a frame that is durable. The end moves while the index is locked, so that
    /// no reader finds a place in the index that is behind the end.
    pub(crate) fn publish(&self, added: &[Added], frame_offset: u64, end: u64) {
        if let Index::Memory(index) = &*self.index.read() {
            let mut index = index.write();
            index.add_frame(frame_offset as u32);
            for &added in added {
                index.add(added);
            }
            self.end.store(end, Ordering::Release);
        }
    }

    /// A reader of the frames from the one that holds `position` (or one that begins up to `back`
    /// bytes and some frames before it) to the visible end.
    pub(crate) fn reader(
        &self,
        file: Arc<File>,
        position: u64,
        back: u64,
        chunk_bytes: usize,
    ) -> FrameReader {
        let delta = position.saturating_sub(self.first());
        let ((offset, delta), end) = match self.index() {
            Index::Memory(index) => {
                let index = index.read();
                (index.seek(delta, back), self.end())
            }
            Index::Sidecar(sidecar) => (sidecar.seek(delta, back), self.end()),
        };
        let span = Span {
            offset: offset.max(FRAMES_START).min(end),
            next: self.first() + delta,
            end,
            exact: true,
        };
        FrameReader::new(file, self.header.salt, self.header.first, span, chunk_bytes)
    }

    /// What the segment has of a stream.
    pub(crate) fn span(
        &self,
        view: &View<'_>,
        key: StreamKey,
        stream: &StreamName,
    ) -> Result<Option<StreamSpan>, ReadError> {
        loop {
            let sidecar = match self.index() {
                Index::Memory(index) => return Ok(index.read().span(key)),
                Index::Sidecar(sidecar) => sidecar,
            };
            match self.sidecar_span(view, &sidecar, stream)? {
                Ok(found) => return Ok(found.map(|found| found.span)),
                Err(reason) => self.rebuild(view, &sidecar, reason)?,
            }
        }
    }

    /// As [`Segment::span`], if that takes no look at the disk; `None` when it does.
    pub(crate) fn span_in_memory(
        &self,
        key: StreamKey,
        stream: &StreamName,
    ) -> Option<Option<StreamSpan>> {
        match &*self.index.read() {
            Index::Memory(index) => Some(index.read().span(key)),
            Index::Sidecar(sidecar) => match sidecar.may_hold(stream.as_str().as_bytes()) {
                true => None,
                false => Some(None),
            },
        }
    }

    /// Where the records of a stream from a revision on begin, at most `limit` of them, upwards.
    pub(crate) fn offsets(
        &self,
        view: &View<'_>,
        key: StreamKey,
        stream: &StreamName,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u32>, ReadError> {
        loop {
            let sidecar = match self.index() {
                Index::Memory(index) => return Ok(index.read().offsets(key, from, limit)),
                Index::Sidecar(sidecar) => sidecar,
            };
            let reason = match self.sidecar_span(view, &sidecar, stream)? {
                Ok(None) => return Ok(Vec::new()),
                Ok(Some(InSidecar { entry, span })) => {
                    let skip = from.saturating_sub(span.first) as usize;
                    let file = view.open(&sidecar.path)?;
                    match self.checked(&sidecar, sidecar.offsets(&file, entry, skip, limit))? {
                        Ok(offsets) => return Ok(offsets),
                        Err(reason) => reason,
                    }
                }
                Err(reason) => reason,
            };
            self.rebuild(view, &sidecar, reason)?;
        }
    }

    /// The event with an id that the sidecar knows.
    pub(crate) fn event_with_id(
        &self,
        view: &View<'_>,
        id: Uuid,
    ) -> Result<Option<Recorded>, ReadError> {
        let Index::Sidecar(sidecar) = self.index() else {
            return Ok(None);
        };
        let found = sidecar.id(id, || view.files.open(&sidecar.path));
        match self.checked(&sidecar, found)? {
            Ok(None) => Ok(None),
            Ok(Some(offset)) => {
                let mut reader = RecordReader::new(view.files, self, &[])?;
                let event = reader.recorded(offset)?;
                Ok((event.id == id).then_some(event))
            }
            // Ids are only looked for here, so a sidecar that is replaced by memory would lose
            // them.
            Err(reason) => Err(ReadError::Unavailable(format!(
                "{}: {reason}; remove it, and it is rebuilt when the log is opened",
                sidecar.path.display()
            ))),
        }
    }

    /// What the sidecar has of a stream, checked against the first record that it names.
    fn sidecar_span(
        &self,
        view: &View<'_>,
        sidecar: &Sidecar,
        stream: &StreamName,
    ) -> Result<Result<Option<InSidecar>, &'static str>, ReadError> {
        let name = stream.as_str().as_bytes();
        let entry = sidecar.stream(name, || view.files.open(&sidecar.path));
        let entry = match self.checked(sidecar, entry)? {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(Ok(None)),
            Err(reason) => return Ok(Err(reason)),
        };
        let file = view.open(&sidecar.path)?;
        let first = match self.checked(sidecar, sidecar.offsets(&file, entry, 0, 1))? {
            Ok(offsets) => offsets.first().copied().unwrap_or_default(),
            Err(reason) => return Ok(Err(reason)),
        };
        let event = RecordReader::new(view.files, self, &[])?.recorded(first)?;
        // Another stream whose name has the same hash.
        if event.stream != *stream {
            return Ok(Ok(None));
        }
        let span = StreamSpan {
            first: event.revision.0,
            count: entry.count,
        };
        Ok(Ok(Some(InSidecar { entry, span })))
    }

    /// Distinguishes an unusable sidecar from a disk that cannot be read.
    fn checked<T>(
        &self,
        sidecar: &Sidecar,
        found: Result<T, SidecarError>,
    ) -> Result<Result<T, &'static str>, ReadError> {
        match found {
            Ok(found) => Ok(Ok(found)),
            Err(SidecarError::Useless(reason)) => Ok(Err(reason)),
            Err(SidecarError::Io(error)) => Err(unavailable(&sidecar.path)(error)),
        }
    }

    /// Reads the segment instead of an unusable sidecar.
    fn rebuild(
        &self,
        view: &View<'_>,
        sidecar: &Sidecar,
        reason: &'static str,
    ) -> Result<(), ReadError> {
        tracing::warn!(
            sidecar = %sidecar.path.display(),
            "cannot use {}: {reason}; its segment is read instead. Remove it, and it is rebuilt when the log is opened",
            sidecar.path.display()
        );
        let file = view.open(&self.path)?;
        let span = Span {
            offset: FRAMES_START,
            next: self.first(),
            end: self.end(),
            exact: true,
        };
        let chunk_bytes = crate::recovery::SCAN_CHUNK_BYTES;
        let header = &self.header;
        let mut reader = FrameReader::new(file, header.salt, header.first, span, chunk_bytes);
        let mut index = MemoryIndex::default();
        while let Some(frame) = reader.next().map_err(read_error(&self.path))? {
            index_of(view.keys, &frame, &mut index, |_| {})
                .map_err(crate::frames::FrameError::Damage)
                .map_err(read_error(&self.path))?;
        }
        self.set_index(Index::memory(index));
        Ok(())
    }
}

struct InSidecar {
    entry: StreamEntry,
    span: StreamSpan,
}

/// What is needed to look into a segment.
pub(crate) struct View<'a> {
    pub(crate) files: &'a OpenFiles,
    pub(crate) keys: &'a Keys,
}

impl View<'_> {
    fn open(&self, path: &std::path::Path) -> Result<Arc<File>, ReadError> {
        self.files.open(path).map_err(unavailable(path))
    }
}

/// Opens a sidecar's segment for changing its length.
pub(crate) fn open_writable(segment: &Segment) -> io::Result<File> {
    File::options().read(true).write(true).open(&segment.path)
}
