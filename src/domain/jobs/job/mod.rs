//! A job: a script, when it is to run, where, and what happens after it.
//!
//! Its runs are aggregates of their own ([`crate::jobs::run`]); [`crate::jobs::schedule`] computes
//! when the next is due. How they went is counted in a stream next to that of the job: [`Tally`].
//!
//! What concerns several records at once is checked by callers who know them all: that the pool is
//! one of the project's, and that no job comes after itself ([`would_come_after_itself`]). That no
//! title of a template is used twice is promised by [`crate::core::name`].

mod family;
mod settings;
mod tally;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::jobs::schedule::{
    CronRejection, IntervalUnit, RETRIES_MAX, RETRY_DELAY_SECONDS_MAX, RUN_TIMEOUT_SECONDS_MAX,
    Window,
};
use crate::kernel::record::record;

pub use family::would_come_after_itself;
pub use tally::{Tally, TallyCommand, TallyRejection};

record! {
    /// What decisions about a job depend on.
    Job("job") {
        category: "job",
        events: JobEvent,
        commands: JobCommand,
        rejections: JobRejection {
            /// Nothing is every 0 minutes.
            #[error("an interval of 0 is none")]
            NoInterval,
            /// It would run after itself for ever.
            #[error("a job cannot be its own parent")]
            OwnParent,
            /// The text is to be stored elsewhere first.
            #[error("the script is too long for an event")]
            ScriptTooLong,
            /// Both `cron` and `reschedule_interval` are set.
            #[error("cron and reschedule_interval exclude each other: empty one of them")]
            TwoRhythms,
            #[error("cron {0}")]
            Cron(CronRejection),
            #[error("time_zone is the name of a time zone, such as Europe/Amsterdam")]
            TimeZone,
            /// It is too short or too long.
            #[error("run_timeout_seconds is from 1 to {RUN_TIMEOUT_SECONDS_MAX}")]
            RunTimeout,
            /// It would go on for ever.
            #[error("retries are {RETRIES_MAX} at most")]
            Retries,
            /// It is too long.
            #[error("retry_delay_seconds are {RETRY_DELAY_SECONDS_MAX} at most")]
            RetryDelay,
        },
        checked by: check,
    }

    Create -> Created = "job.created" v 2 [audited, blobs],
    Edit -> Edited = "job.edited" v 2 [audited, blobs],

    /// The title, unique in the template.
    edit title: String,
    edit description: String,
    /// The number of the template around its script.
    edit job_template: u64,
    /// The number of the pool whose workers execute it.
    edit worker_pool: u64,
    /// The number of the job after which it runs.
    edit parent: Option<u64>,
    /// The script as it was typed: what its template makes of it is worked out from both.
    edit script: LongText,
    /// Whether its runs are sent.
    switch enqueue_is_enabled {
        /// Its runs are no longer sent, except those that a person requested.
        off Suspend { because: Suspension = Suspension::Asked } -> EnqueueSuspended = "job.enqueue_suspended" v 1 [by_hand],
        /// Its runs are sent again.
        on Resume -> EnqueueResumed = "job.enqueue_resumed" v 1 [by_hand],
    }
    /// The number of units between its occasions.
    edit interval_count: Option<u32>,
    edit interval_unit: Option<IntervalUnit>,
    /// The times of day at which it does not run.
    edit excluded: Vec<Window>,
    /// Whether each worker of the pool executes it.
    edit run_on_all_workers: bool,
    /// Whether its children run after a failure as well.
    edit schedule_children_on_error: bool,
    /// Who gets mail about failures, one address on each line.
    edit notification_addresses: String,
    /// The number of failures in a row after which its runs are no longer sent; none and 0: any
    /// number.
    edit fails_max: Option<u32>,
    /// The cron expression by which it runs. A job has this or an interval.
    edit cron: Option<String>,
    /// The IANA name of its time zone; without one, that of the job runner.
    edit time_zone: Option<String>,
    /// The longest time that one run may take.
    edit run_timeout_seconds: Option<u32>,
    /// The number of times a run that failed is tried again.
    edit retries: Option<u32>,
    /// The time before each of these.
    edit retry_delay_seconds: Option<u32>,

    also RunCounted(RunCounted) = "job.run_counted" v 1,
}

/// Why the runs of a job are no longer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    /// Requested by a user.
    Asked,
    /// Too many of them failed in a row.
    Failures {
        fails: u32,
        /// The run that was one too many.
        run: u64,
    },
}

/// `job.run_counted`. The last one has the current totals, so that only it has to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounted {
    pub run: u64,
    /// The occasion it belongs to, now the last that was completed.
    pub schedule_id: u64,
    /// Whether it succeeded; none when its worker did not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// How many of the job's runs have failed in a row.
    pub fails: u32,
    /// Whether that is more than is borne.
    pub too_many: bool,
    pub at: Timestamp,
}

impl Created {
    fn check(&self) -> Result<(), JobRejection> {
        if self.interval_count == Some(0) {
            return Err(JobRejection::NoInterval);
        }
        if self.parent == Some(self.number) {
            return Err(JobRejection::OwnParent);
        }
        if !self.script.fits() {
            return Err(JobRejection::ScriptTooLong);
        }
        self.check_settings()
    }
}
