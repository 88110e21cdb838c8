//! What somebody wants of each kind of thing: what is not spoken of stays as it is, or is as usual when the
//! thing is new. A list that is given is the whole list.

use std::fmt;

use domain::jobs::schedule::{
    IntervalUnit, RETRIES_MAX, RETRY_DELAY_SECONDS_MAX, RUN_TIMEOUT_SECONDS_MAX, Window,
};
use domain::{
    core::{group, user},
    jobs::{job, job_template, project, worker, worker_pool},
};
use people::PASSWORD_BYTES_MAX;
use people::secret::CREDENTIAL_BYTES_MAX;
use secrecy::SecretString;
use serde_json::Value;
use utoipa::ToSchema;

use super::reading::{API_KEY_BYTES_MAX, DESCRIPTION_BYTES_MAX, Fields, Moment, SCRIPT_BYTES_MAX};

/// Another thing, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// By its number.
    Number(u64),
    /// By what it is called.
    Called(String),
}

impl Reference {
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) if !name.is_empty() => Some(Self::Called(name.clone())),
            value => value.as_u64().map(Self::Number),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "number {number}"),
            Self::Called(name) => write!(f, "`{name:.255}`"),
        }
    }
}

/// One kind of thing as it is asked for.
pub(crate) trait Wanted: Sized {
    /// How one stands.
    type Facts;
    /// What many of them are called: the key in a document, and the scope that changing them needs.
    const PLURAL: &'static str;
    /// By which key one is known.
    const NAME: &'static str;

    fn read(fields: &mut Fields<'_>) -> Self;

    /// What it is called.
    fn name(&self) -> Option<&str>;

    /// Makes the facts as they are wanted, except those that follow from other things.
    fn set(&self, facts: &mut Self::Facts);
}

/// Declares what may be said of each kind: field by field what it means, how [`Fields`] reads it, and which fact
/// it becomes. What refers to other things, takes its time or is no fact becomes nothing by itself: `things` and
/// `jobs` know what to do with it.
macro_rules! wanted {
    ($($(#[$meta:meta])* $name:ident of $facts:ty: $plural:literal, called $key:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $read:ident($($with:expr),*) $(=> $fact:ident)?,)+
    })+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Default, ToSchema)]
            pub(crate) struct $name {
                $($(#[$field_meta])* pub(crate) $field: Option<$type>,)+
            }

            impl Wanted for $name {
                type Facts = $facts;
                const PLURAL: &'static str = $plural;
                const NAME: &'static str = stringify!($key);

                fn read(fields: &mut Fields<'_>) -> Self {
                    Self { $($field: fields.$read(stringify!($field) $(, $with)*),)+ }
                }

                fn name(&self) -> Option<&str> {
                    self.$key.as_deref()
                }

                fn set(&self, facts: &mut $facts) {
                    $($(set(&mut facts.$fact, self.$field.as_ref());)?)+
                }
            }
        )+
    };
}

