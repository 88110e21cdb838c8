//! The index file of a sealed segment, which can be rebuilt from the segment byte for byte.
//!
//! Only what decides whether to look further is held in memory: filters, fences and a sparse table
//! of frames. The rest is read in pages, each with its own checksum. A sidecar alone never proves
//! what a stream holds: it names places, and the record there has the stream and revision.

mod build;
mod filter;
mod hash;
mod layout;
mod pages;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::bytes_at::{u32_at, u64_at};
use crate::header::{FRAMES_START, SegmentHeader};
pub(crate) use build::{BuildError, build, is_kept};
use filter::Filter;
pub(crate) use hash::stable_hash;
use layout::{HEADER_PAGE_BYTES, Layout};
use pages::{ID_BYTES, OFFSET_BYTES, STREAM_BYTES, Table};

/// What sidecars are called at their end.
pub(crate) const SIDECAR_SUFFIX: &str = "idx";

pub(crate) fn path_of(segment: &Path) -> PathBuf {
    segment.with_extension(SIDECAR_SUFFIX)
}

/// Why a sidecar cannot be used.
#[derive(Debug)]
pub(crate) enum SidecarError {
    /// It is missing, incomplete, of another version or of another segment. It can be rebuilt.
    Useless(&'static str),
    /// The machinery failed.
    Io(io::Error),
}

/// What a sidecar knows of a stream: how many records, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamEntry {
    pub(crate) count: u32,
    /// The offset of the record if it is the only one, else the place of its first offset in the
    /// table.
    start: u32,
}

/// A sidecar that was found to belong to its segment.
#[derive(Debug)]
pub(crate) struct Sidecar {
    pub(crate) path: PathBuf,
    layout: Layout,
    salt: u32,
    streams: Table,
    offsets: Table,
    ids: Table,
    stream_filter: Filter,
    id_filter: Filter,
    /// The places (after the segment's first position) and offsets of some frames.
    sparse: Vec<(u32, u32)>,
}

