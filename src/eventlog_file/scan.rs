//! Goes through a whole log, frame by frame, without opening it: for replay tools.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::Position;
use uuid::Uuid;

use crate::fault::{Fault, OpenError};
use crate::frames::{Frame, FrameReader};
use crate::header::SegmentHeader;
use crate::open::{Before, fault, gap, list, read_header};
use crate::recovery::{Next, next_or_judge, reader_of};
use crate::sidecar::{self, Sidecar};

/// Goes through the frames of a log in order, every checksum checked.
///
/// It may run while another process writes; it ends at the last frame that is whole when it gets
/// there. Memory stays at one chunk, as long as frames are let go.
pub struct Scan {
    segments: std::vec::IntoIter<(Position, PathBuf)>,
    first: Option<Position>,
    log_id: Option<Uuid>,
    next: Position,
    current: Option<Current>,
    /// The segment before the current one, and its last frame's end.
    before: Option<(PathBuf, SegmentHeader, u64)>,
    after: Position,
}

struct Current {
    path: PathBuf,
    file: Arc<File>,
    header: SegmentHeader,
    reader: FrameReader,
    last: bool,
}

impl Scan {
    /// A scan of the events after a position of the log in `directory`. The first frame may begin
    /// with events before it, because a frame is read whole.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn new(directory: impl AsRef<Path>, after: Position) -> Result<Self, OpenError> {
        let mut segments = list(directory.as_ref())?;
        let first = segments.first().map(|(first, _)| *first);
        // Segments that end before the position are passed over.
        let skip = segments
            .partition_point(|(first, _)| *first <= Position(after.0.saturating_add(1)))
            .saturating_sub(1);
        segments.drain(..skip);
        Ok(Self {
            first,
            log_id: None,
            next: segments.first().map_or(Position(1), |(first, _)| *first),
            segments: segments.into_iter(),
            current: None,
            before: None,
            after,
        })
    }

    /// The position that comes after what was scanned.
    #[must_use]
    pub fn next_position(&self) -> Position {
        self.next
    }

    /// Where the log begins; none when it has no segment.
    #[must_use]
    pub fn first(&self) -> Option<Position> {
        self.first
    }

    /// Which log the segments that were scanned so far belong to.
    #[must_use]
    pub fn log_id(&self) -> Option<Uuid> {
        self.log_id
    }

    /// The segment that was scanned last, and where its last frame ends, once the scan is over.
    #[must_use]
    pub fn end(&self) -> Option<(&Path, u64)> {
        self.before
            .as_ref()
            .map(|(path, _, end)| (path.as_path(), *end))
    }

    /// The segment that is being scanned.
    #[must_use]
    pub fn segment(&self) -> Option<&Path> {
        self.current.as_ref().map(|current| current.path.as_path())
    }

    /// The next frame with events; `None` at the end of the log. After an error the scan is over.
    ///
    /// # Errors
    /// The first place whose bytes are not those that were written.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, OpenError> {
        loop {
            let Some(current) = &mut self.current else {
                match self.segments.next() {
                    Some((first, path)) => self.current = Some(self.enter(first, path)?),
                    None => return Ok(None),
                }
                continue;
            };
            let Current { path, file, .. } = current;
            match next_or_judge(path, file, current.header.salt, &mut current.reader)? {
                Next::Frame(frame) => {
                    self.next = Position(frame.header.next());
                    if frame.header.count > 0 && self.next.0 > self.after.0.saturating_add(1) {
                        return Ok(Some(frame));
                    }
                }
                Next::End { torn_bytes } if torn_bytes > 0 && !current.last => {
                    let reason = "a frame of a sealed segment cannot be read".to_owned();
                    return Err(fault(path, current.reader.offset(), self.next.0, reason));
                }
                Next::End { .. } => {
                    let Current {
                        path,
                        header,
                        reader,
                        ..
                    } = current;
                    self.before = Some((path.clone(), *header, reader.offset()));
                    self.current = None;
                }
            }
        }
    }

    fn enter(&mut self, first: Position, path: PathBuf) -> Result<Current, OpenError> {
        let file = File::open(&path).map_err(OpenError::io("open", &path))?;
        let header = read_header(&path, &file, first, self.log_id)?;
        self.log_id = Some(header.log_id);
        if first != self.next {
            return Err(gap(
                self.before.take().map(judged),
                self.next.0,
                first,
                &path,
            ));
        }
        let file = Arc::new(file);
        Ok(Current {
            reader: reader_of(&path, &file, &header)?,
            path,
            file,
            header,
            last: self.segments.len() == 0,
        })
    }
}

/// A segment before a gap. Its sidecar knows whether it is cut off.
fn judged((path, header, end): (PathBuf, SegmentHeader, u64)) -> Before {
    let sidecar = Sidecar::open(&sidecar::path_of(&path), &header);
    let is_whole = sidecar.is_ok_and(|sidecar| sidecar.end() == end);
    Before {
        path,
        end,
        is_whole,
    }
}

impl Iterator for Scan {
    type Item = Result<Frame, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_frame().transpose()
    }
}

/// The fault of a record that cannot be read. For callers that iterate [`Frame::records`]
/// themselves.
#[must_use]
pub fn fault_in(segment: &Path, damage: crate::Damage) -> Fault {
    Fault::new(segment, damage)
}
