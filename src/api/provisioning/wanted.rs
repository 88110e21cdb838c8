//! What somebody wants of each kind of thing: what is not spoken of stays as it is, or is as usual when the
//! thing is new. A list that is given is the whole list.

use std::fmt;

use domain::schedule::{IntervalUnit, Window};
use jiff::civil::Time;
use secrecy::SecretString;
use serde_json::Value;
use utoipa::ToSchema;
use web::PASSWORD_BYTES_MAX;
use web::secret::CREDENTIAL_BYTES_MAX;

use super::reading::{DESCRIPTION_BYTES_MAX, Fields, Moment, SCRIPT_BYTES_MAX};

/// The most windows in which one job does not run.
const WINDOWS_MAX: usize = 100;

/// The longest API key, in bytes.
const API_KEY_BYTES_MAX: usize = 128;

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
    /// What many of them are called: the key in a document, and the scope that changing them needs.
    const PLURAL: &'static str;
    /// By which key one is known.
    const NAME: &'static str;

    fn read(fields: &mut Fields<'_>) -> Self;

    /// What it is called.
    fn name(&self) -> Option<&str>;
}

/// A group of users.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = GroupFields)]
pub(crate) struct GroupFields {
    /// What people call it; no two have the same.
    #[schema(required, example = "Group 1")]
    pub(crate) name: Option<String>,
}

/// Somebody who logs in.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = UserFields)]
pub(crate) struct UserFields {
    /// By what they log in; no two have the same.
    #[schema(required, example = "jane")]
    pub(crate) username: Option<String>,
    /// Their password; needed for a new user. Only a hash of it is kept.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(crate) password: Option<SecretString>,
    /// The groups they belong to, by name or number.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) groups: Option<Vec<Reference>>,
    /// Whether they may administer everything. What they see is said by groups alone.
    pub(crate) admin: Option<bool>,
    /// Whether they may log in (yes, if nobody says).
    pub(crate) enabled: Option<bool>,
}

/// A worker.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = WorkerFields)]
pub(crate) struct WorkerFields {
    /// What people call it; no two have the same.
    #[schema(required, example = "Test worker 1")]
    pub(crate) title: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// By what it is known (`A-Z a-z 0-9 _ . -`); made up for a new worker when nobody says.
    pub(crate) api_key: Option<String>,
    /// With what it signs its requests; made up for a new worker when nobody says, and shown that once.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(crate) secret: Option<SecretString>,
    /// Whether it gets work (yes, if nobody says).
    pub(crate) enqueue_is_enabled: Option<bool>,
}

/// A pool of workers.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = WorkerPoolFields)]
pub(crate) struct WorkerPoolFields {
    /// What people call it; no two have the same.
    #[schema(required, example = "Pool 1")]
    pub(crate) title: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// Its workers, by title or number.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) workers: Option<Vec<Reference>>,
    /// Who is told about trouble, one address on each line (a list will do).
    pub(crate) notification_addresses: Option<String>,
    /// Whether runs are sent (yes, if nobody says).
    pub(crate) enqueue_is_enabled: Option<bool>,
}

/// A project.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = ProjectFields)]
pub(crate) struct ProjectFields {
    /// What people call it; no two have the same.
    #[schema(required, example = "Test project 1")]
    pub(crate) title: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// The groups that see it, by name or number.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) groups: Option<Vec<Reference>>,
    /// The groups that change it, provided that they see it; by name or number.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) auth_groups: Option<Vec<Reference>>,
    /// The pools whose workers may execute its jobs, by title or number.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) worker_pools: Option<Vec<Reference>>,
    /// Who is told about trouble, one address on each line (a list will do).
    pub(crate) notification_addresses: Option<String>,
    /// Whether runs are sent (yes, if nobody says).
    pub(crate) enqueue_is_enabled: Option<bool>,
}

/// A template of jobs.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = JobTemplateFields)]
pub(crate) struct JobTemplateFields {
    /// What people call it; no two of a project have the same.
    #[schema(required, example = "Shell")]
    pub(crate) title: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// The project that its jobs belong to, by title or number.
    #[schema(value_type = Option<String>)]
    pub(crate) project: Option<Reference>,
    /// What stands around the scripts of its jobs: `{{ content|safe }}` stands for one.
    #[schema(example = "#!/bin/sh\n{{ content|safe }}\n")]
    pub(crate) body: Option<String>,
    /// Who is told about trouble, one address on each line (a list will do).
    pub(crate) notification_addresses: Option<String>,
    /// Whether runs are sent (yes, if nobody says).
    pub(crate) enqueue_is_enabled: Option<bool>,
}

