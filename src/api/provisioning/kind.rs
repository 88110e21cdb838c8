//! What the kinds of things have in common: each is begun once, changed later, and called something.

use domain::Aggregate;
use domain::group::{self, Group, GroupCommand};
use domain::job::{self, Job, JobCommand, Suspension};
use domain::job_template::{self, JobTemplate, JobTemplateCommand};
use domain::project::{self, Project, ProjectCommand};
use domain::user::{self, User, UserCommand};
use domain::worker::{self, Worker, WorkerCommand};
use domain::worker_pool::{self, WorkerPool, WorkerPoolCommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::wire::{self, Look, Thing};

/// A name that stands once: in which field it was given, of which kind it is, and the name.
pub(crate) type Name = (&'static str, String, String);

/// The commands of a kind.
pub(crate) type CommandOf<K> = <<K as Kind>::Aggregate as Aggregate>::Command;

/// One kind of thing.
pub(crate) trait Kind: Send + Sync + 'static {
    const THING: Thing;
    type Aggregate: Aggregate;
    type Facts: Clone + Send + Sync;
    type Shown: Serialize;

    fn facts(thing: &Self::Aggregate) -> Option<&Self::Facts>;

    /// Begins it.
    fn begin(facts: Self::Facts) -> CommandOf<Self>;

    /// Makes it as it is to be. What is so already, the domain leaves out.
    fn change(before: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<CommandOf<Self>>;

    /// Its names, always as many and in the same order. The first is what people call it.
    fn names(facts: &Self::Facts) -> Vec<Name>;

    /// How it is shown.
    fn show(facts: &Self::Facts, look: &impl Look) -> Self::Shown;
}

pub(crate) struct Groups;
pub(crate) struct Users;
pub(crate) struct Workers;
pub(crate) struct WorkerPools;
pub(crate) struct Projects;
pub(crate) struct JobTemplates;
pub(crate) struct Jobs;

impl Kind for Groups {
    const THING: Thing = Thing::Group;
    type Aggregate = Group;
    type Facts = group::Created;
    type Shown = wire::Group;

    fn facts(thing: &Group) -> Option<&group::Created> {
        thing.facts()
    }

    fn begin(facts: group::Created) -> GroupCommand {
        GroupCommand::Create(facts)
    }

    fn change(_: &group::Created, after: &group::Created, at: Timestamp) -> Vec<GroupCommand> {
        let name = Some(after.name.clone());
        vec![GroupCommand::Edit(group::Edited { name, at })]
    }

    fn names(facts: &group::Created) -> Vec<Name> {
        vec![("name", "group".to_owned(), facts.name.clone())]
    }

    fn show(facts: &group::Created, _: &impl Look) -> wire::Group {
        wire::Group::of(facts)
    }
}

impl Kind for Users {
    const THING: Thing = Thing::User;
    type Aggregate = User;
    type Facts = user::Created;
    type Shown = wire::User;

    fn facts(thing: &User) -> Option<&user::Created> {
        thing.facts()
    }

    fn begin(facts: user::Created) -> UserCommand {
        UserCommand::Create(facts)
    }

    fn change(before: &user::Created, after: &user::Created, at: Timestamp) -> Vec<UserCommand> {
        use UserCommand as C;

        let mut commands = vec![
            C::Edit(user::Edited {
                name: Some(after.name.clone()),
                is_superuser: Some(after.is_superuser),
                at,
            }),
            C::ChangePassword {
                password: after.password.clone(),
                at,
            },
            match after.is_enabled {
                true => C::Enable { at },
                false => C::Disable { at },
            },
        ];
        let left = before.groups.difference(&after.groups);
        commands.extend(left.map(|group| C::LeaveGroup { group: *group, at }));
        let joined = after.groups.difference(&before.groups);
        commands.extend(joined.map(|group| C::JoinGroup { group: *group, at }));
        commands
    }

    fn names(facts: &user::Created) -> Vec<Name> {
        vec![("username", "user".to_owned(), facts.name.clone())]
    }

    fn show(facts: &user::Created, look: &impl Look) -> wire::User {
        wire::User::of(facts, look)
    }
}

impl Kind for Workers {
    const THING: Thing = Thing::Worker;
    type Aggregate = Worker;
    type Facts = worker::Registered;
    type Shown = wire::Worker;

    fn facts(thing: &Worker) -> Option<&worker::Registered> {
        thing.facts()
    }

    fn begin(facts: worker::Registered) -> WorkerCommand {
        WorkerCommand::Register(facts)
    }

    fn change(
        _: &worker::Registered,
        after: &worker::Registered,
        at: Timestamp,
    ) -> Vec<WorkerCommand> {
        use WorkerCommand as C;

        vec![
            C::Edit(worker::Edited {
                title: Some(after.title.clone()),
                description: Some(after.description.clone()),
                api_key: Some(after.api_key.clone()),
                secret: Some(after.secret.clone()),
                at,
            }),
            match after.enqueue_is_enabled {
                true => C::Resume { at },
                false => C::Suspend { at },
            },
        ]
    }

    fn names(facts: &worker::Registered) -> Vec<Name> {
        vec![
            ("title", "worker".to_owned(), facts.title.clone()),
            ("api_key", "worker_key".to_owned(), facts.api_key.clone()),
        ]
    }

    fn show(facts: &worker::Registered, _: &impl Look) -> wire::Worker {
        wire::Worker::of(facts)
    }
}

impl Kind for WorkerPools {
    const THING: Thing = Thing::WorkerPool;
    type Aggregate = WorkerPool;
    type Facts = worker_pool::Created;
    type Shown = wire::WorkerPool;

    fn facts(thing: &WorkerPool) -> Option<&worker_pool::Created> {
        thing.facts()
    }

    fn begin(facts: worker_pool::Created) -> WorkerPoolCommand {
        WorkerPoolCommand::Create(facts)
    }

    fn change(
        before: &worker_pool::Created,
        after: &worker_pool::Created,
        at: Timestamp,
    ) -> Vec<WorkerPoolCommand> {
        use WorkerPoolCommand as C;

        let mut commands = vec![
            C::Edit(worker_pool::Edited {
                title: Some(after.title.clone()),
                description: Some(after.description.clone()),
                notification_addresses: Some(after.notification_addresses.clone()),
                at,
            }),
            match after.enqueue_is_enabled {
                true => C::Resume { at },
                false => C::Suspend { at },
            },
        ];
        let removed = before.workers.difference(&after.workers);
        commands.extend(removed.map(|worker| C::RemoveWorker {
            worker: *worker,
            at,
        }));
        let added = after.workers.difference(&before.workers);
        commands.extend(added.map(|worker| C::AddWorker {
            worker: *worker,
            at,
        }));
        commands
    }

    fn names(facts: &worker_pool::Created) -> Vec<Name> {
        vec![("title", "worker_pool".to_owned(), facts.title.clone())]
    }

    fn show(facts: &worker_pool::Created, look: &impl Look) -> wire::WorkerPool {
        wire::WorkerPool::of(facts, look)
    }
}

impl Kind for Projects {
    const THING: Thing = Thing::Project;
    type Aggregate = Project;
    type Facts = project::Created;
    type Shown = wire::Project;

    fn facts(thing: &Project) -> Option<&project::Created> {
        thing.facts()
    }

    fn begin(facts: project::Created) -> ProjectCommand {
        ProjectCommand::Create(facts)
    }

    fn change(
        before: &project::Created,
        after: &project::Created,
        at: Timestamp,
    ) -> Vec<ProjectCommand> {
        use ProjectCommand as C;

        let mut commands = vec![
            C::Edit(project::Edited {
                title: Some(after.title.clone()),
                description: Some(after.description.clone()),
                notification_addresses: Some(after.notification_addresses.clone()),
                at,
            }),
            match after.enqueue_is_enabled {
                true => C::Resume { at },
                false => C::Suspend { at },
            },
        ];
        let gone = before.worker_pools.difference(&after.worker_pools);
        commands.extend(gone.map(|pool| C::RemovePool {
            worker_pool: *pool,
            at,
        }));
        let new = after.worker_pools.difference(&before.worker_pools);
        commands.extend(new.map(|pool| C::AddPool {
            worker_pool: *pool,
            at,
        }));
        let gone = before.viewers.difference(&after.viewers);
        commands.extend(gone.map(|group| C::ExpelViewers { group: *group, at }));
        let new = after.viewers.difference(&before.viewers);
        commands.extend(new.map(|group| C::AdmitViewers { group: *group, at }));
        let gone = before.admins.difference(&after.admins);
        commands.extend(gone.map(|group| C::ExpelAdmins { group: *group, at }));
        let new = after.admins.difference(&before.admins);
        commands.extend(new.map(|group| C::AdmitAdmins { group: *group, at }));
        commands
    }

    fn names(facts: &project::Created) -> Vec<Name> {
        vec![("title", "project".to_owned(), facts.title.clone())]
    }

    fn show(facts: &project::Created, look: &impl Look) -> wire::Project {
        wire::Project::of(facts, look)
    }
}

impl Kind for JobTemplates {
    const THING: Thing = Thing::JobTemplate;
    type Aggregate = JobTemplate;
    type Facts = job_template::Created;
    type Shown = wire::JobTemplate;

    fn facts(thing: &JobTemplate) -> Option<&job_template::Created> {
        thing.facts()
    }

    fn begin(facts: job_template::Created) -> JobTemplateCommand {
        JobTemplateCommand::Create(facts)
    }

    fn change(
        _: &job_template::Created,
        after: &job_template::Created,
        at: Timestamp,
    ) -> Vec<JobTemplateCommand> {
        use JobTemplateCommand as C;

        vec![
            C::Edit(job_template::Edited {
                title: Some(after.title.clone()),
                description: Some(after.description.clone()),
                project: Some(after.project),
                body: Some(after.body.clone()),
                notification_addresses: Some(after.notification_addresses.clone()),
                at,
            }),
            match after.enqueue_is_enabled {
                true => C::Resume { at },
                false => C::Suspend { at },
            },
        ]
    }

    fn names(facts: &job_template::Created) -> Vec<Name> {
        let kind = format!("job_template:{}", facts.project);
        vec![("title", kind, facts.title.clone())]
    }

    fn show(facts: &job_template::Created, look: &impl Look) -> wire::JobTemplate {
        wire::JobTemplate::of(facts, look)
    }
}

impl Kind for Jobs {
    const THING: Thing = Thing::Job;
    type Aggregate = Job;
    type Facts = job::Created;
    type Shown = wire::Job;

    fn facts(thing: &Job) -> Option<&job::Created> {
        thing.facts()
    }

    fn begin(facts: job::Created) -> JobCommand {
        JobCommand::Create(facts)
    }

    fn change(_: &job::Created, after: &job::Created, at: Timestamp) -> Vec<JobCommand> {
        use JobCommand as C;

        vec![
            C::Edit(job::Edited {
                title: Some(after.title.clone()),
                description: Some(after.description.clone()),
                job_template: Some(after.job_template),
                worker_pool: Some(after.worker_pool),
                parent: Some(after.parent),
                script: Some(after.script.clone()),
                interval_count: Some(after.interval_count),
                interval_unit: Some(after.interval_unit),
                excluded: Some(after.excluded.clone()),
                run_on_all_workers: Some(after.run_on_all_workers),
                schedule_children_on_error: Some(after.schedule_children_on_error),
                notification_addresses: Some(after.notification_addresses.clone()),
                fails_max: Some(after.fails_max),
                at,
            }),
            match after.enqueue_is_enabled {
                true => C::Resume { at },
                false => C::Suspend {
                    because: Suspension::Asked,
                    at,
                },
            },
        ]
    }

    fn names(facts: &job::Created) -> Vec<Name> {
        let kind = format!("job:{}", facts.job_template);
        vec![("title", kind, facts.title.clone())]
    }

    fn show(facts: &job::Created, look: &impl Look) -> wire::Job {
        wire::Job::of(facts, look)
    }
}
