//! Who works on what, and for whom, in the words of the farm's old API: those who know it know these.

use domain::jobs::schedule::{Patience, Window};
use domain::{
    LongText,
    core::{group, user},
    jobs::{job, job_template, project, worker, worker_pool},
};
use jiff::Timestamp;
use jiff::civil::Time;
use projections::jobs::roster::{Roster, WorkerEntry};
use serde::Serialize;
use utoipa::ToSchema;

use crate::WorkerAnswers;

/// Another thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its number.
    pub id: u64,
    /// What people call it; empty when nobody knows it.
    pub title: String,
}

/// A group of users.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Group {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Somebody who logs in, without the password.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// Their number.
    pub id: u64,
    /// By what they log in.
    pub username: String,
    /// The groups they belong to.
    pub groups: Vec<Named>,
    /// Whether they may administer everything.
    pub admin: bool,
    /// Whether they may log in.
    pub enabled: bool,
    /// When they were created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A worker, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Worker {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// By what it is known.
    pub api_key: String,
    /// Whether it gets work.
    pub enqueue_is_enabled: bool,
    /// What it says about itself; none when asked about the past.
    pub reports: Option<WorkerReports>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// What a worker says about itself, and whether it says anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerReports {
    /// When it last answered a ping, by its own clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ping_response_at: Option<Timestamp>,
    /// Since when it is silent for too long: its runs are given up at the next health check, and other workers are
    /// preferred. One that never answered is since it was created.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub unresponsive_since: Option<Timestamp>,
    /// When we last heard how it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub reported_at: Option<Timestamp>,
    /// Of which version its program is.
    pub worker_version: Option<String>,
    /// How many runs it executes at once.
    pub concurrent_jobs: Option<u32>,
}

/// A pool of workers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkerPool {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Its workers.
    pub workers: Vec<Named>,
    /// Who is told about trouble, one address on each line.
    pub notification_addresses: String,
    /// Whether runs are sent.
    pub enqueue_is_enabled: bool,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A project.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Project {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The groups that see it.
    pub groups: Vec<Named>,
    /// The groups that change it, provided that they see it.
    pub auth_groups: Vec<Named>,
    /// The pools whose workers may execute its jobs.
    pub worker_pools: Vec<Named>,
    /// Who is told about trouble, one address on each line.
    pub notification_addresses: String,
    /// Whether runs are sent.
    pub enqueue_is_enabled: bool,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A template of jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobTemplate {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The project that its jobs belong to.
    pub project: Named,
    /// What stands around the scripts of its jobs.
    pub body: String,
    /// Who is told about trouble, one address on each line.
    pub notification_addresses: String,
    /// Whether runs are sent.
    pub enqueue_is_enabled: bool,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub title: String,
    /// What it is for, in Markdown.
    pub description: String,
    /// The template around its script.
    pub job_template: Named,
    /// The pool whose workers execute it.
    pub worker_pool: Named,
    /// The job after which it runs.
    pub parent: Option<Named>,
    /// The script, as it was typed.
    pub script_content_partial: String,
    /// How many units its occasions are apart.
    pub reschedule_interval: Option<u32>,
    /// Of what; empty when it does not repeat.
    pub reschedule_interval_type: String,
    /// When it runs, by the calendar, instead of an interval.
    pub cron: Option<String>,
    /// By whose clock it goes, if not by the job runner's.
    pub time_zone: Option<String>,
    /// How long one run may take.
    pub run_timeout_seconds: Option<u32>,
    /// How often a run that failed is tried again.
    pub retries: Option<u32>,
    /// How long it waits before each of these; a minute, if it does not say.
    pub retry_delay_seconds: Option<u32>,
    /// When it does not run, local times of day.
    pub exclude_windows: Vec<String>,
    /// Whether each worker of the pool executes it.
    pub run_on_all_workers: bool,
    /// Whether its children run after a failure as well.
    pub schedule_children_on_error: bool,
    /// How many failures in a row are borne; nothing and 0: any number.
    pub disable_enqueue_after_fails: Option<u32>,
    /// Who is told about failures, one address on each line.
    pub notification_addresses: String,
    /// Whether its runs are sent.
    pub enqueue_is_enabled: bool,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A kind of thing that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Group,
    User,
    Worker,
    WorkerPool,
    Project,
    JobTemplate,
    Job,
}

impl Thing {
    /// What one is called in sentences.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::User => "user",
            Self::Worker => "worker",
            Self::WorkerPool => "worker pool",
            Self::Project => "project",
            Self::JobTemplate => "job template",
            Self::Job => "job",
        }
    }
}

/// Whoever knows what things are called.
pub(crate) trait Look {
    /// What it is called.
    fn called(&self, thing: Thing, number: u64) -> Option<String>;

    /// It, with what it is called.
    fn named(&self, thing: Thing, number: u64) -> Named {
        Named {
            id: number,
            title: self.called(thing, number).unwrap_or_default(),
        }
    }

    /// Several, with what they are called.
    fn all<'n>(&self, thing: Thing, numbers: impl IntoIterator<Item = &'n u64>) -> Vec<Named> {
        let numbers = numbers.into_iter();
        numbers.map(|number| self.named(thing, *number)).collect()
    }
}

