//! What may have happened to a job.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::jobs::schedule::{IntervalUnit, Window};
use crate::kernel::change::{edits, present};
use crate::kernel::event::events;
use crate::{BlobRef, LongText};

events! {
    /// What may have happened to a job. Streams: `job-<number>`, and `job-tally:<number>` for how its runs
    /// went.
    JobEvent {
        /// It is there.
        Created(Created) = "job.created" v 2 [audited, blobs],
        /// It is described otherwise, or does something else.
        Edited(Edited) = "job.edited" v 2 [audited, blobs],
        /// Its runs are no longer sent, except those that a person asked for.
        EnqueueSuspended(EnqueueSuspended) = "job.enqueue_suspended" v 1 [by_hand],
        /// Its runs are sent again.
        EnqueueResumed(EnqueueResumed) = "job.enqueue_resumed" v 1 [by_hand],
        /// One of its runs is over.
        RunCounted(RunCounted) = "job.run_counted" v 1,
    }
}

/// `job.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The job's number.
    pub number: u64,
    /// What people call it.
    pub title: String,
    /// What it is for, in Markdown.
    pub description: String,
    /// The number of the template around its script.
    pub job_template: u64,
    /// The number of the pool whose workers execute it.
    pub worker_pool: u64,
    /// The number of the job after which it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// The script, as it is typed: what its template makes of it is worked out from both.
    pub script: LongText,
    /// Whether its runs are sent.
    pub enqueue_is_enabled: bool,
    /// How many units its occasions are apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_count: Option<u32>,
    /// Of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_unit: Option<IntervalUnit>,
    /// When it does not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Window>,
    /// Whether each worker of the pool executes it.
    pub run_on_all_workers: bool,
    /// Whether its children run after a failure as well.
    pub schedule_children_on_error: bool,
    /// Who is told about failures, one address on each line.
    pub notification_addresses: String,
    /// How many failures in a row are borne; none and 0: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails_max: Option<u32>,
    /// When it runs, by the calendar. A job has this or an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// Whose clock it goes by, as the database of time zones calls it; the job runner's, when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How long one run may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_timeout_seconds: Option<u32>,
    /// How often a run that failed is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// How long it waits before each of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_delay_seconds: Option<u32>,
    /// When.
    pub at: Timestamp,
}

impl Created {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.script.blob().into_iter().collect()
    }
}

impl Created {
    /// A job of which nothing was said yet, not even which template and which pool it has.
    #[must_use]
    pub fn blank(number: u64, at: Timestamp) -> Self {
        Self {
            number,
            title: String::new(),
            description: String::new(),
            job_template: 0,
            worker_pool: 0,
            parent: None,
            script: LongText::default(),
            enqueue_is_enabled: true,
            interval_count: None,
            interval_unit: None,
            excluded: Vec::new(),
            run_on_all_workers: false,
            schedule_children_on_error: false,
            notification_addresses: String::new(),
            fails_max: None,
            cron: None,
            time_zone: None,
            run_timeout_seconds: None,
            retries: None,
            retry_delay_seconds: None,
            at,
        }
    }
}

edits! {
    /// `job.edited`: what is not spoken of stays, `null` empties.
    Edited of Created {
        /// What people call it.
        title: String,
        /// What it is for, in Markdown.
        description: String,
        /// The number of the template around its script.
        job_template: u64,
        /// The number of the pool whose workers execute it.
        worker_pool: u64,
        /// The number of the job after which it runs.
        #[serde(deserialize_with = "present")]
        parent: Option<u64>,
        /// The script, as it is typed.
        script: LongText,
        /// How many units its occasions are apart.
        #[serde(deserialize_with = "present")]
        interval_count: Option<u32>,
        /// Of what.
        #[serde(deserialize_with = "present")]
        interval_unit: Option<IntervalUnit>,
        /// When it does not run.
        excluded: Vec<Window>,
        /// Whether each worker of the pool executes it.
        run_on_all_workers: bool,
        /// Whether its children run after a failure as well.
        schedule_children_on_error: bool,
        /// Who is told about failures, one address on each line.
        notification_addresses: String,
        /// How many failures in a row are borne.
        #[serde(deserialize_with = "present")]
        fails_max: Option<u32>,
        /// When it runs, by the calendar.
        #[serde(deserialize_with = "present")]
        cron: Option<String>,
        /// Whose clock it goes by.
        #[serde(deserialize_with = "present")]
        time_zone: Option<String>,
        /// How long one run may take.
        #[serde(deserialize_with = "present")]
        run_timeout_seconds: Option<u32>,
        /// How often a run that failed is tried again.
        #[serde(deserialize_with = "present")]
        retries: Option<u32>,
        /// How long it waits before each of these.
        #[serde(deserialize_with = "present")]
        retry_delay_seconds: Option<u32>,
    }
}

impl Edited {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.script.iter().filter_map(LongText::blob).collect()
    }
}

/// Why the runs of a job are no longer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    /// Somebody asked for it.
    Asked,
    /// Too many of them failed in a row.
    Failures {
        /// How many.
        fails: u32,
        /// The run that was one too many.
        run: u64,
    },
}

/// `job.enqueue_suspended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueSuspended {
    /// Why.
    pub because: Suspension,
    /// When.
    pub at: Timestamp,
}

/// `job.enqueue_resumed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueResumed {
    /// When.
    pub at: Timestamp,
}

/// `job.run_counted`. The last of them says how things stand, so that no more has to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounted {
    /// Which run is over.
    pub run: u64,
    /// The occasion it belongs to, now the last that was completed.
    pub schedule_id: u64,
    /// Whether it went well; nothing when its worker did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// How many of the job's runs have failed in a row.
    pub fails: u32,
    /// Whether that is more than is borne.
    pub too_many: bool,
    /// When.
    pub at: Timestamp,
}
