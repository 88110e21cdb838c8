//! What a build may do.
//!
//! A build has collections, numbered from 1: attempts to learn what it used. Each ends exactly
//! once, with usage, an out-of-memory kill, a skip, a failure or by being abandoned; an operator
//! may then request another, unless the usage is known.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use super::{
    BuildEvent, CollectionAbandoned, CollectionAttempted, CollectionFailed, CollectionRequeued,
    CollectionSkipped, OutOfMemory, Reported, ResourceUsage, UsageRecorded,
};
use crate::Aggregate;

/// What decisions about a build rest on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    known: bool,
    instance: Option<String>,
    deliveries: BTreeSet<String>,
    requeues: BTreeSet<Timestamp>,
    collection: Collection,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Collection {
    number: u32,
    attempt: u32,
    ended: Option<Ended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    WithUsage,
    Otherwise,
}

impl Default for Collection {
    fn default() -> Self {
        Self::begun(1)
    }
}

impl Collection {
    fn begun(number: u32) -> Self {
        Self {
            number,
            attempt: 0,
            ended: None,
        }
    }
}

/// Commands to a build.
#[derive(Clone, Debug, PartialEq)]
pub enum BuildCommand {
    /// Record a status change. A repeated delivery adds nothing.
    Report(Reported),
    /// End a collection with what the build used.
    RecordUsage(UsageRecorded),
    /// End a collection because the usage is of no interest.
    SkipCollection(CollectionSkipped),
    /// Take note of an attempt that failed and will be repeated.
    AttemptCollection(CollectionAttempted),
    /// End a collection because the usage cannot be known.
    FailCollection(CollectionFailed),
    /// End a collection after its last attempt.
    AbandonCollection(CollectionAbandoned),
    /// Begin another collection. One with the same time as an earlier one is that one, repeated.
    RequeueCollection { at: Timestamp },
    /// End a collection because the build was killed for memory.
    RecordOutOfMemory(OutOfMemory),
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildRejection {
    /// Nothing was ever reported about it.
    #[error("build not found: it was never reported")]
    Unknown,
    /// Another instance numbers its builds under the same source.
    #[error("this build belongs to the instance {known}")]
    OtherInstance {
        /// The instance of the first report.
        known: String,
    },
    #[error("there is no collection {collection}; the last is {last}")]
    NoSuchCollection { collection: u32, last: u32 },
    /// What it used is known and will not be collected again.
    #[error("the usage of this build is already recorded")]
    UsageRecorded,
    /// JSON has no such number, so it could be written and never read again.
    #[error("{field} is not a finite number")]
    NotFinite { field: &'static str },
}

impl Aggregate for Build {
    const CATEGORY: &'static str = "build";
    type Command = BuildCommand;
    type Event = BuildEvent;
    type Rejection = BuildRejection;

    fn decide(&self, command: BuildCommand) -> Result<Vec<BuildEvent>, BuildRejection> {
        use BuildCommand as C;
        use BuildEvent as E;
        use BuildRejection as R;
        use Standing as S;

        let last = self.collection.number;
        Ok(match (self.standing(&command), command) {
            // Impossible.
            (S::Foreign { known }, _) => return Err(R::OtherInstance { known }),
            (S::Unknown, _) => return Err(R::Unknown),
            (S::Missing { collection }, _) => return Err(R::NoSuchCollection { collection, last }),
            (S::NotFinite { field }, _) => return Err(R::NotFinite { field }),

            // Repeated.
            (_, C::Report(report)) if self.deliveries.contains(&report.delivery) => vec![],
            (_, C::RequeueCollection { at }) if self.requeues.contains(&at) => vec![],
            (S::Open, C::RequeueCollection { .. }) => vec![],
            (S::Open, C::AttemptCollection(data)) if data.attempt <= self.collection.attempt => {
                vec![]
            }
            (
                S::Over(_),
                C::RecordUsage(_)
                | C::SkipCollection(_)
                | C::AttemptCollection(_)
                | C::FailCollection(_)
                | C::AbandonCollection(_)
                | C::RecordOutOfMemory(_),
            ) => vec![],

            // Allowed.
            (_, C::Report(report)) => vec![E::Reported(report)],
            (S::Open, C::RecordUsage(usage)) => vec![E::UsageRecorded(usage)],
            (S::Open, C::SkipCollection(skipped)) => vec![E::CollectionSkipped(skipped)],
            (S::Open, C::AttemptCollection(data)) => vec![E::CollectionAttempted(data)],
            (S::Open, C::FailCollection(failed)) => vec![E::CollectionFailed(failed)],
            (S::Open, C::AbandonCollection(data)) => vec![E::CollectionAbandoned(data)],
            (S::Open, C::RecordOutOfMemory(killed)) => vec![E::OutOfMemory(killed)],
            (S::Over(Ended::Otherwise), C::RequeueCollection { at }) => {
                let collection = last.saturating_add(1);
                vec![E::CollectionRequeued(CollectionRequeued { collection, at })]
            }

            // Refused.
            (S::Over(Ended::WithUsage), C::RequeueCollection { .. }) => {
                return Err(R::UsageRecorded);
            }
        })
    }

    fn evolve(&mut self, event: &BuildEvent) {
        use BuildEvent as E;

        self.known = true;
        match event {
            E::Reported(report) => {
                self.deliveries.insert(report.delivery.clone());
                if self.instance.is_none() {
                    self.instance.clone_from(&report.instance);
                }
            }
            E::UsageRecorded(data) => self.end(data.collection, Ended::WithUsage),
            E::CollectionSkipped(data) => self.end(data.collection, Ended::Otherwise),
            E::CollectionFailed(data) => self.end(data.collection, Ended::Otherwise),
            E::CollectionAbandoned(data) => self.end(data.collection, Ended::Otherwise),
            E::OutOfMemory(data) => self.end(data.collection, Ended::Otherwise),
            E::CollectionAttempted(data) => {
                self.collection.attempt = self.collection.attempt.max(data.attempt);
            }
            E::CollectionRequeued(data) => {
                self.requeues.insert(data.at);
                self.collection = Collection::begun(data.collection);
            }
        }
    }
}

/// The state of the collection in a command.
enum Standing {
    Foreign { known: String },
    Unknown,
    Missing { collection: u32 },
    NotFinite { field: &'static str },
    Open,
    Over(Ended),
}

impl Build {
    fn standing(&self, command: &BuildCommand) -> Standing {
        use BuildCommand as C;

        let collection = match command {
            C::Report(report) => match (&self.instance, &report.instance) {
                (Some(known), Some(data)) if known != data => {
                    return Standing::Foreign {
                        known: known.clone(),
                    };
                }
                _ => return self.standing_of_last(),
            },
            // Imported builds happened before any report to this server.
            C::RecordUsage(usage) if usage.origin.starts_with("import:") => usage.collection,
            C::RecordOutOfMemory(killed) if killed.was_imported() => killed.collection,
            _ if !self.known => return Standing::Unknown,
            C::RequeueCollection { .. } => return self.standing_of_last(),
            C::RecordUsage(data) => data.collection,
            C::SkipCollection(data) => data.collection,
            C::AttemptCollection(data) => data.collection,
            C::FailCollection(data) => data.collection,
            C::AbandonCollection(data) => data.collection,
            C::RecordOutOfMemory(data) => data.collection,
        };
        let not_finite = match command {
            C::RecordUsage(usage) => not_finite(&usage.cpu).or_else(|| not_finite(&usage.memory)),
            C::RecordOutOfMemory(killed) => [
                ("memory_request", killed.memory_request),
                ("memory_limit", Some(killed.memory_limit)),
                ("memory_peak", killed.memory_peak),
            ]
            .into_iter()
            .find_map(|(field, value)| (!value?.is_finite()).then_some(field)),
            _ => None,
        };
        if let Some(field) = not_finite {
            return Standing::NotFinite { field };
        }
        let last = self.collection.number;
        match collection {
            data if data == 0 || data > last => Standing::Missing { collection },
            // Another is begun only when the one before has ended.
            data if data < last => Standing::Over(Ended::Otherwise),
            _ => self.standing_of_last(),
        }
    }

    fn standing_of_last(&self) -> Standing {
        self.collection.ended.map_or(Standing::Open, Standing::Over)
    }

    fn end(&mut self, collection: u32, ended: Ended) {
        if collection >= self.collection.number {
            self.collection.number = collection;
            self.collection.ended = Some(ended);
        }
    }
}

fn not_finite(usage: &ResourceUsage) -> Option<&'static str> {
    [
        ("request", usage.request),
        ("limit", usage.limit),
        ("mean", Some(usage.mean)),
        ("median", Some(usage.median)),
        ("max", Some(usage.max)),
        ("min", Some(usage.min)),
        ("stddev", Some(usage.stddev)),
    ]
    .into_iter()
    .find_map(|(field, value)| (!value?.is_finite()).then_some(field))
}

#[cfg(test)]
mod tests;