impl Sidecar {
    pub(crate) fn open(path: &Path, segment: &SegmentHeader) -> Result<Self, SidecarError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SidecarError::Useless("it is not there"));
            }
            Err(error) => return Err(SidecarError::Io(error)),
        };
        let mut page = [0; HEADER_PAGE_BYTES];
        read(&file, &mut page, 0)?;
        let layout = Layout::decode(&page).map_err(SidecarError::Useless)?;
        if (layout.salt, layout.log_id, layout.first)
            != (segment.salt, segment.log_id, segment.first.0)
        {
            return Err(SidecarError::Useless("it belongs to another segment"));
        }
        let file_bytes = file.metadata().map_err(SidecarError::Io)?.len();
        if file_bytes != layout.file_bytes() {
            return Err(SidecarError::Useless("it is cut off"));
        }
        let mut resident = vec![0; layout.resident_bytes() as usize];
        read(&file, &mut resident, HEADER_PAGE_BYTES as u64)?;
        if crc32c::crc32c(&resident) != layout.resident_checksum {
            return Err(SidecarError::Useless("it is damaged"));
        }
        Ok(Self::from_parts(path.to_owned(), layout, &resident))
    }

    fn from_parts(path: PathBuf, layout: Layout, resident: &[u8]) -> Self {
        let mut rest = resident;
        let mut take = |bytes: usize| {
            let (part, after) = rest.split_at(bytes);
            rest = after;
            part
        };
        let fence =
            |bytes: &[u8]| -> Vec<u64> { bytes.chunks_exact(8).map(|c| u64_at(c, 0)).collect() };
        let stream_fence = fence(take(layout.stream_pages() as usize * 8));
        let id_fence = fence(take(layout.id_pages() as usize * 8));
        let sparse = take(layout.sparse as usize * 8)
            .chunks_exact(8)
            .map(|entry| (u32_at(entry, 0), u32_at(entry, 4)))
            .collect();
        let stream_filter = Filter::from_bytes(take(layout.stream_filter as usize));
        let id_filter = Filter::from_bytes(take(layout.id_filter as usize));
        let streams_at = layout.pages_at();
        let offsets_at = streams_at + layout.stream_pages();
        let ids_at = offsets_at + layout.offset_pages();
        Self {
            path,
            salt: layout.salt,
            streams: Table::new::<STREAM_BYTES>(streams_at, layout.streams, stream_fence),
            offsets: Table::new::<OFFSET_BYTES>(offsets_at, layout.offsets, Vec::new()),
            ids: Table::new::<ID_BYTES>(ids_at, layout.ids, id_fence),
            stream_filter,
            id_filter,
            sparse,
            layout,
        }
    }

    /// Where the segment's last frame ends.
    pub(crate) fn end(&self) -> u64 {
        self.layout.end
    }

    /// The position after the segment's last event.
    pub(crate) fn next(&self) -> u64 {
        self.layout.next
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.layout.file_bytes()
    }

    /// Whether a stream may be in the segment.
    pub(crate) fn may_hold(&self, name: &[u8]) -> bool {
        self.stream_filter.may_hold(stable_hash(self.salt, name))
    }

    /// The segment's events of a stream, by the hash of its name. `open` opens the sidecar, and is
    /// called only when the filter does not exclude the stream.
    pub(crate) fn stream(
        &self,
        name: &[u8],
        open: impl FnOnce() -> io::Result<std::sync::Arc<File>>,
    ) -> Result<Option<StreamEntry>, SidecarError> {
        let hash = stable_hash(self.salt, name);
        if !self.stream_filter.may_hold(hash) {
            return Ok(None);
        }
        let file = open().map_err(SidecarError::Io)?;
        let found = self.streams.find(&file, hash)?;
        Ok(found.map(|entry| StreamEntry {
            count: u32_at(&entry, 8),
            start: u32_at(&entry, 12),
        }))
    }

    /// Where the records of a stream begin, from the `skip`th on, at most `limit` of them.
    pub(crate) fn offsets(
        &self,
        file: &File,
        entry: StreamEntry,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<u32>, SidecarError> {
        let wanted = (entry.count as usize).saturating_sub(skip).min(limit);
        match entry {
            _ if wanted == 0 => Ok(Vec::new()),
            StreamEntry { count: 1, start } => Ok(vec![start]),
            StreamEntry { start, .. } => self.offsets.numbers(file, start as usize + skip, wanted),
        }
    }

    /// Where a record begins that may have this id. Ids of version 7 are not kept.
    pub(crate) fn id(
        &self,
        id: Uuid,
        open: impl FnOnce() -> io::Result<std::sync::Arc<File>>,
    ) -> Result<Option<u32>, SidecarError> {
        let hash = stable_hash(self.salt, id.as_bytes());
        if !self.id_filter.may_hold(hash) {
            return Ok(None);
        }
        let file = open().map_err(SidecarError::Io)?;
        let found = self.ids.find(&file, hash)?;
        Ok(found.map(|entry| u32_at(&entry, 8)))
    }

    /// As [`crate::memory_index::MemoryIndex::seek`], though it may be some frames earlier.
    pub(crate) fn seek(&self, delta: u64, back: u64) -> (u64, u64) {
        let holding = self
            .sparse
            .partition_point(|&(first, _)| u64::from(first) <= delta)
            .saturating_sub(1);
        let Some(&(_, offset)) = self.sparse.get(holding) else {
            return (FRAMES_START, 0);
        };
        let latest = u64::from(offset).saturating_sub(back);
        let index = self.sparse[..=holding]
            .partition_point(|&(_, offset)| u64::from(offset) <= latest)
            .saturating_sub(1);
        let (first, offset) = self.sparse[index];
        (u64::from(offset), u64::from(first))
    }
}

fn read(file: &File, buffer: &mut [u8], at: u64) -> Result<(), SidecarError> {
    file.read_exact_at(buffer, at)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => SidecarError::Useless("it is cut off"),
            _ => SidecarError::Io(error),
        })
}
