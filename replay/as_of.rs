//! A moment in the life of a log, as people write it.

use std::fmt;
use std::str::FromStr;

use eventlog::{EventLog, Filter, PageLimit, Position, ReadError, Recorded};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use thiserror::Error;

/// A moment in the life of a log: a position, or a time as RFC 3339 writes it.
///
/// A time means the log as it stood before the first event that was recorded later. When a clock
/// once jumped ahead this shows too little rather than something that was not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// When this position was the head.
    Position(Position),
    /// At this time by the clock of the log.
    Time(Timestamp),
}

/// The text is neither a position nor a time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is neither a position (42) nor a time (2026-03-01T12:00:00Z)")]
pub struct AsOfError(String);

impl AsOf {
    /// Whether an event had happened by then, for events of a stream or log that are read in order.
    #[must_use]
    pub fn includes(self, event: &Recorded) -> bool {
        match self {
            Self::Position(position) => event.position <= position,
            Self::Time(time) => event.recorded_at <= time,
        }
    }

    /// The head of the log as it was then. For a time this reads the log up to it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn head_of(self, log: &dyn EventLog) -> Result<Position, ReadError> {
        let head = log.head();
        if let Self::Position(position) = self {
            return Ok(position.min(head));
        }
        let mut after = Position::START;
        while after < head {
            let page = log
                .read_all(after, &Filter::all(), PageLimit::events(4096))
                .await?;
            for event in &page.events {
                if event.position > head || !self.includes(event) {
                    return Ok(after);
                }
                after = event.position;
            }
            if page.end {
                break;
            }
        }
        Ok(after)
    }
}

impl FromStr for AsOf {
    type Err = AsOfError;

    fn from_str(text: &str) -> Result<Self, AsOfError> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let position = text.parse().map_err(|_| AsOfError(text.to_owned()))?;
            return Ok(Self::Position(Position(position)));
        }
        text.parse()
            .map(Self::Time)
            .map_err(|_| AsOfError(text.chars().take(100).collect()))
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => position.fmt(f),
            Self::Time(time) => time.fmt(f),
        }
    }
}

impl Serialize for AsOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
