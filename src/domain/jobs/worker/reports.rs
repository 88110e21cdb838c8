//! A worker's reports about itself.

use thiserror::Error;

use super::{Reported, WorkerEvent};
use crate::{Aggregate, History};

/// A worker's last report. Streams: `worker-reports:<number>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    last: Option<Reported>,
}

/// Commands to a worker's reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportCommand {
    /// Record a report. The same again adds nothing, whenever it comes.
    Report(Reported),
}

/// Rejections of these commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReportRejection {
    /// The version is longer than `max`.
    #[error("a worker's version has at most {max} characters")]
    VersionTooLong {
        /// How many there may be.
        max: usize,
    },
}

impl Reports {
    /// The longest name of a version, in characters.
    pub const VERSION_CHARS_MAX: usize = 100;

    /// The key of the stream of a worker's reports.
    #[must_use]
    pub fn key(worker: u64) -> String {
        format!("reports:{worker}")
    }
}

impl Aggregate for Reports {
    const CATEGORY: &'static str = "worker";
    const HISTORY: History = History::Last;
    type Command = ReportCommand;
    type Event = WorkerEvent;
    type Rejection = ReportRejection;

    fn decide(&self, command: ReportCommand) -> Result<Vec<WorkerEvent>, ReportRejection> {
        let ReportCommand::Report(data) = command;
        let max = Self::VERSION_CHARS_MAX;
        let version = data.worker_version.as_ref().and_then(Option::as_ref);
        if version.is_some_and(|version| version.chars().count() > max) {
            return Err(ReportRejection::VersionTooLong { max });
        }
        let says_nothing = Reported::nothing(data.at) == data;
        let at = data.at;
        let repeated = |last: &Reported| Reported { at, ..last.clone() } == data;
        if says_nothing || self.last.as_ref().is_some_and(repeated) {
            return Ok(vec![]);
        }
        Ok(vec![WorkerEvent::Reported(data)])
    }

    fn evolve(&mut self, event: &WorkerEvent) {
        if let WorkerEvent::Reported(data) = event {
            self.last = Some(data.clone());
        }
    }
}

impl Reported {
    /// An empty report.
    #[must_use]
    pub fn nothing(at: jiff::Timestamp) -> Self {
        Self {
            ping_response_at: None,
            worker_version: None,
            concurrent_jobs: None,
            at,
        }
    }
}

#[cfg(test)]
mod tests;
