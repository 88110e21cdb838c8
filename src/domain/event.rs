//! Everything that can be in a log.

use thiserror::Error;

use crate::allocation::AllocationEvent;
use crate::audit::AuditEvent;
use crate::build::BuildEvent;
use crate::group::GroupEvent;
use crate::job::JobEvent;
use crate::job_template::JobTemplateEvent;
use crate::kill_request::KillRequestEvent;
use crate::mail::MailEvent;
use crate::name::NameEvent;
use crate::node::NodeEvent;
use crate::numbers::NumbersEvent;
use crate::project::ProjectEvent;
use crate::run::RunEvent;
use crate::run_log::RunLogEvent;
use crate::token::TokenEvent;
use crate::upcast;
use crate::user::UserEvent;
use crate::worker::WorkerEvent;
use crate::worker_pool::WorkerPoolEvent;

/// Something that has happened.
#[expect(
    clippy::large_enum_variant,
    reason = "events are decoded one at a time, and a box costs every replay"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// … to a build.
    Build(BuildEvent),
    /// … to a machine that builds run on.
    Node(NodeEvent),
    /// … to an API token.
    Token(TokenEvent),
    /// … that only an auditor asks about.
    Audit(AuditEvent),
    /// … with an answer to "how much does this need?".
    Allocation(AllocationEvent),
    /// … to a counter of integer ids.
    Numbers(NumbersEvent),
    /// … to a group of users.
    Group(GroupEvent),
    /// … to a job.
    Job(JobEvent),
    /// … to a template of jobs.
    JobTemplate(JobTemplateEvent),
    /// … to a wish that a run be killed.
    KillRequest(KillRequestEvent),
    /// … to a mail about what went wrong.
    Mail(MailEvent),
    /// … to a name that stands once.
    Name(NameEvent),
    /// … to a project.
    Project(ProjectEvent),
    /// … to one execution of a job.
    Run(RunEvent),
    /// … to what a run printed.
    RunLog(RunLogEvent),
    /// … to a person who logs in.
    User(UserEvent),
    /// … to a worker.
    Worker(WorkerEvent),
    /// … to a pool of workers.
    WorkerPool(WorkerPoolEvent),
}

/// The events of one kind of thing.
pub trait OneKind: Clone + Into<Event> + Send + Sync + 'static {
    /// The event as one of these, if it is one.
    fn of(event: Event) -> Option<Self>;
}

/// An event as it goes into a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The name on the wire.
    pub event_type: &'static str,
    /// The version of the shape.
    pub version: u16,
    /// JSON.
    pub data: Vec<u8>,
}

/// An event in the log that nobody here can read: the log or a program is broken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeFault {
    /// No such type.
    #[error("no event has the type {0}")]
    UnknownType(String),
    /// A newer program wrote it.
    #[error("{event_type} has version {version}, and this program reads up to {newest}")]
    Newer {
        /// Its type.
        event_type: String,
        /// Its version.
        version: u16,
        /// What we read.
        newest: u16,
    },
    /// It does not have the shape of its type and version.
    #[error("{event_type} v{version} cannot be read: {reason}")]
    Shape {
        /// Its type.
        event_type: String,
        /// Its version.
        version: u16,
        /// What is wrong.
        reason: String,
    },
}

impl Event {
    /// Reads an event of any version ever released.
    ///
    /// # Errors
    /// A [`DecodeFault`], which says that the log holds something this program did not write.
    pub fn decode(event_type: &str, version: u16, data: &[u8]) -> Result<Self, DecodeFault> {
        let newest = Self::newest_version(event_type)
            .ok_or_else(|| DecodeFault::UnknownType(event_type.to_owned()))?;
        let fault = |reason: String| DecodeFault::Shape {
            event_type: event_type.to_owned(),
            version,
            reason,
        };
        if version > newest {
            let event_type = event_type.to_owned();
            return Err(DecodeFault::Newer {
                event_type,
                version,
                newest,
            });
        }
        if version == 0 {
            return Err(fault("versions begin at 1".to_owned()));
        }
        // Once for the whole text is cheaper than once for each of its strings.
        let text = str::from_utf8(data).map_err(|error| fault(error.to_string()))?;
        if version == newest || upcast::is_still_read(event_type, version) {
            // The usual case reads straight into the type: a detour costs several times as much.
            return Self::read(event_type, text).map_err(|error| fault(error.to_string()));
        }
        upcast::to_newest((event_type, version, newest), text, upcast::step)
            .and_then(|data| Self::read(event_type, &data))
            .map_err(|error| fault(error.to_string()))
    }

