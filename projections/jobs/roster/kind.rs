//! The kinds of things in the roster: how each begins, how it changes, and what memory keeps of it.

use domain::core::group::{self, GroupEvent};
use domain::core::user::{self, UserEvent};
use domain::jobs::job::{self, JobEvent};
use domain::jobs::job_template::{self, JobTemplateEvent};
use domain::jobs::project::{self, ProjectEvent};
use domain::jobs::worker::{self, WorkerEvent};
use domain::jobs::worker_pool::{self, WorkerPoolEvent};
use eventlog::Position;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entries::{
    GroupEntry, JobEntry, JobTemplateEntry, ProjectEntry, UserEntry, WorkerEntry, WorkerPoolEntry,
};
use super::{Roster, Row};

/// One kind of thing.
pub(super) trait Kind {
    /// With what the keys of its rows begin.
    const PREFIX: u8;
    type Event;
    type Facts: Clone + Serialize + DeserializeOwned;

    /// The facts with which it begins, if this is its beginning.
    fn begun(event: &Self::Event, position: Position) -> Option<Self::Facts>;

    /// Takes note of what has happened since.
    fn evolve(facts: &mut Self::Facts, event: &Self::Event, position: Position);

    /// Tells the model in memory how one stands.
    fn tell(model: &mut Roster, row: (&u64, &Row<Self::Facts>));
}

macro_rules! kinds {
    ($($name:ident($event:ty, $begun:path) = $facts:ty, $prefix:literal, $entry:ident, $tell:ident;)+) => {
        $(
            pub(super) struct $name;

            impl Kind for $name {
                const PREFIX: u8 = $prefix;
                type Event = $event;
                type Facts = $facts;

                fn begun(event: &$event, _: Position) -> Option<$facts> {
                    match event {
                        $begun(data) => Some(data.clone()),
                        _ => None,
                    }
                }

                fn evolve(facts: &mut $facts, event: &$event, _: Position) {
                    facts.evolve(event);
                }

                fn tell(model: &mut Roster, (number, row): (&u64, &Row<$facts>)) {
                    model.$tell($entry::of(*number, &row.facts));
                }
            }
        )+
    };
}

kinds! {
    Groups(GroupEvent, GroupEvent::Created) = group::Created, b'g', GroupEntry, put_group;
    Projects(ProjectEvent, ProjectEvent::Created) = project::Created, b'p', ProjectEntry, put_project;
    WorkerPools(WorkerPoolEvent, WorkerPoolEvent::Created) = worker_pool::Created, b'o', WorkerPoolEntry, put_worker_pool;
    Workers(WorkerEvent, WorkerEvent::Registered) = worker::Registered, b'w', WorkerEntry, put_worker;
    JobTemplates(JobTemplateEvent, JobTemplateEvent::Created) = job_template::Created, b't', JobTemplateEntry, put_job_template;
    Jobs(JobEvent, JobEvent::Created) = job::Created, b'j', JobEntry, put_job;
}

/// A user, and since when the password is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct UserFacts {
    /// How the user stands. `at` is when they were created.
    pub user: user::Created,
    /// The last event that set the password: a session from before it has ended.
    pub credential_position: Position,
}

pub(super) struct Users;

impl Kind for Users {
    const PREFIX: u8 = b'u';
    type Event = UserEvent;
    type Facts = UserFacts;

    fn begun(event: &UserEvent, position: Position) -> Option<UserFacts> {
        match event {
            UserEvent::Created(data) => Some(UserFacts {
                user: data.clone(),
                credential_position: position,
            }),
            _ => None,
        }
    }

    fn evolve(facts: &mut UserFacts, event: &UserEvent, position: Position) {
        if matches!(event, UserEvent::PasswordChanged(_)) {
            facts.credential_position = position;
        }
        facts.user.evolve(event);
    }

    fn tell(model: &mut Roster, (number, row): (&u64, &Row<UserFacts>)) {
        model.put_user(UserEntry::of(*number, &row.facts));
    }
}
