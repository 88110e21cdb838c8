//! What reading a history comes to: a row, a refused row, or the end of it.

use std::fmt;

use allocation::UsageSample;
use eventlog::ReadError;

pub(crate) type Row = Result<UsageSample, Refused>;

/// Takes the rows of a history in order, and decides when to stop.
pub(crate) type Sink<'s> = dyn FnMut(Row) -> Result<(), HistoryError> + 's;

/// A row that no build can have left behind. It is not scored and not learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The file, or the log.
    pub(crate) history: String,
    /// Its place: the row of a file (from 1, the header not counted) with its line, or the
    /// position in the log.
    pub(crate) place: String,
    /// What of it is wrong; none when it is the row as a whole.
    pub(crate) column: Option<String>,
    pub(crate) reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            history,
            place,
            column,
            reason,
        } = self;
        match column {
            Some(column) => write!(f, "{history}, {place}, column {column}: {reason}"),
            None => write!(f, "{history}, {place}: {reason}"),
        }
    }
}

/// Why a history could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// A row was refused, and none may be.
    #[error("{0}")]
    Refused(Refused),
    /// The history is no history, or ends before its end.
    #[error("{history}: {reason}")]
    Unusable {
        /// The file, or the log.
        history: String,
        reason: String,
    },
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
}

impl HistoryError {
    /// A history that is none.
    pub(crate) fn unusable(history: &str, reason: impl Into<String>) -> Self {
        Self::Unusable {
            history: history.to_owned(),
            reason: reason.into(),
        }
    }
}