/// A job.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = JobFields)]
pub(crate) struct JobFields {
    /// What people call it; no two of a template have the same.
    #[schema(required, example = "Test job 1")]
    pub(crate) title: Option<String>,
    /// What it is for, in Markdown.
    pub(crate) description: Option<String>,
    /// The template around its script: by title, by `project/title`, or by number.
    #[schema(value_type = Option<String>)]
    pub(crate) job_template: Option<Reference>,
    /// The pool whose workers execute it, one of its project's; by title or number.
    #[schema(value_type = Option<String>)]
    pub(crate) worker_pool: Option<Reference>,
    /// The script, as it stands in the template.
    #[schema(example = "echo hello")]
    pub(crate) script_content_partial: Option<String>,
    /// The job after which it runs: by title, by `template/title`, by `project/template/title`, or by number.
    #[schema(value_type = Option<String>)]
    pub(crate) parent: Option<Option<Reference>>,
    /// How many units its occasions are apart.
    pub(crate) reschedule_interval: Option<Option<u32>>,
    /// `MINUTE`, `HOUR`, `DAY` or `MONTH`; nothing for a job that does not repeat.
    #[schema(value_type = Option<String>)]
    pub(crate) reschedule_interval_type: Option<Option<IntervalUnit>>,
    /// When it does not run: local times of day, `"22:00-06:00"` or `{start: "22:00", end: "06:00"}`.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) exclude_windows: Option<Vec<Window>>,
    /// Whether each worker of the pool executes it.
    pub(crate) run_on_all_workers: Option<bool>,
    /// Whether its children run after a failure as well.
    pub(crate) schedule_children_on_error: Option<bool>,
    /// How many failures in a row are borne; nothing or 0: any number.
    pub(crate) disable_enqueue_after_fails: Option<Option<u32>>,
    /// Who is told about failures, one address on each line (a list will do).
    pub(crate) notification_addresses: Option<String>,
    /// Whether its runs are sent (yes, if nobody says).
    pub(crate) enqueue_is_enabled: Option<bool>,
    /// When a new job runs for the first time: `now`, or a time. It repeats from then on; a job without a run
    /// never begins by itself. Of no meaning for a job that is there already.
    #[schema(value_type = Option<String>, example = "2026-11-27T02:00:00+01:00")]
    pub(crate) first_run: Option<Moment>,
}

