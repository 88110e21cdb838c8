//! What memory keeps of each thing: what lists, rights and schedules are made of.

use std::collections::BTreeSet;

use domain::Sealed;
use domain::jobs::job::RunCounted;
use domain::jobs::schedule::{IntervalUnit, Window};
use domain::jobs::worker::Reported;
use domain::{
    core::group,
    jobs::{job, job_template, project, worker, worker_pool},
};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::UserFacts;
use crate::engine::stored::time;

/// Declares what memory keeps of kinds: their numbers, and these of their facts.
macro_rules! entries {
    ($($(#[$meta:meta])* $name:ident of $facts:ty { $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ })+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name {
                pub number: u64,
                $($(#[$field_meta])* pub $field: $type,)+
            }

            impl $name {
                pub(super) fn of(number: u64, facts: &$facts) -> Self {
                    Self { number, $($field: Clone::clone(&facts.$field),)+ }
                }
            }
        )+
    };
}

entries! {
    GroupEntry of group::Created {
        /// What people call it.
        name: String,
    }

    ProjectEntry of project::Created {
        /// What people call it.
        title: String,
        /// Whether runs are sent.
        enqueue_is_enabled: bool,
        /// The pools whose workers may execute its jobs.
        worker_pools: BTreeSet<u64>,
        /// The groups that see it.
        viewers: BTreeSet<u64>,
        /// The groups that change it, provided that they see it.
        admins: BTreeSet<u64>,
    }

    WorkerPoolEntry of worker_pool::Created {
        /// What people call it.
        title: String,
        /// Whether runs are sent.
        enqueue_is_enabled: bool,
        workers: BTreeSet<u64>,
    }

    JobTemplateEntry of job_template::Created {
        /// What people call it.
        title: String,
        /// The project that its jobs belong to.
        project: u64,
        /// Whether runs are sent.
        enqueue_is_enabled: bool,
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserEntry {
    pub number: u64,
    /// By what they log in.
    pub name: String,
    /// Whether they may administer everything. What they see depends on their groups only.
    pub is_superuser: bool,
    /// Whether they may log in.
    pub is_enabled: bool,
    /// The groups they belong to.
    pub groups: BTreeSet<u64>,
    /// The last event that set the password: a session from before it has ended.
    pub credential_position: Position,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerEntry {
    pub number: u64,
    /// What people call it.
    pub title: String,
    pub api_key: String,
    /// With what it signs its requests.
    pub secret: Sealed,
    /// Whether it gets work.
    pub enqueue_is_enabled: bool,
    /// When it answered a ping, by its own clock.
    pub ping_response_at: Option<Timestamp>,
    pub worker_version: Option<String>,
    /// How many runs it executes at once.
    pub concurrent_jobs: Option<u32>,
    pub reported_at: Option<Timestamp>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEntry {
    pub number: u64,
    /// What people call it.
    pub title: String,
    /// The template around its script.
    pub job_template: u64,
    /// The pool whose workers execute it.
    pub worker_pool: u64,
    /// The job after which it runs.
    pub parent: Option<u64>,
    /// The jobs that run after it.
    pub children: BTreeSet<u64>,
    /// Whether its runs are sent.
    pub enqueue_is_enabled: bool,
    /// How many units its occasions are apart.
    pub interval_count: Option<u32>,
    pub interval_unit: Option<IntervalUnit>,
    /// When it does not run.
    pub excluded: Vec<Window>,
    /// Whether each worker of the pool executes it.
    pub run_on_all_workers: bool,
    /// Whether its children run after a failure as well.
    pub schedule_children_on_error: bool,
    /// How many failures in a row are borne; none and 0: any number.
    pub fails_max: Option<u32>,
    /// When it runs, by the calendar; instead of an interval.
    pub cron: Option<String>,
    /// Whose clock it goes by, when it is not the job runner's.
    pub time_zone: Option<String>,
    /// How long one run may take.
    pub run_timeout_seconds: Option<u32>,
    /// How many of its runs have failed in a row.
    pub fails: u32,
    pub last_completed_schedule_id: Option<u64>,
}

/// A worker's reports about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReports {
    /// When it answered a ping, by its own clock.
    #[serde(with = "time::option")]
    pub ping_response_at: Option<Timestamp>,
    pub worker_version: Option<String>,
    /// How many runs it executes at once.
    pub concurrent_jobs: Option<u32>,
    #[serde(with = "time::option")]
    pub reported_at: Option<Timestamp>,
}

/// How the runs of a job went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTally {
    /// The run that was over last.
    pub run: u64,
    /// The occasion that was completed last.
    pub schedule_id: u64,
    /// How many runs have failed in a row.
    pub fails: u32,
}

impl JobTally {
    pub(super) fn of(data: &RunCounted) -> Self {
        Self {
            run: data.run,
            schedule_id: data.schedule_id,
            fails: data.fails,
        }
    }
}

impl WorkerReports {
    /// Takes note of a report: what it does not speak of stays.
    pub(super) fn note(&mut self, data: &Reported) {
        if let Some(at) = data.ping_response_at {
            self.ping_response_at = at;
        }
        if let Some(version) = &data.worker_version {
            self.worker_version.clone_from(version);
        }
        if let Some(count) = data.concurrent_jobs {
            self.concurrent_jobs = count;
        }
        self.reported_at = Some(data.at);
    }
}

impl UserEntry {
    pub(super) fn of(number: u64, facts: &UserFacts) -> Self {
        let user = &facts.user;
        Self {
            number,
            name: user.name.clone(),
            is_superuser: user.is_superuser,
            is_enabled: user.is_enabled,
            groups: user.groups.clone(),
            credential_position: facts.credential_position,
        }
    }
}

impl WorkerEntry {
    /// A worker without reports.
    pub(super) fn of(number: u64, facts: &worker::Registered) -> Self {
        Self {
            number,
            title: facts.title.clone(),
            api_key: facts.api_key.clone(),
            secret: facts.secret.clone(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            ping_response_at: None,
            worker_version: None,
            concurrent_jobs: None,
            reported_at: None,
        }
    }
}

impl JobEntry {
    /// A job without children and returns; the model knows them.
    pub(super) fn of(number: u64, facts: &job::Created) -> Self {
        Self {
            number,
            title: facts.title.clone(),
            job_template: facts.job_template,
            worker_pool: facts.worker_pool,
            parent: facts.parent,
            children: BTreeSet::new(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            interval_count: facts.interval_count,
            interval_unit: facts.interval_unit,
            excluded: facts.excluded.clone(),
            run_on_all_workers: facts.run_on_all_workers,
            schedule_children_on_error: facts.schedule_children_on_error,
            fails_max: facts.fails_max,
            cron: facts.cron.clone(),
            time_zone: facts.time_zone.clone(),
            run_timeout_seconds: facts.run_timeout_seconds,
            fails: 0,
            last_completed_schedule_id: None,
        }
    }
}
