//! What the log knows of a build when its usage is to be learnt.

use domain::builds::build::BuildKey;
use jiff::Timestamp;
use projections::builds::build::BuildRow;
use projections::builds::collections::CollectionRow;

use crate::frame::Work;
use crate::usage::{ReportedFacts, Shortfall, Times};

/// A collection that waits, as the view shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued(pub CollectionRow);

impl Work for Queued {
    type Key = BuildKey;

    fn key(&self) -> BuildKey {
        self.0.key.clone()
    }

    fn attempts(&self) -> u32 {
        self.0.progress.attempt
    }
}

/// What the log knows of a build that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who numbered it.
    pub source: String,
    pub number: i64,
    pub collection: u32,
    pub status: String,
    pub stage: String,
    pub runner: Option<String>,
    pub git_ref: String,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// The failure reason that its source gave.
    pub failure_reason: Option<String>,
}

impl Facts {
    pub(super) fn new(work: &Queued, row: BuildRow) -> Self {
        Self {
            source: work.0.key.source().to_owned(),
            number: work.0.key.number(),
            collection: work.0.progress.collection,
            status: row.status,
            stage: row.stage.unwrap_or_default(),
            runner: row.runner,
            git_ref: row.git_ref,
            started_at: row.started_at,
            finished_at: row.finished_at,
            failure_reason: row.failure_reason,
        }
    }

    pub(super) fn times(&self) -> Result<Times, Shortfall> {
        Times::new(self.started_at, self.finished_at)
    }

    pub(super) fn data(&self, times: Times) -> ReportedFacts {
        ReportedFacts {
            collection: self.collection,
            git_ref: self.git_ref.clone(),
            status: self.status.clone(),
            times,
        }
    }
}
