//! Goes through a whole log, frame by frame, without opening it: for replay tools.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::Position;
use uuid::Uuid;

use crate::fault::{Fault, OpenError};
use crate::frames::{Frame, FrameReader};
use crate::open::{fault, list, read_header};
use crate::recovery::{Next, next_or_judge, reader_of};

/// Goes through the frames of a log in order, every checksum checked.
///
/// It may run while another process writes; it ends at the last frame that is whole when it gets there.
/// Memory stays at one chunk, as long as frames are let go.
pub struct Scan {
    segments: std::vec::IntoIter<(Position, PathBuf)>,
    log_id: Option<Uuid>,
    /// The position that comes next.
    next: Position,
    current: Option<Current>,
    after: Position,
}

struct Current {
    path: PathBuf,
    file: Arc<File>,
    salt: u32,
    reader: FrameReader,
    last: bool,
}

impl Scan {
    /// A scan of what stands after a position in the log in `directory`. The first frame may begin with
    /// events before it, because a frame is never taken apart.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn new(directory: impl AsRef<Path>, after: Position) -> Result<Self, OpenError> {
        let mut segments = list(directory.as_ref())?;
        // Segments that end before the position are passed over.
        let skip = segments
            .partition_point(|(first, _)| *first <= Position(after.0.saturating_add(1)))
            .saturating_sub(1);
        segments.drain(..skip);
        Ok(Self {
            log_id: None,
            next: segments.first().map_or(Position(1), |(first, _)| *first),
            segments: segments.into_iter(),
            current: None,
            after,
        })
    }

    /// The position that comes after what was scanned.
    #[must_use]
    pub fn next_position(&self) -> Position {
        self.next
    }

    /// The segment that is being scanned.
    #[must_use]
    pub fn segment(&self) -> Option<&Path> {
        self.current.as_ref().map(|current| current.path.as_path())
    }

    /// The next frame with events; `None` at the end of the log. After an error the scan is over.
    ///
    /// # Errors
    /// The first place where something else stands than what was written.
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
            match next_or_judge(path, file, current.salt, &mut current.reader)? {
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
                Next::End { .. } => self.current = None,
            }
        }
    }

    fn enter(&mut self, first: Position, path: PathBuf) -> Result<Current, OpenError> {
        let file = File::open(&path).map_err(OpenError::io("open", &path))?;
        let header = read_header(&path, &file, first, self.log_id)?;
        self.log_id = Some(header.log_id);
        if first != self.next {
            let reason = format!("position {first} comes first");
            return Err(fault(&path, 0, self.next.0, reason));
        }
        let file = Arc::new(file);
        Ok(Current {
            reader: reader_of(&path, &file, &header)?,
            path,
            file,
            salt: header.salt,
            last: self.segments.len() == 0,
        })
    }
}

impl Iterator for Scan {
    type Item = Result<Frame, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_frame().transpose()
    }
}

/// Says where a record cannot be read. For those who go through [`Frame::records`] themselves.
#[must_use]
pub fn fault_in(segment: &Path, damage: crate::Damage) -> Fault {
    Fault::new(segment, damage)
}
