//! The index of a segment that has no sidecar yet.

use uuid::Uuid;

use crate::fault::Damage;
use crate::frame::FrameKind;
use crate::frames::Frame;
use crate::header::FRAMES_START;
use crate::keys::{Keys, StreamKey, StreamMap};

/// The events of one stream in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamSpan {
    pub(crate) first: u64,
    /// How many there are; at least one.
    pub(crate) count: u32,
}

impl StreamSpan {
    /// The revision of the last of them.
    pub(crate) fn head(self) -> u64 {
        self.first + u64::from(self.count) - 1
    }
}

/// An event that was added to the segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Added {
    pub(crate) key: StreamKey,
    pub(crate) revision: u64,
    /// Where its record begins, in bytes from the start of the segment.
    pub(crate) offset: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    span: StreamSpan,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    offset: u32,
    /// The stream's record before this one, by its place in `records`; meaningless for the first.
    previous: u32,
}

/// The index of a segment, in memory: 8 bytes an event, and some 40 a stream.
#[derive(Debug, Default)]
pub(crate) struct MemoryIndex {
    streams: StreamMap<Entry>,
    /// In the order of positions, from the segment's first one on.
    records: Vec<Record>,
    /// The first record of every frame, and where the frame begins.
    frames: Vec<(u32, u32)>,
}

impl MemoryIndex {
    /// An empty index with the capacity of this one, so that it need not grow.
    pub(crate) fn empty_alike(&self) -> Self {
        let mut streams = StreamMap::default();
        streams.reserve(self.streams.len());
        Self {
            streams,
            records: Vec::with_capacity(self.records.len()),
            frames: Vec::with_capacity(self.frames.len()),
        }
    }

    /// Adds a frame that begins at `offset`. Its records follow with [`MemoryIndex::add`].
    pub(crate) fn add_frame(&mut self, offset: u32) {
        self.frames.push((self.records.len() as u32, offset));
    }

    /// Adds the event at the next position.
    pub(crate) fn add(&mut self, added: Added) {
        let index = self.records.len() as u32;
        let entry = self.streams.entry(added.key).or_insert(Entry {
            span: StreamSpan {
                first: added.revision,
                count: 0,
            },
            last: index,
        });
        self.records.push(Record {
            offset: added.offset,
            previous: entry.last,
        });
        entry.span.count += 1;
        entry.last = index;
    }

    pub(crate) fn span(&self, key: StreamKey) -> Option<StreamSpan> {
        self.streams.get(&key).map(|entry| entry.span)
    }

    pub(crate) fn heads(&self) -> impl Iterator<Item = (StreamKey, u64)> {
        self.streams
            .iter()
            .map(|(&key, entry)| (key, entry.span.head()))
    }

    /// Where the records of a stream from a revision on begin, at most `limit` of them, upwards.
    pub(crate) fn offsets(&self, key: StreamKey, from: u64, limit: usize) -> Vec<u32> {
        let Some(entry) = self.streams.get(&key) else {
            return Vec::new();
        };
        let skip = from.saturating_sub(entry.span.first);
        let wanted = u64::from(entry.span.count).saturating_sub(skip) as usize;
        let mut offsets = vec![0; wanted];
        let mut index = entry.last;
        for offset in offsets.iter_mut().rev() {
            let record = self.records[index as usize];
            *offset = record.offset;
            index = record.previous;
        }
        offsets.truncate(limit);
        offsets
    }

    /// The frame to begin with when reading from a place on: where it begins, and at which place.
    /// It begins `back` bytes before the frame that holds the place, or earlier, if there are as
    /// many.
    pub(crate) fn seek(&self, delta: u64, back: u64) -> (u64, u64) {
        let holding = self
            .frames
            .partition_point(|&(first, _)| u64::from(first) <= delta)
            .saturating_sub(1);
        let Some(&(_, offset)) = self.frames.get(holding) else {
            return (FRAMES_START, 0);
        };
        let latest = u64::from(offset).saturating_sub(back);
        let index = self.frames[..=holding]
            .partition_point(|&(_, offset)| u64::from(offset) <= latest)
            .saturating_sub(1);
        let (first, offset) = self.frames[index];
        (u64::from(offset), u64::from(first))
    }
}

/// Adds a frame to an index, and gives every event's id to `id`.
pub(crate) fn index_of(
    keys: &Keys,
    frame: &Frame,
    index: &mut MemoryIndex,
    mut id: impl FnMut(Uuid),
) -> Result<(), Damage> {
    if frame.header.kind == FrameKind::Mark {
        return Ok(());
    }
    index.add_frame(frame.offset as u32);
    let mut records = frame.records();
    loop {
        let offset = records.offset() as u32;
        let Some(record) = records.next() else {
            return Ok(());
        };
        let record = record?;
        index.add(Added {
            key: keys.of_bytes(record.stream),
            revision: record.revision.0,
            offset,
        });
        id(record.id);
    }
}
