//! The domain's rejections of reports about runs.

use domain::core::numbers::NumbersRejection;
use domain::jobs::job::{JobRejection, TallyRejection};
use domain::jobs::kill_request::KillRequestRejection;
use domain::jobs::run::{OccasionRejection, RunRejection};
use domain::jobs::run_log::RunLogRejection;
use thiserror::Error;

use crate::CommandError;

/// The domain's rejections of reports about runs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunsRejection {
    #[error(transparent)]
    Run(#[from] RunRejection),
    /// What the run printed does.
    #[error(transparent)]
    Log(#[from] RunLogRejection),
    #[error(transparent)]
    KillRequest(#[from] KillRequestRejection),
    /// The run's job does.
    #[error(transparent)]
    Job(#[from] JobRejection),
    /// The counter does.
    #[error(transparent)]
    Numbers(#[from] NumbersRejection),
    /// A run of nothing makes no sense.
    #[error("no job {job} was created")]
    UnknownJob {
        /// Which number was given.
        job: u64,
    },
    /// An occasion is one of a job: a run of another would keep that job's children waiting.
    #[error(
        "schedule_id: job {job} has no occasion {schedule_id}: give the number of a run of that job, or leave it out"
    )]
    OtherOccasion {
        /// Which occasion was named.
        schedule_id: u64,
        job: u64,
    },
}

impl From<OccasionRejection> for RunsRejection {
    fn from(never: OccasionRejection) -> Self {
        match never {}
    }
}

impl From<TallyRejection> for RunsRejection {
    fn from(never: TallyRejection) -> Self {
        match never {}
    }
}

/// The error of one thing as the error of the unit.
pub(super) fn whole<R: Into<RunsRejection>>(error: CommandError<R>) -> CommandError<RunsRejection> {
    error.map(Into::into)
}
