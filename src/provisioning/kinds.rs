//! Every kind of record that documents describe, each in a file of its own.

mod group;
mod job;
mod job_template;
mod project;
mod user;
mod worker;
mod worker_pool;

use std::collections::BTreeSet;

use commands::CommandError;
use domain::core::group::Group;
use domain::core::user::User;
use domain::jobs::job::Job;
use domain::jobs::job_template::JobTemplate;
use domain::jobs::project::Project;
use domain::jobs::worker::Worker;
use domain::jobs::worker_pool::WorkerPool;
use serde_json::Value;
use utoipa::ToSchema;

use crate::document::{RECORDS_MAX, items};
use crate::fields::{Faults, Fields};
use crate::plan::{Plan, Refused};
use crate::{DocumentFields, Item, Kind, go_on};

pub use group::{GroupFields, ShownGroup};
pub use job::{JobFields, ShownJob};
pub use job_template::{JobTemplateFields, ShownJobTemplate};
pub use project::{ProjectFields, ShownProject};
pub use user::{ShownUser, UserFields};
pub use worker::{ShownWorker, WorkerAnswers, WorkerFields, WorkerReports};
pub use worker_pool::{ShownWorkerPool, WorkerPoolFields};

/// Declares the lists of a document, in the order in which they are applied.
macro_rules! kinds {
    ($($list:ident: $kind:ident, $fields:ident;)+) => {
        /// The lists of a document, in the order in which they are applied.
        pub const PLURALS: &[&str] = &[$(stringify!($list)),+];

        /// Everything that a document describes.
        #[derive(Clone, Debug, Default)]
        pub struct Document {
            $(pub(crate) $list: Vec<Item<$fields>>,)+
        }

        /// The desired state of the farm. References are by title (or name), or by number; fields
        /// that are not given stay; a given list replaces the whole list; nothing is deleted. With
        /// an `id`, a record may be renamed.
        #[derive(ToSchema)]
        #[schema(as = Document)]
        #[expect(dead_code, reason = "it describes what is read key by key")]
        pub struct DocumentSchema {
            $($list: Option<Vec<$fields>>,)+
        }

        impl Document {
            pub(crate) fn of(value: Value, faults: &mut Faults) -> Self {
                let Some(mut fields) = Fields::open("", value, faults) else {
                    return Self::default();
                };
                $(let $list = fields.list($fields::PLURAL, RECORDS_MAX).unwrap_or_default();)+
                fields.close();
                Self { $($list: items($list, faults),)+ }
            }

            /// How many records there are of each kind.
            pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
                [$(($fields::PLURAL, self.$list.len())),+].into_iter()
            }

            /// The same records in documents of so many at most.
            pub(crate) fn parts(self, size: usize) -> Vec<Self> {
                let mut parts = Vec::new();
                let mut part = Self::default();
                $(for item in self.$list {
                    if part.len() >= size {
                        parts.push(std::mem::take(&mut part));
                    }
                    part.$list.push(item);
                })+
                parts.push(part);
                parts
            }

            /// Names that several records of one kind have, with the category of that kind.
            pub(crate) fn ambiguous(&self) -> BTreeSet<(&'static str, String)> {
                let mut seen = BTreeSet::new();
                let mut ambiguous = BTreeSet::new();
                $(for item in &self.$list {
                    if let Some(name) = item.wanted.name() {
                        let key = (<$kind as domain::Aggregate>::CATEGORY, name.to_owned());
                        if !seen.insert(key.clone()) {
                            ambiguous.insert(key);
                        }
                    }
                })+
                ambiguous
            }

            /// The texts that may be too long for an event, with the place of the record.
            pub(crate) fn texts(&self) -> Vec<(&String, &String)> {
                let mut texts = Vec::new();
                $(texts.extend(self.$list.iter().filter_map(|item| {
                    Some((&item.place, $kind::wanted_text(&item.wanted)?))
                }));)+
                texts
            }
        }

        /// Changes all records as a document describes them. Faults of one kind end it before the
        /// next, which may refer to what is faulty.
        pub(crate) async fn make_all(
            plan: &mut Plan<'_>,
            document: &Document,
        ) -> Result<(), CommandError<Refused>> {
            $(
                for item in &document.$list {
                    go_on($kind::make(plan, item).await)?;
                }
                plan.check()?;
            )+
            go_on(job::check_lost_pools(plan).await)?;
            plan.check()
        }
    };
}

// A kind follows those that it refers to.
kinds! {
    groups: Group, GroupFields;
    users: User, UserFields;
    workers: Worker, WorkerFields;
    worker_pools: WorkerPool, WorkerPoolFields;
    projects: Project, ProjectFields;
    job_templates: JobTemplate, JobTemplateFields;
    jobs: Job, JobFields;
}

impl Document {
    /// Puts what others of the same kind refer to before these.
    pub(crate) fn order(&mut self) {
        job::parents_first(&mut self.jobs);
    }
}
