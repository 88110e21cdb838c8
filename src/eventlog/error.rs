//! Errors of a log.

use thiserror::Error;
use uuid::Uuid;

use crate::{Expected, Position, Revision, StreamName};

/// Why a stream name is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// It is not `category-key`, or empty.
    #[error("a name has the form `category-key`, with neither side empty")]
    Shape,
    /// The category holds a hyphen, which would move the border between category and key.
    #[error("a category has no hyphen")]
    Category,
    /// Longer than a name may be.
    #[error("a name of {bytes} bytes is longer than {bytes_max}")]
    TooLong {
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    #[error("a name has no control characters")]
    ControlCharacter,
    /// It is not text.
    #[error("a name is UTF-8")]
    Utf8,
}

/// Why a batch was not acknowledged. Nothing of the batch is in the log, except perhaps after
/// [`AppendError::Unknown`].
#[derive(Clone, Debug, Error)]
pub enum AppendError {
    /// A stream is not as the writer believed. Load again, decide again.
    #[error("stream {stream} is at {actual:?}, not {expected:?}")]
    Conflict {
        stream: StreamName,
        /// What the writer believed.
        expected: Expected,
        /// The revision of its last event, if it has one.
        actual: Option<Revision>,
    },
    /// Some ids of the batch are known and others are not, or they are known in another stream.
    #[error("event id {id} is already used by another batch, at position {position}")]
    IdReused {
        id: Uuid,
        /// Where it was used.
        position: Position,
    },
    /// The batch is empty, or over one of the limits of this crate.
    #[error("this batch cannot be appended: {reason}")]
    Refused { reason: String },
    /// Too much waits already, or the log is out of reach. The batch was never sent, so it can be
    /// sent again.
    #[error("the log is busy: too many batches are waiting")]
    Busy,
    /// The batch was sent, and whether it is durable is not known. It may become visible later. A
    /// caller that needs to know sends the same event ids again or looks for them; one that drew
    /// new ids must not repeat.
    #[error("the outcome of this append is unknown: {reason}")]
    Unknown {
        /// What went wrong after the batch was sent.
        reason: String,
    },
    /// The log's disk is full. Nothing of the batch was written, and the log continues by itself
    /// once there is space.
    #[error("no space is left for the log: {reason}")]
    Full {
        /// What could not be made.
        reason: String,
    },
    /// The log does not write, and nothing of the batch was sent. An operator has to look, unless
    /// the log comes back by itself: see [`crate::EventLog::stopped`].
    #[error("the log does not accept writes: {reason}")]
    Stopped { reason: String },
}

/// Why something could not be read.
#[derive(Clone, Debug, Error)]
pub enum ReadError {
    /// The log is damaged; an operator must act. The text names the place.
    #[error("the log is damaged: {0}")]
    Fault(String),
    /// The machinery failed this time.
    #[error("the log cannot be read: {0}")]
    Unavailable(String),
}