impl Look for Roster {
    fn called(&self, thing: Thing, number: u64) -> Option<String> {
        match thing {
            Thing::Group => self.group(number).map(|group| group.name.clone()),
            Thing::User => self.user(number).map(|user| user.name.clone()),
            Thing::Worker => self.worker(number).map(|worker| worker.title.clone()),
            Thing::WorkerPool => self.worker_pool(number).map(|pool| pool.title.clone()),
            Thing::Project => self.project(number).map(|project| project.title.clone()),
            Thing::JobTemplate => self.job_template(number).map(|it| it.title.clone()),
            Thing::Job => self.job(number).map(|job| job.title.clone()),
        }
    }
}

impl Group {
    pub(crate) fn of(facts: &group::Created, _: &impl Look) -> Self {
        Self {
            id: facts.number,
            name: facts.name.clone(),
            created_at: facts.at,
        }
    }
}

impl User {
    pub(crate) fn of(facts: &user::Created, look: &impl Look) -> Self {
        Self {
            id: facts.number,
            username: facts.name.clone(),
            groups: look.all(Thing::Group, &facts.groups),
            admin: facts.is_superuser,
            enabled: facts.is_enabled,
            created_at: facts.at,
        }
    }
}

impl Worker {
    pub(crate) fn of(facts: &worker::Registered, _: &impl Look) -> Self {
        Self {
            id: facts.number,
            title: facts.title.clone(),
            description: facts.description.clone(),
            api_key: facts.api_key.clone(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            reports: None,
            created_at: facts.at,
        }
    }
}

impl WorkerReports {
    /// What a worker says that is known since `created`. Whether it is silent is known from pings, where workers are
    /// pinged; clocks say only since when.
    pub(crate) fn of(
        worker: &WorkerEntry,
        created: Timestamp,
        patience: Patience,
        answers: Option<WorkerAnswers>,
        now: Timestamp,
    ) -> Self {
        let answered = worker.ping_response_at;
        let by_clock = patience.silent_since(created, answered, now);
        let unresponsive_since = match answers {
            None => by_clock,
            Some(answers) if answers.is_silent => by_clock.or(answered),
            Some(answers) => by_clock.filter(|_| !answers.is_heard && answered.is_none()),
        };
        Self {
            ping_response_at: answered,
            unresponsive_since,
            reported_at: worker.reported_at,
            worker_version: worker.worker_version.clone(),
            concurrent_jobs: worker.concurrent_jobs,
        }
    }
}

impl WorkerPool {
    pub(crate) fn of(facts: &worker_pool::Created, look: &impl Look) -> Self {
        Self {
            id: facts.number,
            title: facts.title.clone(),
            description: facts.description.clone(),
            workers: look.all(Thing::Worker, &facts.workers),
            notification_addresses: facts.notification_addresses.clone(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            created_at: facts.at,
        }
    }
}

impl Project {
    pub(crate) fn of(facts: &project::Created, look: &impl Look) -> Self {
        Self {
            id: facts.number,
            title: facts.title.clone(),
            description: facts.description.clone(),
            groups: look.all(Thing::Group, &facts.viewers),
            auth_groups: look.all(Thing::Group, &facts.admins),
            worker_pools: look.all(Thing::WorkerPool, &facts.worker_pools),
            notification_addresses: facts.notification_addresses.clone(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            created_at: facts.at,
        }
    }
}

impl JobTemplate {
    /// A template whose body, when it is long, is only described.
    pub(crate) fn of(facts: &job_template::Created, look: &impl Look) -> Self {
        Self {
            id: facts.number,
            title: facts.title.clone(),
            description: facts.description.clone(),
            project: look.named(Thing::Project, facts.project),
            body: described(&facts.body),
            notification_addresses: facts.notification_addresses.clone(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            created_at: facts.at,
        }
    }
}

impl Job {
    /// A job whose script, when it is long, is only described.
    pub(crate) fn of(facts: &job::Created, look: &impl Look) -> Self {
        let parent = facts.parent.map(|parent| look.named(Thing::Job, parent));
        let unit = facts.interval_unit.map_or("", |unit| unit.wire());
        Self {
            id: facts.number,
            title: facts.title.clone(),
            description: facts.description.clone(),
            job_template: look.named(Thing::JobTemplate, facts.job_template),
            worker_pool: look.named(Thing::WorkerPool, facts.worker_pool),
            parent,
            script_content_partial: described(&facts.script),
            reschedule_interval: facts.interval_count,
            reschedule_interval_type: unit.to_owned(),
            cron: facts.cron.clone(),
            time_zone: facts.time_zone.clone(),
            run_timeout_seconds: facts.run_timeout_seconds,
            retries: facts.retries,
            retry_delay_seconds: facts.retry_delay_seconds,
            exclude_windows: facts.excluded.iter().map(window).collect(),
            run_on_all_workers: facts.run_on_all_workers,
            schedule_children_on_error: facts.schedule_children_on_error,
            disable_enqueue_after_fails: facts.fails_max,
            notification_addresses: facts.notification_addresses.clone(),
            enqueue_is_enabled: facts.enqueue_is_enabled,
            created_at: facts.at,
        }
    }
}

fn window(window: &Window) -> String {
    let time = |time: Time| {
        let format = match time.second() {
            0 => "%H:%M",
            _ => "%H:%M:%S",
        };
        time.strftime(format).to_string()
    };
    format!("{}-{}", time(window.from), time(window.until))
}

/// A short text itself; of a long one, how long it is and by what it is told from others.
fn described(text: &LongText) -> String {
    match text {
        LongText::Inline(text) => text.clone(),
        LongText::Blob(blob) => format!("({} bytes, {})", blob.size, blob.digest),
    }
}