    /// The event's category, which is also that of its stream.
    #[must_use]
    pub fn category(&self) -> &'static str {
        self.event_type()
            .split_once('.')
            .map_or("", |(category, _)| category)
    }
}

/// Declares what may happen to one kind of thing: variants, wire names, versions and shapes, side by side.
///
/// The wire name is written out, so that renaming a variant cannot change history.
macro_rules! events {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident($shape:ty) = $wire:literal v $version:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name { $($(#[$variant_meta])* $variant($shape),)+ }

        impl $name {
            /// Every name on the wire with the version of its newest shape.
            pub const TYPES: &'static [(&'static str, u16)] = &[$(($wire, $version),)+];

            /// The name on the wire.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => $wire,)+ }
            }

            /// The version of the shape.
            #[must_use]
            pub fn version(&self) -> u16 {
                match self { $(Self::$variant(_) => $version,)+ }
            }

            pub(crate) fn data(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$variant(shape) => serde_json::to_vec(shape),)+ }
            }

            pub(crate) fn read(event_type: &str, data: &str) -> Option<Result<Self, serde_json::Error>> {
                match event_type {
                    $($wire => Some(serde_json::from_str(data).map(Self::$variant)),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use events;

/// Joins the kinds of things into [`Event`].
macro_rules! join {
    ($($kind:ident($events:ident) = $category:literal,)+) => {
        impl Event {
            /// The categories of all streams, in the order of their names.
            pub const CATEGORIES: &'static [&'static str] = &[$($category,)+];

            /// The name on the wire.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$kind(event) => event.event_type(),)+ }
            }

            /// The newest version of a type's shape, if there is such a type.
            #[must_use]
            pub fn newest_version(event_type: &str) -> Option<u16> {
                let (category, _) = event_type.split_once('.')?;
                let types = match category { $($category => $events::TYPES,)+ _ => return None };
                types.iter().find(|(wire, _)| *wire == event_type).map(|(_, version)| *version)
            }

            /// Every type there is, with the version of its newest shape.
            pub fn types() -> impl Iterator<Item = (&'static str, u16)> {
                [$($events::TYPES,)+].into_iter().flatten().copied()
            }

            /// The event as it goes into a log.
            #[must_use]
            pub fn encode(&self) -> Encoded {
                match self {
                    $(Self::$kind(event) => Encoded {
                        event_type: event.event_type(),
                        version: event.version(),
                        data: event.data().expect("an event has string keys and finite numbers"),
                    },)+
                }
            }

            fn read(event_type: &str, data: &str) -> Result<Self, serde_json::Error> {
                let category = event_type.split_once('.').map_or("", |(category, _)| category);
                let found = match category {
                    $($category => $events::read(event_type, data).map(|read| read.map(Self::$kind)),)+
                    _ => None,
                };
                found.expect("the type was looked up before")
            }
        }

        $(
            impl From<$events> for Event {
                fn from(event: $events) -> Self { Self::$kind(event) }
            }

            impl OneKind for $events {
                fn of(event: Event) -> Option<Self> {
                    match event {
                        Event::$kind(event) => Some(event),
                        _ => None,
                    }
                }
            }
        )+
    };
}

join! {
    Allocation(AllocationEvent) = "allocation",
    Audit(AuditEvent) = "audit",
    Build(BuildEvent) = "build",
    Group(GroupEvent) = "group",
    Job(JobEvent) = "job",
    JobTemplate(JobTemplateEvent) = "job_template",
    KillRequest(KillRequestEvent) = "kill_request",
    Mail(MailEvent) = "mail",
    Name(NameEvent) = "name",
    Node(NodeEvent) = "node",
    Numbers(NumbersEvent) = "numbers",
    Project(ProjectEvent) = "project",
    Run(RunEvent) = "run",
    RunLog(RunLogEvent) = "run_log",
    Token(TokenEvent) = "token",
    User(UserEvent) = "user",
    Worker(WorkerEvent) = "worker",
    WorkerPool(WorkerPoolEvent) = "worker_pool",
}

#[cfg(test)]
mod tests;
