//! The kinds of records in the roster: their rows, their entries in memory, and how they are found.

use std::collections::BTreeMap;

use domain::core::group::Group;
use domain::core::user::{self, User, UserEvent};
use domain::jobs::job::Job;
use domain::jobs::job_template::JobTemplate;
use domain::jobs::project::Project;
use domain::jobs::worker::Worker;
use domain::jobs::worker_pool::WorkerPool;
use domain::{Aggregate, CoreEvent, Event, JobsEvent, Record};
use eventlog::Position;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entries::{
    GroupEntry, JobEntry, JobTemplateEntry, ProjectEntry, UserEntry, WorkerEntry, WorkerPoolEntry,
};
use super::ledger::{Ledger, load};
use super::{Roster, RosterView, Row};
use crate::engine::{Answer, Envelope, Rows};

/// A kind of record in the roster.
pub trait Kept: Record {
    /// The first byte of the keys of its rows.
    const PREFIX: u8;
    /// What a row holds.
    type Held: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What memory holds.
    type Entry: Entry;

    /// The facts that a row holds.
    fn facts_of(held: &Self::Held) -> &Self::Facts;

    /// The row of a new one, if the event creates it.
    fn held(event: &Self::Event, position: Position) -> Option<Self::Held>;

    /// Updates a row by an event that came later.
    fn follow(held: &mut Self::Held, event: &Self::Event, position: Position);

    /// Reads a row. Each kind has its own, so that the code that decodes it is compiled here, and not in every crate
    /// that asks for a record.
    ///
    /// # Errors
    /// When the table cannot say.
    fn read(view: &RosterView, number: u64) -> Answer<Option<Row<Self::Held>>>;

    /// Puts one into memory.
    fn put(roster: &mut Roster, row: (&u64, &Row<Self::Held>));

    /// The first `count` numbers from this one on.
    fn numbers(roster: &Roster, from: u64, count: usize) -> Vec<u64>;

    /// All in memory, by number.
    fn all(roster: &Roster) -> &BTreeMap<u64, Self::Entry>;

    /// The one of this name. A name may be unique only within another record: `within` is the number of that, else 0.
    fn by_name(roster: &Roster, within: u64, name: &str) -> Option<u64>;
}

/// What memory holds of a record.
pub trait Entry {
    fn name(&self) -> &str;
}

/// A user, and since when the password is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct UserFacts {
    /// What is known of the user. `at` is when they were created.
    pub user: user::Created,
    /// The last event that set the password: a session from before it has ended.
    pub credential_position: Position,
}

