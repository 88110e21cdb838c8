//! Damage of a log on disk.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use eventlog::{Position, ReadError};

use crate::frames::FrameError;
use crate::head_record::HeadRecordError;
use crate::header::HeaderError;
use crate::history::MissingHistory;

/// A place in a segment whose bytes are not those that were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// From the start of the segment, in bytes.
    pub offset: u64,
    /// The position that should have come next.
    pub position: Position,
    pub reason: String,
}

/// Damage, with the segment it is in. Nothing was changed; an operator must act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub segment: PathBuf,
    /// From the start of the segment, in bytes.
    pub offset: u64,
    /// The position that should have come next.
    pub position: Position,
    pub reason: String,
}

impl Fault {
    pub(crate) fn new(segment: &Path, damage: Damage) -> Self {
        Self {
            segment: segment.to_owned(),
            offset: damage.offset,
            position: damage.position,
            reason: damage.reason,
        }
    }
}

impl Fault {
    /// The place, for readers of the log: without the path on this machine.
    pub(crate) fn place(&self) -> String {
        let name = self.segment.file_name().unwrap_or(self.segment.as_os_str());
        format!(
            "{} at byte {} of {}, where position {} should stand",
            self.reason,
            self.offset,
            name.display(),
            self.position
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at byte {} of {}, where position {} should stand; nothing was changed: restore this \
             segment from a backup, or export what stands before it",
            self.reason,
            self.offset,
            self.segment.display(),
            self.position
        )
    }
}

impl std::error::Error for Fault {}

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the log in {directory} is in use by process {pid}")]
    InUse {
        directory: PathBuf,
        /// The other process, as it wrote itself down; `?` when that cannot be read.
        pid: String,
    },
    #[error("the log is damaged: {0}")]
    Fault(#[from] Fault),
    /// A segment is of another kind, or of a newer format.
    #[error("{segment} cannot be read: {error}")]
    Header {
        segment: PathBuf,
        error: HeaderError,
    },
    /// It reads well, and is not whole.
    #[error(transparent)]
    Missing(#[from] MissingHistory),
    /// The record of its head cannot be used.
    #[error(transparent)]
    HeadRecord(#[from] HeadRecordError),
    /// The machinery failed.
    #[error("cannot {doing} {path}: {error}")]
    Io {
        doing: &'static str,
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { doing, path, error }
    }

    pub(crate) fn frame(segment: &Path) -> impl FnOnce(FrameError) -> Self {
        move |error| match error {
            FrameError::Damage(damage) => Self::Fault(Fault::new(segment, damage)),
            FrameError::Io(error) => Self::io("read", segment)(error),
        }
    }
}

/// The reader's error for a damaged frame.
pub(crate) fn read_error(segment: &Path) -> impl Fn(FrameError) -> ReadError {
    move |error| match error {
        FrameError::Damage(damage) => ReadError::Fault(Fault::new(segment, damage).place()),
        FrameError::Io(error) => unavailable(segment)(error),
    }
}

/// The reader's error for a segment that cannot be opened.
pub(crate) fn not_opened(segment: &Path, first: u64) -> impl Fn(io::Error) -> ReadError {
    move |error| match error.kind() {
        io::ErrorKind::NotFound => {
            let damage = Damage {
                offset: 0,
                position: Position(first),
                reason: "the segment is missing".to_owned(),
            };
            ReadError::Fault(Fault::new(segment, damage).place())
        }
        _ => unavailable(segment)(error),
    }
}

/// The reader's error for a file that cannot be read.
pub(crate) fn unavailable(path: &Path) -> impl Fn(io::Error) -> ReadError {
    move |error| ReadError::Unavailable(format!("{}: {error}", path.display()))
}
