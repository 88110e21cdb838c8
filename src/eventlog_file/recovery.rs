//! What the last segment holds after whatever happened.
//!
//! Only one commit is ever under way, so at most the last frame may be torn, and nothing of it was
//! ever acknowledged. Everything else that is not as it was written is damage, and damage is never
//! cut off.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use eventlog::Position;

use crate::fault::{Damage, Fault, OpenError};
use crate::frame::{FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, FrameKind};
use crate::frames::{Frame, FrameError, FrameReader, Span};
use crate::header::{FRAMES_START, SegmentHeader};

/// The disk writes this many bytes whole or not at all.
const SECTOR_BYTES: u64 = 512;

/// How much is read at once: few calls, and yet what was read is still in the processor's cache
/// when it is checked.
pub(crate) const SCAN_CHUNK_BYTES: usize = 256 * 1024;

/// What a segment was found to hold.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// Where the last whole frame ends.
    pub(crate) end: u64,
    /// The position after the last event.
    pub(crate) next: u64,
    /// Whether the last frame is a mark: the log was closed.
    pub(crate) marked: bool,
    /// How many bytes from the end on are what a torn frame has left behind; all after them are
    /// zero.
    pub(crate) torn_bytes: u64,
}

/// A reader of all that a segment holds.
pub(crate) fn reader_of(
    path: &Path,
    file: &Arc<File>,
    header: &SegmentHeader,
) -> Result<FrameReader, OpenError> {
    let span = Span {
        offset: FRAMES_START,
        next: header.first.0,
        end: file.metadata().map_err(OpenError::io("read", path))?.len(),
        exact: false,
    };
    let (salt, first) = (header.salt, header.first);
    Ok(FrameReader::new(
        file.clone(),
        salt,
        first,
        span,
        SCAN_CHUNK_BYTES,
    ))
}

/// What comes next in a segment.
pub(crate) enum Next {
    Frame(Frame),
    /// No more. So many bytes of a torn frame follow, and then only zeros.
    End {
        torn_bytes: u64,
    },
}

/// Reads the next frame, or judges what is there instead of one.
pub(crate) fn next_or_judge(
    path: &Path,
    file: &File,
    salt: u32,
    reader: &mut FrameReader,
) -> Result<Next, OpenError> {
    let io = |error| OpenError::io("read", path)(error);
    match reader.next() {
        Ok(Some(frame)) => return Ok(Next::Frame(frame)),
        Ok(None) | Err(FrameError::Damage(_)) => {}
        Err(error) => return Err(OpenError::frame(path)(error)),
    }
    let tail = Tail {
        file,
        salt,
        end: reader.offset(),
        next: reader.next_position(),
        file_bytes: file.metadata().map_err(io)?.len(),
    };
    match tail.judge().map_err(io)? {
        Ok(torn_bytes) => Ok(Next::End { torn_bytes }),
        Err(damage) => {
            // Another process may have written between the two reads.
            reader.refresh().map_err(io)?;
            match reader.next() {
                Ok(Some(frame)) => Ok(Next::Frame(frame)),
                _ => Err(Fault::new(path, damage).into()),
            }
        }
    }
}

/// Reads all frames of a segment, passes each to `seen`, and classifies the bytes after them.
/// Nothing after the event at `until` is read.
pub(crate) fn recover(
    path: &Path,
    file: &Arc<File>,
    header: &SegmentHeader,
    until: Position,
    mut seen: impl FnMut(&Frame) -> Result<(), Damage>,
) -> Result<Recovered, OpenError> {
    let mut reader = reader_of(path, file, header)?;
    let mut marked = false;
    loop {
        let next = match reader.next_position() > until.0 {
            true => Next::End { torn_bytes: 0 },
            false => next_or_judge(path, file, header.salt, &mut reader)?,
        };
        match next {
            Next::Frame(frame) => {
                marked = frame.header.kind == FrameKind::Mark;
                seen(&frame).map_err(|damage| Fault::new(path, damage))?;
            }
            Next::End { torn_bytes } => {
                return Ok(Recovered {
                    end: reader.offset(),
                    next: reader.next_position(),
                    marked,
                    torn_bytes,
                });
            }
        }
    }
}

/// What a search of the rest of the file has found.
struct Rest {
    last_used: Option<u64>,
    later: Option<(u64, FrameHeader)>,
}

