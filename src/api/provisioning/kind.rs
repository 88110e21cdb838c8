//! What the kinds of things have in common: each is begun once, changed later, and called something.

use std::collections::BTreeSet;

use domain::Aggregate;
use domain::core::group::{self, Group, GroupCommand};
use domain::core::user::{self, User, UserCommand};
use domain::jobs::job::{self, Job, JobCommand, Suspension};
use domain::jobs::job_template::{self, JobTemplate, JobTemplateCommand};
use domain::jobs::project::{self, Project, ProjectCommand};
use domain::jobs::worker::{self, Worker, WorkerCommand};
use domain::jobs::worker_pool::{self, WorkerPool, WorkerPoolCommand};
use jiff::Timestamp;
use serde::Serialize;

use super::Wanted;
use super::wanted::{
    GroupFields, JobFields, JobTemplateFields, ProjectFields, UserFields, WorkerFields,
    WorkerPoolFields,
};
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
    type Fields: Wanted<Facts = Self::Facts> + Send + Sync;
    type Shown: Serialize;

    fn facts(thing: &Self::Aggregate) -> Option<&Self::Facts>;

    /// Begins it.
    fn begin(facts: Self::Facts) -> CommandOf<Self>;

    /// Makes it as it is to be. What is so already, the domain leaves out.
    fn change(before: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<CommandOf<Self>>;

    /// What people call it.
    fn name(facts: &Self::Facts) -> &str;

    /// The number of what it belongs to, when its name stands once only there.
    fn within(_: &Self::Facts) -> Option<u64> {
        None
    }

    /// Its names, always as many and in the same order. The first is what people call it.
    fn names(facts: &Self::Facts) -> Vec<Name> {
        vec![first_name::<Self>(facts)]
    }

    /// How it is shown.
    fn show(facts: &Self::Facts, look: &impl Look) -> Self::Shown;
}

/// Says of a kind what it is in the domain, how it is begun there, and what may be said of it here.
macro_rules! kind {
    ($aggregate:ident, begun by $begin:path: $facts:ty, reply as $fields:ident) => {
        const THING: Thing = Thing::$aggregate;
        type Aggregate = $aggregate;
        type Facts = $facts;
        type Fields = $fields;
        type Shown = wire::$aggregate;

        fn facts(thing: &$aggregate) -> Option<&$facts> {
            thing.facts()
        }

        fn begin(facts: $facts) -> CommandOf<Self> {
            $begin(facts)
        }

        fn show(facts: &$facts, look: &impl Look) -> wire::$aggregate {
            wire::$aggregate::of(facts, look)
        }
    };
}

pub(crate) struct Groups;
pub(crate) struct Users;
pub(crate) struct Workers;
pub(crate) struct WorkerPools;
pub(crate) struct Projects;
pub(crate) struct JobTemplates;
pub(crate) struct Jobs;

impl Kind for Groups {
    kind! { Group, begun by GroupCommand::Create: group::Created, reply as GroupFields }

    fn change(_: &group::Created, after: &group::Created, at: Timestamp) -> Vec<GroupCommand> {
        vec![GroupCommand::Edit(group::Edited::towards(after, at))]
    }

    fn name(facts: &group::Created) -> &str {
        &facts.name
    }
}

impl Kind for Users {
    kind! { User, begun by UserCommand::Create: user::Created, reply as UserFields }

    fn change(before: &user::Created, after: &user::Created, at: Timestamp) -> Vec<UserCommand> {
        use UserCommand as C;

        let password = after.password.clone();
        let mut commands = vec![
            C::Edit(user::Edited::towards(after, at)),
            C::ChangePassword { password, at },
            either(after.is_enabled, C::Enable { at }, C::Disable { at }),
        ];
        commands.extend(members(
            (&before.groups, &after.groups),
            |group| C::LeaveGroup { group, at },
            |group| C::JoinGroup { group, at },
        ));
        commands
    }

    fn name(facts: &user::Created) -> &str {
        &facts.name
    }
}

impl Kind for Workers {
    kind! { Worker, begun by WorkerCommand::Register: worker::Registered, reply as WorkerFields }

