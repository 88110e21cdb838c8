//! Reads frames upwards out of a segment, in large chunks, every checksum checked.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use eventlog::Position;

use crate::fault::Damage;
use crate::frame::{FRAME_BODY_BYTES_MAX, FRAME_HEADER_BYTES, FrameHeader, FrameKind};
use crate::record::{self, RecordRef};

/// A commit whose checksums were right.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The header before the records.
    pub header: FrameHeader,
    /// Where the frame begins in its segment, in bytes.
    pub offset: u64,
    pub body: Bytes,
    segment_first: Position,
}

impl Frame {
    /// The events of the commit, in order.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records {
            body: &self.body,
            rest: &self.body,
            segment_first: self.segment_first,
            frame: self,
            next: self.header.first,
        }
    }

    /// Where the frame ends in its segment, in bytes.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + (FRAME_HEADER_BYTES + self.body.len()) as u64
    }

    fn damage(&self, next: u64, reason: &str) -> Damage {
        Damage {
            offset: self.offset,
            position: Position(next),
            reason: reason.to_owned(),
        }
    }
}

/// The events of one frame.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    body: &'a [u8],
    rest: &'a [u8],
    segment_first: Position,
    frame: &'a Frame,
    next: u64,
}

impl Records<'_> {
    /// Where in the segment the next record begins, in bytes.
    pub(crate) fn offset(&self) -> u64 {
        let read = self.body.len() - self.rest.len();
        self.frame.offset + (FRAME_HEADER_BYTES + read) as u64
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordRef<'a>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.frame.header.next() {
            let left = self.rest.len();
            self.rest = &[];
            return (left > 0).then(|| {
                let reason = format!("{left} bytes follow its last record");
                Err(self.frame.damage(self.next, &reason))
            });
        }
        match record::decode(&mut self.rest, self.segment_first) {
            Some(record) if record.position.0 == self.next => {
                self.next += 1;
                Some(Ok(record))
            }
            found => {
                let damage = self.frame.damage(
                    self.next,
                    &match found {
                        Some(record) => format!("a record has position {}", record.position),
                        None => "a record cannot be read".to_owned(),
                    },
                );
                self.next = self.frame.header.next();
                self.rest = &[];
                Some(Err(damage))
            }
        }
    }
}

/// Why reading frames stopped.
#[derive(Debug)]
pub(crate) enum FrameError {
    /// What is there is not what was written.
    Damage(Damage),
    /// The machinery failed.
    Io(io::Error),
}

/// Where a reader begins, and where it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The offset of the first frame.
    pub(crate) offset: u64,
    /// The position that the first frame begins with.
    pub(crate) next: u64,
    /// Where the last frame ends, or the length of the file.
    pub(crate) end: u64,
    /// Whether `end` is known to be the end of a frame, so that nothing but frames may come before
    /// it.
    pub(crate) exact: bool,
}

/// Goes through the frames of a segment.
pub(crate) struct FrameReader {
    file: Arc<File>,
    salt: u32,
    segment_first: Position,
    span: Span,
    chunk_bytes: usize,
    chunk: Bytes,
    /// How much of the chunk is filled.
    filled: usize,
    chunk_offset: u64,
}

impl FrameReader {
    /// A reader of `span` that reads `chunk_bytes` at a time.
    pub(crate) fn new(
        file: Arc<File>,
        salt: u32,
        segment_first: Position,
        span: Span,
        chunk_bytes: usize,
    ) -> Self {
        Self {
            file,
            salt,
            segment_first,
            span,
            chunk_bytes: chunk_bytes.max(FRAME_HEADER_BYTES),
            chunk: Bytes::new(),
            filled: 0,
            chunk_offset: span.offset,
        }
    }

    /// Where the next frame would begin.
    pub(crate) fn offset(&self) -> u64 {
        self.span.offset
    }

    /// The position that the next frame would begin with.
    pub(crate) fn next_position(&self) -> u64 {
        self.span.next
    }

