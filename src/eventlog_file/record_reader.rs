//! Reads single records out of a segment, each with its own checksum.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use eventlog::{Position, ReadError, Recorded};

use crate::fault::{Damage, Fault, not_opened, unavailable};
use crate::files::OpenFiles;
use crate::frames::FrameError;
use crate::record;
use crate::recovery::SCAN_CHUNK_BYTES;
use crate::segment::Segment;

/// What is read for a record whose length is not known yet.
const GUESS_BYTES: u64 = 4096;

/// The most that is read at once for records that lie close together.
const CHUNK_BYTES_MAX: u64 = 256 * 1024;

/// Reads the records of one segment whose places an index has named.
pub(crate) struct RecordReader<'a> {
    segment: &'a Segment,
    file: Arc<File>,
    chunk_bytes: u64,
    chunk: Bytes,
    chunk_offset: u64,
}

impl<'a> RecordReader<'a> {
    /// A reader for records at these offsets, which only serve to choose how much to read at once.
    pub(crate) fn new(
        files: &OpenFiles,
        segment: &'a Segment,
        offsets: &[u32],
    ) -> Result<Self, ReadError> {
        let file = files
            .open(&segment.path)
            .map_err(not_opened(&segment.path, segment.first()))?;
        let chunk_bytes = match offsets {
            [first, .., last] => {
                let span = u64::from(last.saturating_sub(*first));
                match span / offsets.len() as u64 {
                    0..8192 => (span + GUESS_BYTES).min(CHUNK_BYTES_MAX),
                    _ => GUESS_BYTES,
                }
            }
            _ => GUESS_BYTES,
        };
        Ok(Self {
            segment,
            file,
            chunk_bytes,
            chunk: Bytes::new(),
            chunk_offset: 0,
        })
    }

    /// The event whose record begins at `offset`.
    pub(crate) fn recorded(&mut self, offset: u32) -> Result<Recorded, ReadError> {
        let bytes = self.bytes(u64::from(offset))?;
        record::decode_alone(
            &mut &bytes[..],
            self.segment.header.salt,
            self.segment.header.first,
        )
        .and_then(|record| record.recorded(&bytes))
        .ok_or_else(|| self.damage(offset))
    }

    /// The bytes of the record that begins at `offset`.
    fn bytes(&mut self, offset: u64) -> Result<Bytes, ReadError> {
        let end = self.segment.end();
        if offset >= end {
            return Err(self.damage(offset as u32));
        }
        let guess = record::VARINT_AND_MORE.min(end - offset);
        self.need(offset, guess, end)?;
        let skip = (offset - self.chunk_offset) as usize;
        let whole = record::length(&self.chunk[skip..])
            .map(|(length, said_in)| length.saturating_add(said_in) as u64)
            .filter(|&whole| whole <= end - offset)
            .ok_or_else(|| self.damage(offset as u32))?;
        self.need(offset, whole, end)?;
        let skip = (offset - self.chunk_offset) as usize;
        Ok(self.chunk.slice(skip..skip + whole as usize))
    }

    /// Reads until `length` bytes from `offset` on are in the chunk.
    fn need(&mut self, offset: u64, length: u64, end: u64) -> Result<(), ReadError> {
        let chunk_end = self.chunk_offset + self.chunk.len() as u64;
        if offset >= self.chunk_offset && offset + length <= chunk_end {
            return Ok(());
        }
        let wanted = self.chunk_bytes.max(length).min(end - offset);
        let mut buffer = vec![0; wanted as usize];
        self.file
            .read_exact_at(&mut buffer, offset)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => self.damage(offset as u32),
                _ => unavailable(&self.segment.path)(error),
            })?;
        self.chunk = Bytes::from(buffer);
        self.chunk_offset = offset;
        Ok(())
    }

    /// Why the record at `offset` cannot be read. An index knows only its offset, so the frames are
    /// read to find its position.
    fn damage(&self, offset: u32) -> ReadError {
        let path = &self.segment.path;
        let first = self.segment.first();
        let mut frames = self
            .segment
            .reader(Arc::clone(&self.file), first, 0, SCAN_CHUNK_BYTES);
        let mut damage = Damage {
            offset: u64::from(offset),
            position: Position(first),
            reason: "a record is damaged, or the index names a wrong place".to_owned(),
        };
        loop {
            match frames.next() {
                Ok(Some(frame)) if frame.end() > u64::from(offset) => {
                    damage.position = Position(frame.header.first);
                    break;
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(FrameError::Damage(found)) => {
                    damage = found;
                    break;
                }
                Err(FrameError::Io(error)) => return unavailable(path)(error),
            }
        }
        ReadError::Fault(Fault::new(path, damage).place())
    }
}