    fn change(_: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<WorkerCommand> {
        use WorkerCommand as C;

        vec![
            C::Edit(worker::Edited::towards(after, at)),
            either(
                after.enqueue_is_enabled,
                C::Resume { at },
                C::Suspend { at },
            ),
        ]
    }

    fn name(facts: &worker::Registered) -> &str {
        &facts.title
    }

    fn names(facts: &worker::Registered) -> Vec<Name> {
        let key = facts.api_key.clone();
        vec![
            first_name::<Self>(facts),
            ("api_key", "worker_key".to_owned(), key),
        ]
    }
}

impl Kind for WorkerPools {
    kind! { WorkerPool, begun by WorkerPoolCommand::Create: worker_pool::Created, reply as WorkerPoolFields }

    fn change(before: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<WorkerPoolCommand> {
        use WorkerPoolCommand as C;

        let mut commands = vec![
            C::Edit(worker_pool::Edited::towards(after, at)),
            either(
                after.enqueue_is_enabled,
                C::Resume { at },
                C::Suspend { at },
            ),
        ];
        commands.extend(members(
            (&before.workers, &after.workers),
            |worker| C::RemoveWorker { worker, at },
            |worker| C::AddWorker { worker, at },
        ));
        commands
    }

    fn name(facts: &worker_pool::Created) -> &str {
        &facts.title
    }
}

impl Kind for Projects {
    kind! { Project, begun by ProjectCommand::Create: project::Created, reply as ProjectFields }

    fn change(before: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<ProjectCommand> {
        use ProjectCommand as C;

        let mut commands = vec![
            C::Edit(project::Edited::towards(after, at)),
            either(
                after.enqueue_is_enabled,
                C::Resume { at },
                C::Suspend { at },
            ),
        ];
        commands.extend(members(
            (&before.worker_pools, &after.worker_pools),
            |worker_pool| C::RemovePool { worker_pool, at },
            |worker_pool| C::AddPool { worker_pool, at },
        ));
        commands.extend(members(
            (&before.viewers, &after.viewers),
            |group| C::ExpelViewers { group, at },
            |group| C::AdmitViewers { group, at },
        ));
        commands.extend(members(
            (&before.admins, &after.admins),
            |group| C::ExpelAdmins { group, at },
            |group| C::AdmitAdmins { group, at },
        ));
        commands
    }

    fn name(facts: &project::Created) -> &str {
        &facts.title
    }
}

impl Kind for JobTemplates {
    kind! { JobTemplate, begun by JobTemplateCommand::Create: job_template::Created, reply as JobTemplateFields }

    fn change(_: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<JobTemplateCommand> {
        use JobTemplateCommand as C;

        vec![
            C::Edit(job_template::Edited::towards(after, at)),
            either(
                after.enqueue_is_enabled,
                C::Resume { at },
                C::Suspend { at },
            ),
        ]
    }

    fn name(facts: &job_template::Created) -> &str {
        &facts.title
    }

    fn within(facts: &job_template::Created) -> Option<u64> {
        Some(facts.project)
    }
}

impl Kind for Jobs {
    kind! { Job, begun by JobCommand::Create: job::Created, reply as JobFields }

    fn change(_: &job::Created, after: &job::Created, at: Timestamp) -> Vec<JobCommand> {
        use JobCommand as C;

        let because = Suspension::Asked;
        vec![
            C::Edit(job::Edited::towards(after, at)),
            either(
                after.enqueue_is_enabled,
                C::Resume { at },
                C::Suspend { because, at },
            ),
        ]
    }

    fn name(facts: &job::Created) -> &str {
        &facts.title
    }

    fn within(facts: &job::Created) -> Option<u64> {
        Some(facts.job_template)
    }
}

/// What people call a thing, as a name that stands once.
fn first_name<K: Kind + ?Sized>(facts: &K::Facts) -> Name {
    let kind = match K::within(facts) {
        None => K::Aggregate::CATEGORY.to_owned(),
        Some(within) => format!("{}:{within}", K::Aggregate::CATEGORY),
    };
    (K::Fields::NAME, kind, K::name(facts).to_owned())
}

fn either<C>(which: bool, yes: C, no: C) -> C {
    if which { yes } else { no }
}

/// Sends away who belongs to something no longer, and then lets in who belongs to it from now on.
fn members<C>(
    (before, after): (&BTreeSet<u64>, &BTreeSet<u64>),
    leaves: impl Fn(u64) -> C,
    joins: impl Fn(u64) -> C,
) -> Vec<C> {
    let gone = before.difference(after).copied().map(leaves);
    let new = after.difference(before).copied().map(joins);
    gone.chain(new).collect()
}