/// Declares every kind: its list, its event, what a row holds, its entry, and how it is found by name.
macro_rules! kinds {
    ($($list:ident: $kind:ident in $event:ident::$context:ident, rows $one:ident($prefix:literal) as $row:ident, entries $entry:ident($name:ident) $(, put $put:ident)? $(, found within by $by_name:ident)? $(, holds $how:ident)?;)+) => {
        $(
            #[doc = concat!("The row of a ", stringify!($one), ".")]
            pub type $row = Row<<$kind as Kept>::Held>;

            impl Kept for $kind {
                const PREFIX: u8 = $prefix;
                type Entry = $entry;

                fn read(view: &RosterView, number: u64) -> Answer<Option<Row<Self::Held>>> {
                    view.read_row::<Self>(number)
                }

                fn numbers(roster: &Roster, from: u64, count: usize) -> Vec<u64> {
                    let all = Self::all(roster).range(from..);
                    all.take(count).map(|(number, _)| *number).collect()
                }

                kinds!(@holds $kind $($how)?);

                kinds!(@memory $list $entry [$($put)?] [$($by_name)?]);
            }

            impl Entry for $entry {
                fn name(&self) -> &str {
                    &self.$name
                }
            }
        )+

        /// Rows of all kinds that changed since the last flush.
        #[derive(Default)]
        pub(super) struct Ledgers {
            $($list: Ledger<$kind>,)+
        }

        /// Rows of all kinds that a flush wrote.
        pub(super) struct Flushed {
            $(pub(super) $list: BTreeMap<u64, $row>,)+
        }

        impl Ledgers {
            pub(super) const CATEGORIES: &'static [&'static str] = &[$($kind::CATEGORY),+];

            pub(super) fn apply(&mut self, event: &Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
                match event {
                    $(Event::$context($event::$kind(event)) => self.$list.apply(event, envelope, rows),)+
                    _ => {}
                }
            }

            pub(super) fn flush(&mut self, rows: &mut Rows<'_>) -> Flushed {
                Flushed { $($list: self.$list.flush(rows),)+ }
            }

            pub(super) fn load(roster: &mut Roster, rows: &mut Rows<'_>) {
                $(load::<$kind>(roster, rows);)+
            }
        }

        impl Flushed {
            pub(super) fn put(&self, roster: &mut Roster) {
                $(self.$list.iter().for_each(|row| $kind::put(roster, row));)+
            }
        }

        impl RosterView {
            $(
                #[doc = concat!("One ", stringify!($one), ".")]
                pub fn $one(&self, number: u64) -> Answer<Option<$row>> {
                    self.row::<$kind>(number)
                }
            )+
        }
    };

    // Names are unique everywhere: memory has an index.
    (@memory $list:ident $entry:ident [$($put:ident)?] []) => {
        kinds!(@put $list $entry $($put)?);

        fn all(roster: &Roster) -> &BTreeMap<u64, $entry> {
            roster.$list.all()
        }

        fn by_name(roster: &Roster, _: u64, name: &str) -> Option<u64> {
            roster.$list.by_name(name).map(|entry| entry.number)
        }
    };
    // Names are unique within another record.
    (@memory $list:ident $entry:ident [$put:ident] [$by_name:ident]) => {
        kinds!(@put $list $entry $put);

        fn all(roster: &Roster) -> &BTreeMap<u64, $entry> {
            roster.$list()
        }

        fn by_name(roster: &Roster, within: u64, name: &str) -> Option<u64> {
            roster.$by_name(within, name).map(|entry| entry.number)
        }
    };
    (@put $list:ident $entry:ident) => {
        fn put(roster: &mut Roster, (number, row): (&u64, &Row<Self::Held>)) {
            roster.$list.put(*number, $entry::of(*number, &row.facts));
        }
    };
    (@put $list:ident $entry:ident $put:ident) => {
        fn put(roster: &mut Roster, (number, row): (&u64, &Row<Self::Held>)) {
            roster.$put($entry::of(*number, &row.facts));
        }
    };

    (@holds $kind:ident) => {
        type Held = <$kind as Record>::Facts;

        fn facts_of(held: &Self::Held) -> &Self::Facts {
            held
        }

        fn held(event: &Self::Event, _: Position) -> Option<Self::Held> {
            Self::created(event).cloned()
        }

        fn follow(held: &mut Self::Held, event: &Self::Event, _: Position) {
            Self::update(held, event);
        }
    };
    (@holds $kind:ident password_position) => {
        type Held = UserFacts;

        fn facts_of(held: &UserFacts) -> &user::Created {
            &held.user
        }

        fn held(event: &UserEvent, position: Position) -> Option<UserFacts> {
            let user = Self::created(event)?.clone();
            Some(UserFacts {
                user,
                credential_position: position,
            })
        }

        fn follow(held: &mut UserFacts, event: &UserEvent, position: Position) {
            if matches!(event, UserEvent::PasswordChanged(_)) {
                held.credential_position = position;
            }
            Self::update(&mut held.user, event);
        }
    };
}

kinds! {
    groups: Group in CoreEvent::Core, rows group(b'g') as GroupRow, entries GroupEntry(name);
    users: User in CoreEvent::Core, rows user(b'u') as UserRow, entries UserEntry(name), holds password_position;
    projects: Project in JobsEvent::Jobs, rows project(b'p') as ProjectRow, entries ProjectEntry(title), put put_project;
    worker_pools: WorkerPool in JobsEvent::Jobs, rows worker_pool(b'o') as WorkerPoolRow, entries WorkerPoolEntry(title);
    workers: Worker in JobsEvent::Jobs, rows worker(b'w') as WorkerRow, entries WorkerEntry(title), put put_worker;
    job_templates: JobTemplate in JobsEvent::Jobs, rows job_template(b't') as JobTemplateRow,
        entries JobTemplateEntry(title), put put_job_template, found within by job_template_by_title;
    jobs: Job in JobsEvent::Jobs, rows job(b'j') as JobRow,
        entries JobEntry(title), put put_job, found within by job_by_title;
}