impl Wanted for GroupFields {
    const PLURAL: &'static str = "groups";
    const NAME: &'static str = "name";

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            name: fields.title("name"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Wanted for UserFields {
    const PLURAL: &'static str = "users";
    const NAME: &'static str = "username";

    fn read(fields: &mut Fields<'_>) -> Self {
        if fields.take("password_file").is_some() {
            // This machine's files are nobody's business who asks over the network.
            fields.fault::<()>("password_file", "is read by the command line alone");
        }
        Self {
            username: fields.title("username"),
            password: fields.secret("password", PASSWORD_BYTES_MAX),
            groups: fields.references("groups"),
            admin: fields.flag("admin"),
            enabled: fields.flag("enabled"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.username.as_deref()
    }
}

impl Wanted for WorkerFields {
    const PLURAL: &'static str = "workers";
    const NAME: &'static str = "title";

    fn read(fields: &mut Fields<'_>) -> Self {
        if fields.take("secret_file").is_some() {
            fields.fault::<()>("secret_file", "is read by the command line alone");
        }
        Self {
            title: fields.title("title"),
            description: fields.text("description", DESCRIPTION_BYTES_MAX),
            api_key: fields.text("api_key", API_KEY_BYTES_MAX),
            secret: fields.secret("secret", CREDENTIAL_BYTES_MAX),
            enqueue_is_enabled: fields.flag("enqueue_is_enabled"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

impl Wanted for WorkerPoolFields {
    const PLURAL: &'static str = "worker_pools";
    const NAME: &'static str = "title";

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            title: fields.title("title"),
            description: fields.text("description", DESCRIPTION_BYTES_MAX),
            workers: fields.references("workers"),
            notification_addresses: fields.addresses("notification_addresses"),
            enqueue_is_enabled: fields.flag("enqueue_is_enabled"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

impl Wanted for ProjectFields {
    const PLURAL: &'static str = "projects";
    const NAME: &'static str = "title";

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            title: fields.title("title"),
            description: fields.text("description", DESCRIPTION_BYTES_MAX),
            groups: fields.references("groups"),
            auth_groups: fields.references("auth_groups"),
            worker_pools: fields.references("worker_pools"),
            notification_addresses: fields.addresses("notification_addresses"),
            enqueue_is_enabled: fields.flag("enqueue_is_enabled"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

impl Wanted for JobTemplateFields {
    const PLURAL: &'static str = "job_templates";
    const NAME: &'static str = "title";

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            title: fields.title("title"),
            description: fields.text("description", DESCRIPTION_BYTES_MAX),
            project: required(fields, "project"),
            body: fields.text("body", SCRIPT_BYTES_MAX),
            notification_addresses: fields.addresses("notification_addresses"),
            enqueue_is_enabled: fields.flag("enqueue_is_enabled"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

impl Wanted for JobFields {
    const PLURAL: &'static str = "jobs";
    const NAME: &'static str = "title";

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            title: fields.title("title"),
            description: fields.text("description", DESCRIPTION_BYTES_MAX),
            job_template: required(fields, "job_template"),
            worker_pool: required(fields, "worker_pool"),
            script_content_partial: fields.text("script_content_partial", SCRIPT_BYTES_MAX),
            parent: fields.reference("parent"),
            reschedule_interval: fields.count("reschedule_interval", 1),
            reschedule_interval_type: interval_type(fields),
            exclude_windows: windows(fields),
            run_on_all_workers: fields.flag("run_on_all_workers"),
            schedule_children_on_error: fields.flag("schedule_children_on_error"),
            disable_enqueue_after_fails: fields.count("disable_enqueue_after_fails", 0),
            notification_addresses: fields.addresses("notification_addresses"),
            enqueue_is_enabled: fields.flag("enqueue_is_enabled"),
            first_run: fields.moment("first_run"),
        }
    }

    fn name(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

/// A reference that cannot be emptied.
fn required(fields: &mut Fields<'_>, key: &'static str) -> Option<Reference> {
    match fields.reference(key)? {
        Some(reference) => Some(reference),
        None => fields.fault(key, "cannot be empty"),
    }
}

fn interval_type(fields: &mut Fields<'_>) -> Option<Option<IntervalUnit>> {
    let key = "reschedule_interval_type";
    match fields.take(key)? {
        Value::Null => Some(None),
        Value::String(text) if text.is_empty() => Some(None),
        Value::String(text) => match IntervalUnit::from_wire(&text) {
            Some(unit) => Some(Some(unit)),
            None => fields.fault(key, "is MINUTE, HOUR, DAY, MONTH or nothing"),
        },
        _ => fields.fault(key, "is MINUTE, HOUR, DAY, MONTH or nothing"),
    }
}

fn windows(fields: &mut Fields<'_>) -> Option<Vec<Window>> {
    let key = "exclude_windows";
    let items = fields.list(key, WINDOWS_MAX)?;
    let windows: Vec<Option<Window>> = items.iter().map(window).collect();
    for (index, window) in windows.iter().enumerate() {
        if window.is_none() {
            fields.fault::<()>(
                &format!("{key}[{index}]"),
                "is two local times of day, \"22:00-06:00\" or {start: \"22:00\", end: \"06:00\"}",
            );
        }
    }
    windows.into_iter().collect()
}

fn window(value: &Value) -> Option<Window> {
    let (from, until) = match value {
        Value::String(text) => text.split_once('-')?,
        Value::Object(both) if both.len() == 2 => {
            (both.get("start")?.as_str()?, both.get("end")?.as_str()?)
        }
        _ => return None,
    };
    Some(Window {
        from: time_of_day(from)?,
        until: time_of_day(until)?,
    })
}

fn time_of_day(text: &str) -> Option<Time> {
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_digit() || b == b':';
    let whole = matches!(text.len(), 5 | 8) && text.bytes().all(plain);
    whole.then(|| text.parse().ok()).flatten()
}
