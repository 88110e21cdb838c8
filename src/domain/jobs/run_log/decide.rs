//! What a log may do: be written, and be replaced.

use jiff::Timestamp;
use thiserror::Error;

use super::{Replaced, RunLogEvent, Written};
use crate::{Aggregate, LongText};

/// What decisions about a log rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunLog {
    number: Option<u64>,
    content: Option<LongText>,
}

/// Commands to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunLogCommand {
    /// Write it. An existing log is replaced and keeps its number: a worker that lost the answer
    /// repeats the request, and would do so for ever if it were refused.
    Write(Written),
    Replace {
        /// What the run printed, if it is known.
        content: Option<LongText>,
        at: Timestamp,
    },
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunLogRejection {
    /// There is none.
    #[error("this run has no log")]
    Unknown,
    /// The text is to be stored elsewhere first.
    #[error("the log is too long for an event")]
    TooLong,
}

impl RunLog {
    /// Its number, if there is one. Check this before taking a new number: a log that was written
    /// keeps its number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.number
    }
}

impl Aggregate for RunLog {
    const CATEGORY: &'static str = "run_log";
    type Command = RunLogCommand;
    type Event = RunLogEvent;
    type Rejection = RunLogRejection;

    fn decide(&self, command: RunLogCommand) -> Result<Vec<RunLogEvent>, RunLogRejection> {
        use RunLogCommand as C;
        use RunLogEvent as E;
        use RunLogRejection as R;

        Ok(match (self.number, command) {
            // Impossible.
            (_, C::Write(Written { content, .. }) | C::Replace { content, .. })
                if content.as_ref().is_some_and(|content| !content.fits()) =>
            {
                return Err(R::TooLong);
            }
            (None, C::Replace { .. }) => return Err(R::Unknown),

            // Repeated.
            (Some(_), C::Write(Written { content, .. }) | C::Replace { content, .. })
                if content == self.content =>
            {
                vec![]
            }

            // Allowed.
            (None, C::Write(data)) => vec![E::Written(data)],
            (Some(_), C::Write(Written { content, at, .. }) | C::Replace { content, at }) => {
                vec![E::Replaced(Replaced { content, at })]
            }
        })
    }

    fn evolve(&mut self, event: &RunLogEvent) {
        match event {
            RunLogEvent::Written(data) => {
                self.number = Some(data.number);
                self.content.clone_from(&data.content);
            }
            RunLogEvent::Replaced(data) => self.content.clone_from(&data.content),
        }
    }
}

#[cfg(test)]
mod tests;