/// What comes after the last whole frame.
struct Tail<'a> {
    file: &'a File,
    salt: u32,
    end: u64,
    next: u64,
    file_bytes: u64,
}

impl Tail<'_> {
    /// How many bytes a torn frame has left, or the damage that was found.
    fn judge(&self) -> io::Result<Result<u64, Damage>> {
        let damage = |reason: String| Damage {
            offset: self.end,
            position: Position(self.next),
            reason,
        };
        let Rest { last_used, later } = self.search()?;
        if let Some((offset, header)) = later {
            return Ok(Err(damage(format!(
                "a frame cannot be read, but a later one (byte {offset}, position {}) can, so this \
                 is damage and no torn write",
                header.first
            ))));
        }
        if last_used.is_some() && !self.may_be_torn()? {
            return Ok(Err(damage(
                "a frame cannot be read, and no sector of it is missing, so this is damage and no torn \
                 write"
                    .to_owned(),
            )));
        }
        Ok(Ok(last_used.map_or(0, |last| last + 1 - self.end)))
    }

    /// The last byte that is not zero, and the first frame header that is right and comes later
    /// than the place where the next frame should be. The salt rules out that an event's payload
    /// holds one.
    fn search(&self) -> io::Result<Rest> {
        let mut last_used = None;
        let mut buffer = vec![0; SCAN_CHUNK_BYTES];
        let mut at = self.end;
        while at < self.file_bytes {
            let length = usize::try_from(self.file_bytes - at).unwrap_or(usize::MAX);
            let chunk = &mut buffer[..length.min(SCAN_CHUNK_BYTES)];
            match self.file.read_exact_at(chunk, at) {
                // Another process has sealed the segment meanwhile: nothing but zeros was cut off.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                read => read?,
            }
            if let Some(index) = last_nonzero(chunk) {
                last_used = Some(at + index as u64);
                for (index, bytes) in chunk.windows(FRAME_HEADER_BYTES).enumerate() {
                    if bytes[0] == FRAME_MAGIC[0]
                        && let Some(header) = FrameHeader::decode(bytes, self.salt)
                        && at + index as u64 > self.end
                    {
                        let later = Some((at + index as u64, header));
                        return Ok(Rest { last_used, later });
                    }
                }
            }
            if chunk.len() < SCAN_CHUNK_BYTES {
                break;
            }
            // The last bytes are looked at again, with what follows them.
            at += (SCAN_CHUNK_BYTES - FRAME_HEADER_BYTES) as u64;
        }
        Ok(Rest {
            last_used,
            later: None,
        })
    }

    /// Whether the bytes at the end can be an unfinished write.
    ///
    /// Such a write lacks at least one whole sector, which is still zero. A frame without a zero
    /// sector was written whole and damaged later.
    fn may_be_torn(&self) -> io::Result<bool> {
        let left = self.file_bytes - self.end;
        let mut header = [0; FRAME_HEADER_BYTES];
        if left < header.len() as u64 {
            return Ok(true);
        }
        self.file.read_exact_at(&mut header, self.end)?;
        let length = match FrameHeader::decode(&header, self.salt) {
            Some(header) => FRAME_HEADER_BYTES as u64 + u64::from(header.body_bytes),
            None => FRAME_HEADER_BYTES as u64,
        };
        if length > left {
            return Ok(true);
        }
        let mut frame = vec![0; length as usize];
        self.file.read_exact_at(&mut frame, self.end)?;
        // A short write that ends within a sector leaves zeros at the end.
        if frame.ends_with(&[0; 8]) {
            return Ok(true);
        }
        let to_sector_end = (SECTOR_BYTES - self.end % SECTOR_BYTES) as usize;
        let (head, rest) = frame.split_at(to_sector_end.min(frame.len()));
        Ok(std::iter::once(head)
            .chain(rest.chunks(SECTOR_BYTES as usize))
            .any(|sector| sector.iter().all(|&byte| byte == 0)))
    }
}

/// The place of the last byte that is not zero.
pub(crate) fn last_nonzero(bytes: &[u8]) -> Option<usize> {
    // Whole blocks first: most of a tail is zero, and comparing blocks runs at the speed of memory.
    let mut end = bytes.len();
    while end >= 4096 && bytes[end - 4096..end] == [0; 4096] {
        end -= 4096;
    }
    bytes[..end].iter().rposition(|&byte| byte != 0)
}