    /// The next frame; `None` at the end of the span, or where only zeros come where a frame could
    /// be.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let at = self.span.offset;
        let left = self.span.end.saturating_sub(at);
        if left < FRAME_HEADER_BYTES as u64 {
            return match left > 0 && self.span.exact {
                true => Err(self.damage("a frame's header is cut off")),
                false => Ok(None),
            };
        }
        let Some(bytes) = self
            .need(FRAME_HEADER_BYTES)
            .map_err(|error| self.failed(error))?
        else {
            return self.next();
        };
        let Some(header) = FrameHeader::decode(&bytes, self.salt) else {
            return match !self.span.exact && bytes.iter().all(|&byte| byte == 0) {
                true => Ok(None),
                false => Err(self.damage("a frame's header is damaged")),
            };
        };
        // Only a chunk that no reader holds is reused.
        drop(bytes);
        if header.first != self.span.next {
            let reason = format!("a frame begins with position {}", header.first);
            return Err(self.damage(&reason));
        }
        let length = FRAME_HEADER_BYTES + header.body_bytes as usize;
        if header.body_bytes as usize > FRAME_BODY_BYTES_MAX || length as u64 > left {
            return Err(self.damage("a frame is cut off"));
        }
        if (header.kind == FrameKind::Mark) != (header.count == 0) {
            return Err(self.damage("a frame has no records"));
        }
        let Some(frame) = self.need(length).map_err(|error| self.failed(error))? else {
            return self.next();
        };
        let body = frame.slice(FRAME_HEADER_BYTES..);
        if !header.admits(&body, self.salt) {
            return Err(self.damage("a frame's checksum is wrong"));
        }
        self.span.offset += length as u64;
        self.span.next = header.next();
        Ok(Some(Frame {
            header,
            offset: at,
            body,
            segment_first: self.segment_first,
        }))
    }

    /// A file that ends before its frames do is damaged; anything else is the disk's trouble.
    fn failed(&self, error: io::Error) -> FrameError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damage("the segment is cut off"),
            _ => FrameError::Io(error),
        }
    }

    fn damage(&self, reason: &str) -> FrameError {
        FrameError::Damage(Damage {
            offset: self.span.offset,
            position: Position(self.span.next),
            reason: reason.to_owned(),
        })
    }

    /// Looks again at what comes next, because another process may have written it meanwhile.
    pub(crate) fn refresh(&mut self) -> io::Result<()> {
        self.chunk = Bytes::new();
        self.filled = 0;
        self.chunk_offset = self.span.offset;
        self.span.end = self.file.metadata()?.len();
        Ok(())
    }

    /// So many bytes from the reader's place on, which the caller knows to be before the end.
    /// `None` when the file has become shorter than that (its segment was sealed); the end is moved
    /// then.
    fn need(&mut self, length: usize) -> io::Result<Option<Bytes>> {
        let mut skip = (self.span.offset - self.chunk_offset) as usize;
        if skip + length > self.filled {
            self.fill(length)?;
            skip = 0;
        }
        if skip + length > self.filled {
            if self.span.exact {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.span.end = self.span.offset + self.filled as u64;
            return Ok(None);
        }
        Ok(Some(self.chunk.slice(skip..skip + length)))
    }

    /// Reads on, so that at least `length` bytes from the reader's place on are in the chunk, if
    /// the span has as many. What is there already is moved and not read again.
    fn fill(&mut self, length: usize) -> io::Result<()> {
        let left = usize::try_from(self.span.end - self.span.offset).unwrap_or(usize::MAX);
        let wanted = self.chunk_bytes.max(length).min(left);
        let skip = (self.span.offset - self.chunk_offset) as usize;
        let kept = self.filled.saturating_sub(skip).min(wanted);
        // A chunk that no reader holds any more is reused: fresh pages cost as much as the read.
        let mut buffer = match std::mem::take(&mut self.chunk).try_into_mut() {
            Ok(mut buffer) => {
                if kept > 0 {
                    buffer.copy_within(skip..skip + kept, 0);
                }
                if buffer.len() < wanted {
                    buffer.resize(wanted, 0);
                }
                buffer
            }
            Err(chunk) => {
                let mut buffer = BytesMut::zeroed(wanted);
                if kept > 0 {
                    buffer[..kept].copy_from_slice(&chunk[skip..skip + kept]);
                }
                buffer
            }
        };
        let at = self.span.offset + kept as u64;
        let read = read_at(&self.file, &mut buffer[kept..wanted], at)?;
        self.chunk = buffer.freeze();
        self.filled = kept + read;
        self.chunk_offset = self.span.offset;
        Ok(())
    }
}

/// Reads until the buffer is full or the file ends; how many bytes it were.
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], at + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
