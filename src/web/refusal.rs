//! From inner errors to what a client reads. Inner texts are logged here and go no further.

use std::fmt::Display;

use commands::{CommandError, LogLimit};
use eventlog::ReadError;
use people::AccessError;
use projections::TableError;

use crate::Problem;

/// After how many seconds to come back when the log is busy.
const BUSY_SECONDS: u64 = 1;

/// After how many seconds to send again what may have been written.
const UNKNOWN_SECONDS: u64 = 5;

/// After how many seconds to come back when a view is being rebuilt.
const REBUILD_SECONDS: u64 = 2;

/// `Retry-After` where an operator has to act first.
const STOPPED_SECONDS: u64 = 30;

/// What keeps one request from being answered keeps all of them.
static LOG: LogLimit = LogLimit::new();

impl<R: Display> From<CommandError<R>> for Problem {
    fn from(error: CommandError<R>) -> Self {
        Self::of_command(error.map(|rejection| rejection.to_string()))
    }
}

impl Problem {
    fn of_command(error: CommandError<String>) -> Self {
        match error {
            CommandError::Rejected(rejection) => Self::conflict(rejection),
            CommandError::Contended => {
                Self::unavailable("others are changing the same thing").retry_after(BUSY_SECONDS)
            }
            CommandError::Busy => {
                Self::unavailable("too much is waiting to be written").retry_after(BUSY_SECONDS)
            }
            CommandError::Full { reason } => {
                if let Some(suppressed) = LOG.admit("full") {
                    tracing::error!(
                        reason,
                        suppressed,
                        "a write was refused: the disk of the log is full: {reason}"
                    );
                }
                Self::unavailable("nothing can be written at present: the disk is full")
                    .retry_after(STOPPED_SECONDS)
            }
            CommandError::Unknown { reason, repeatable } => {
                if let Some(suppressed) = LOG.admit("unknown") {
                    tracing::warn!(
                        reason,
                        suppressed,
                        "it is not known whether a write is durable: {reason}"
                    );
                }
                unknown(repeatable)
            }
            CommandError::Stopped { reason } => {
                if let Some(suppressed) = LOG.admit("stopped") {
                    tracing::error!(
                        reason,
                        suppressed,
                        "a write was refused: the log does not accept writes: {reason}"
                    );
                }
                Self::unavailable("nothing can be written at present").retry_after(STOPPED_SECONDS)
            }
            CommandError::IdReused { id, .. } => {
                Self::conflict(format!("{id} already belongs to something else"))
            }
            CommandError::TooLarge { reason } => Self::too_large(reason),
            CommandError::BadKey { reason } => Self::bad_request(reason),
            CommandError::Fault { reason } => {
                if let Some(suppressed) = LOG.admit(&reason) {
                    tracing::error!(reason, suppressed, "the log cannot be understood: {reason}");
                }
                Self::internal("the log holds something that cannot be read")
            }
        }
    }
}

/// A repeat is invited only where it is safe: where the event ids derive from the request.
fn unknown(repeatable: bool) -> Problem {
    match repeatable {
        true => Problem::unavailable(
            "it is not known yet whether this was written: send the same request again",
        )
        .retry_after(UNKNOWN_SECONDS),
        false => Problem::outcome_unknown(
            "this may have been written or not: look whether it was before you send it again",
        ),
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let detail = error.to_string();
        match error {
            AccessError::Wrong => Self::unauthenticated(detail),
            AccessError::TooManyAttempts { retry_after } => {
                Self::rate_limited(detail).retry_after(retry_after)
            }
            AccessError::Unavailable { retry_after, .. } => {
                Self::unavailable(detail).retry_after(retry_after)
            }
            AccessError::Internal => Self::internal(detail),
            AccessError::View(error) => error.into(),
        }
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        if let TableError::NotReady { .. } = error {
            tracing::debug!(%error, "a view does not answer yet: {error}");
            return Self::unavailable(error.to_string()).retry_after(REBUILD_SECONDS);
        }
        // A damaged view is rebuilt by itself; until then there is nothing to answer from.
        if let Some(suppressed) = LOG.admit(&error.to_string()) {
            tracing::warn!(%error, suppressed, "a view cannot answer: {error}");
        }
        Self::unavailable("the view cannot answer at present").retry_after(5)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Fault(reason) => {
                if let Some(suppressed) = LOG.admit(&reason) {
                    tracing::error!(reason, suppressed, "the log is damaged: {reason}");
                }
                // The place of the damage is no secret, and an operator needs it first.
                Self::internal(format!("the log is damaged: {reason}"))
            }
            ReadError::Unavailable(reason) => {
                if let Some(suppressed) = LOG.admit(&reason) {
                    tracing::warn!(reason, suppressed, "the log cannot be read: {reason}");
                }
                Self::unavailable("the log cannot be read at present").retry_after(5)
            }
        }
    }
}
