//! From when to when a build ran.

use domain::builds::build::{CollectionFault, Reported};
use jiff::Timestamp;

use super::Shortfall;
use crate::prometheus::unix_seconds;

/// From when to when a build ran: some time, and forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
}

impl Times {
    /// The times of a report.
    ///
    /// # Errors
    /// When one is missing, or they do not span any time.
    pub fn reported(report: &Reported) -> Result<Self, Shortfall> {
        Self::new(report.started_at, report.finished_at)
    }

    /// Two times that may be missing.
    ///
    /// # Errors
    /// As [`Times::reported`].
    pub fn new(
        started_at: Option<Timestamp>,
        finished_at: Option<Timestamp>,
    ) -> Result<Self, Shortfall> {
        let wrong = |detail: String| Shortfall::new(CollectionFault::TimesUnusable, detail);
        let started_at = started_at.ok_or_else(|| wrong("it never started".to_owned()))?;
        let finished_at = finished_at.ok_or_else(|| wrong("it never ended".to_owned()))?;
        if finished_at <= started_at {
            return Err(wrong(format!(
                "it started at {started_at} and ended at {finished_at}"
            )));
        }
        Ok(Self {
            started_at,
            finished_at,
        })
    }

    /// The middle in unix seconds: series are not guaranteed to exist at the exact ends.
    #[must_use]
    pub fn middle(self) -> f64 {
        f64::midpoint(
            unix_seconds(self.started_at),
            unix_seconds(self.finished_at),
        )
    }
}
