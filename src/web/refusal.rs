//! From what went wrong inside to what a client is told. Inner texts are logged here and go no further.

use std::fmt::Display;

use commands::CommandError;
use eventlog::ReadError;
use projections::TableError;

use crate::Problem;

/// After how many seconds to come back when the log is busy.
const BUSY_SECONDS: u64 = 1;

/// After how many seconds to come back when somebody has to look first.
const STOPPED_SECONDS: u64 = 30;

impl<R: Display> From<CommandError<R>> for Problem {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Rejected(rejection) => Self::conflict(rejection.to_string()),
            CommandError::Contended => {
                Self::unavailable("others are changing the same thing").retry_after(BUSY_SECONDS)
            }
            CommandError::Busy => {
                Self::unavailable("too much is waiting to be written").retry_after(BUSY_SECONDS)
            }
            CommandError::Full { reason } => {
                tracing::error!(
                    reason,
                    "a write was turned away: the disk of the log is full"
                );
                Self::unavailable("nothing can be written at present: the disk is full")
                    .retry_after(STOPPED_SECONDS)
            }
            CommandError::Stopped { reason } => {
                tracing::error!(reason, "a write was turned away: the log does not write");
                Self::unavailable("nothing can be written at present").retry_after(STOPPED_SECONDS)
            }
            CommandError::IdReused { id, .. } => {
                Self::conflict(format!("{id} already belongs to something else"))
            }
            CommandError::TooLarge { reason } => Self::too_large(reason),
            CommandError::BadKey { reason } => Self::bad_request(reason),
            CommandError::Fault { reason } => {
                tracing::error!(reason, "the log cannot be understood: {reason}");
                Self::internal("the log holds something that cannot be read")
            }
        }
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        // A damaged view is made anew by itself; until then there is nothing to answer from.
        tracing::warn!(%error, "a view cannot answer: {error}");
        Self::unavailable("the view cannot answer at present").retry_after(5)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Fault(reason) => {
                tracing::error!(reason, "the log is damaged: {reason}");
                Self::internal("the log is damaged here")
            }
            ReadError::Unavailable(reason) => {
                tracing::warn!(reason, "the log cannot be read: {reason}");
                Self::unavailable("the log cannot be read at present").retry_after(5)
            }
        }
    }
}
