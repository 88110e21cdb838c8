//! Why a tool could not do its work.

use std::io;
use std::path::Path;

use eventlog::{AppendError, ReadError};
use thiserror::Error;

/// Why a tool could not do its work. A tool that did its work and found damage reports it in its
/// result instead.
#[derive(Debug, Error)]
pub enum ToolError {
    /// The options make no sense together or name something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// The requested object does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log did not take a batch.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A view could not be built or read.
    #[error("the views cannot be used: {0}")]
    Views(String),
    /// A blob could not be read or written.
    #[error("blob {digest}: {reason}")]
    Blob {
        digest: String,
        /// What went wrong.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        path: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// A line of the input was refused; the lines before it were imported.
    #[error("line {line}: {reason}")]
    Line {
        /// From 1.
        line: u64,
        reason: String,
    },
    /// An export is not what was written: it was cut or changed.
    #[error("the export is incomplete: {0}; `--allow-partial` imports the valid part")]
    Incomplete(String),
    /// A foreign database has the wrong form.
    #[error("{path}: {reason}")]
    Source { path: String, reason: String },
    /// A row of a foreign database was refused, and none may be.
    #[error("{table} row {row}, column {column}: {reason}")]
    Row {
        table: &'static str,
        /// Its number there.
        row: i64,
        column: &'static str,
        reason: String,
    },
}

impl ToolError {
    /// What a command line exits with: 1 failed, 2 usage, 3 not found, 5 conflict, 6 verification
    /// failed.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Append(AppendError::Conflict { .. } | AppendError::IdReused { .. }) => 5,
            Self::Read(ReadError::Fault(_))
            | Self::Line { .. }
            | Self::Row { .. }
            | Self::Incomplete(_) => 6,
            Self::Read(_)
            | Self::Append(_)
            | Self::Views(_)
            | Self::Blob { .. }
            | Self::File { .. }
            | Self::Source { .. } => 1,
        }
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}