wanted! {
    /// A group of users.
    GroupFields of group::Created: "groups", called name {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Group 1")]
        name: String = title() => name,
    }

    /// Somebody who logs in.
    UserFields of user::Created: "users", called username {
        /// By what they log in; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "jane")]
        username: String = title() => name,
        /// Their password; needed for a new user. Only a hash of it is kept.
        #[schema(value_type = Option<String>, format = Password, write_only, nullable = false)]
        password: SecretString = secret_or_file("password_file", PASSWORD_BYTES_MAX),
        /// The groups they belong to, by name or number.
        #[schema(value_type = Option<Vec<String>>)]
        groups: Vec<Reference> = references(),
        /// Whether they may administer everything. What they see is said by groups alone.
        #[schema(nullable = false)]
        admin: bool = flag() => is_superuser,
        /// Whether they may log in (yes, if nobody says).
        #[schema(nullable = false)]
        enabled: bool = flag() => is_enabled,
    }

    /// A worker.
    WorkerFields of worker::Registered: "workers", called title {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Test worker 1")]
        title: String = title() => title,
        /// What it is for.
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// By what it is known (`A-Z a-z 0-9 _ . -`); made up for a new worker when nobody says.
        api_key: String = text(API_KEY_BYTES_MAX) => api_key,
        /// With what it signs its requests; made up for a new worker when nobody says, and shown that once.
        #[schema(value_type = Option<String>, format = Password, write_only, nullable = false)]
        secret: SecretString = secret_or_file("secret_file", CREDENTIAL_BYTES_MAX),
        /// Whether it gets work (yes, if nobody says).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }

    /// A pool of workers.
    WorkerPoolFields of worker_pool::Created: "worker_pools", called title {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Pool 1")]
        title: String = title() => title,
        /// What it is for.
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// Its workers, by title or number.
        #[schema(value_type = Option<Vec<String>>)]
        workers: Vec<Reference> = references(),
        /// Who is told about trouble, one address on each line (a list will do).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether runs are sent (yes, if nobody says).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }

    /// A project.
    ProjectFields of project::Created: "projects", called title {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Test project 1")]
        title: String = title() => title,
        /// What it is for.
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// The groups that see it, by name or number.
        #[schema(value_type = Option<Vec<String>>)]
        groups: Vec<Reference> = references(),
        /// The groups that change it, provided that they see it; by name or number.
        #[schema(value_type = Option<Vec<String>>)]
        auth_groups: Vec<Reference> = references(),
        /// The pools whose workers may execute its jobs, by title or number.
        #[schema(value_type = Option<Vec<String>>)]
        worker_pools: Vec<Reference> = references(),
        /// Who is told about trouble, one address on each line (a list will do).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether runs are sent (yes, if nobody says).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }

    /// A template of jobs.
    JobTemplateFields of job_template::Created: "job_templates", called title {
        /// What people call it; no two of a project have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Shell")]
        title: String = title() => title,
        /// What it is for.
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// The project that its jobs belong to, by title or number.
        #[schema(value_type = Option<String>, nullable = false)]
        project: Reference = required_reference(),
        /// What stands around the scripts of its jobs: `{{ content|safe }}` stands for one.
        #[schema(example = "#!/bin/sh\n{{ content|safe }}\n")]
        body: String = text(SCRIPT_BYTES_MAX),
        /// Who is told about trouble, one address on each line (a list will do).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether runs are sent (yes, if nobody says).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }

    /// A job.
    JobFields of job::Created: "jobs", called title {
        /// What people call it; no two of a template have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Test job 1")]
        title: String = title() => title,
        /// What it is for, in Markdown.
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// The template around its script: by title, by `project/title`, or by number.
        #[schema(value_type = Option<String>, nullable = false)]
        job_template: Reference = required_reference(),
        /// The pool whose workers execute it, one of its project's; by title or number.
        #[schema(value_type = Option<String>, nullable = false)]
        worker_pool: Reference = required_reference(),
        /// The script, as it stands in the template.
        #[schema(example = "echo hello")]
        script_content_partial: String = text(SCRIPT_BYTES_MAX),
        /// The job after which it runs: by title, by `template/title`, by `project/template/title`, or by number.
        #[schema(value_type = Option<String>)]
        parent: Option<Reference> = reference(),
        /// How many units its occasions are apart.
        reschedule_interval: Option<u32> = count(1) => interval_count,
        /// `MINUTE`, `HOUR`, `DAY` or `MONTH`; nothing for a job that does not repeat.
        #[schema(value_type = Option<String>)]
        reschedule_interval_type: Option<IntervalUnit> = interval_unit() => interval_unit,
        /// When it runs, instead of an interval: minute, hour, day of the month, month and day of the week, or
        /// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. A new job with this needs no `first_run`.
        #[schema(value_type = Option<String>, max_length = 128, example = "0 3 * * MON-FRI")]
        cron: Option<String> = cron() => cron,
        /// By whose clock it goes: intervals of days and months, `cron` and `exclude_windows`. The job runner's, if
        /// nobody says.
        #[schema(value_type = Option<String>, example = "Europe/Amsterdam")]
        time_zone: Option<String> = time_zone() => time_zone,
        /// How long one run may take, up to thirty days; then it is killed.
        #[schema(value_type = Option<u32>, minimum = 1, maximum = 2_592_000)]
        run_timeout_seconds: Option<u32> = count_within(1, RUN_TIMEOUT_SECONDS_MAX) => run_timeout_seconds,
        /// How often a run that failed is tried again, up to ten times; runs by hand and runs that somebody
        /// had killed are not.
        #[schema(value_type = Option<u32>, maximum = 10)]
        retries: Option<u32> = count_within(0, RETRIES_MAX) => retries,
        /// How long it waits before each of these, up to a day; a minute, if nobody says.
        #[schema(value_type = Option<u32>, maximum = 86_400)]
        retry_delay_seconds: Option<u32> = count_within(0, RETRY_DELAY_SECONDS_MAX) => retry_delay_seconds,
        /// When it does not run: local times of day, `"22:00-06:00"` or `{start: "22:00", end: "06:00"}`.
        #[schema(value_type = Option<Vec<String>>)]
        exclude_windows: Vec<Window> = windows() => excluded,
        /// Whether each worker of the pool executes it.
        #[schema(nullable = false)]
        run_on_all_workers: bool = flag() => run_on_all_workers,
        /// Whether its children run after a failure as well.
        #[schema(nullable = false)]
        schedule_children_on_error: bool = flag() => schedule_children_on_error,
        /// How many failures in a row are borne; nothing or 0: any number.
        disable_enqueue_after_fails: Option<u32> = count(0) => fails_max,
        /// Who is told about failures, one address on each line (a list will do).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether its runs are sent (yes, if nobody says).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
        /// When a new job runs for the first time: `now`, or a time. It repeats from then on; a job without a run
        /// never begins by itself, unless it has a `cron`. Of no meaning for a job that is there already.
        #[schema(value_type = Option<String>, example = "2026-11-27T02:00:00+01:00", nullable = false)]
        first_run: Moment = moment(),
    }
}

/// Sets what was spoken of.
pub(super) fn set<T: Clone>(field: &mut T, wanted: Option<&T>) {
    if let Some(wanted) = wanted {
        field.clone_from(wanted);
    }
}
