//! Why a command was not acknowledged.

use std::convert::Infallible;

use domain::DecodeFault;
use eventlog::{AppendError, NameError, Position, ReadError};
use thiserror::Error;
use uuid::Uuid;

/// Why a command was not acknowledged. Nothing of it is in the log, except perhaps after
/// [`CommandError::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandError<R> {
    /// The domain rejected the command.
    #[error("{0}")]
    Rejected(R),
    /// Others changed the same thing every time this one tried. Come back later.
    #[error("too many conflicts: other commands kept changing the same stream")]
    Contended,
    /// Too much waits already, or the log is out of reach for the moment. Come back later.
    #[error("the log is busy")]
    Busy,
    /// The disk of the log is full. It continues by itself once there is space.
    #[error("no space is left for the log: {reason}")]
    Full {
        /// What could not be made.
        reason: String,
    },
    /// The append was sent, and whether it is durable is not known. Nothing here tries it again.
    #[error("the outcome is unknown: {reason}")]
    Unknown {
        /// What went wrong after the append was sent.
        reason: String,
        /// Whether the ids of the events follow from an id that the caller gave: then the caller
        /// may repeat the command, and it happens once all the same.
        repeatable: bool,
    },
    /// The log does not write, and an operator has to look unless it comes back by itself.
    #[error("the log does not accept writes: {reason}")]
    Stopped { reason: String },
    /// The id of this command belongs to another one.
    #[error("id {id} is already used by another command, at position {position}")]
    IdReused {
        id: Uuid,
        /// Where it was used.
        position: Position,
    },
    /// More than the log takes at once, or more history than a decision reads.
    #[error("too large: {reason}")]
    TooLarge { reason: String },
    /// The key cannot be part of a stream's name.
    #[error("invalid key: {reason}")]
    BadKey { reason: String },
    /// The log has an event that cannot be decoded, and an operator must look.
    #[error("an event of the log cannot be decoded: {reason}")]
    Fault { reason: String },
}

impl<R> CommandError<R> {
    /// The same error of a part that knows no rejections.
    pub(crate) fn of_machinery(error: CommandError<Infallible>) -> Self {
        error.map(|never| match never {})
    }

    /// The same error with another rejection.
    pub fn map<S>(self, rejection: impl FnOnce(R) -> S) -> CommandError<S> {
        match self {
            Self::Rejected(rejected) => CommandError::Rejected(rejection(rejected)),
            Self::Contended => CommandError::Contended,
            Self::Busy => CommandError::Busy,
            Self::Full { reason } => CommandError::Full { reason },
            Self::Unknown { reason, repeatable } => CommandError::Unknown { reason, repeatable },
            Self::Stopped { reason } => CommandError::Stopped { reason },
            Self::IdReused { id, position } => CommandError::IdReused { id, position },
            Self::TooLarge { reason } => CommandError::TooLarge { reason },
            Self::BadKey { reason } => CommandError::BadKey { reason },
            Self::Fault { reason } => CommandError::Fault { reason },
        }
    }

    /// The same error with a rejection that the other one turns into.
    pub fn into_rejection<S: From<R>>(self) -> CommandError<S> {
        self.map(S::from)
    }
}

impl<R> From<ReadError> for CommandError<R> {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Fault(reason) => Self::Fault { reason },
            ReadError::Unavailable(reason) => {
                tracing::warn!(reason, "the log cannot be read at present: {reason}");
                Self::Busy
            }
        }
    }
}

impl<R> From<NameError> for CommandError<R> {
    fn from(error: NameError) -> Self {
        let reason = error.to_string();
        Self::BadKey { reason }
    }
}

impl<R> From<DecodeFault> for CommandError<R> {
    fn from(fault: DecodeFault) -> Self {
        let reason = fault.to_string();
        Self::Fault { reason }
    }
}

impl<R> From<AppendError> for CommandError<R> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::Contended,
            AppendError::IdReused { id, position } => Self::IdReused { id, position },
            AppendError::Refused { reason } => Self::TooLarge { reason },
            AppendError::Busy => Self::Busy,
            AppendError::Full { reason } => Self::Full { reason },
            AppendError::Unknown { reason } => Self::Unknown {
                reason,
                repeatable: false,
            },
            AppendError::Stopped { reason } => Self::Stopped { reason },
        }
    }
}
