//! Everything that somebody wants, in one document.

use serde_json::Value;
use web::Problem;

use super::reading::{Faults, Fields, join};
use super::{
    GroupFields, JobFields, JobTemplateFields, ProjectFields, UserFields, Wanted, WorkerFields,
    WorkerPoolFields,
};

/// The most things in one document.
const THINGS_MAX: usize = 10_000;

/// One thing that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Item<T> {
    /// Where it stands in the document; empty when it is the document.
    pub(crate) place: String,
    /// Which thing it is about.
    pub(crate) which: Which,
    /// How it is to be.
    pub(crate) wanted: T,
}

/// Which thing a wish is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that is called so, or a new one.
    Called,
    /// A new one.
    New,
    /// The one with this number.
    Number(u64),
}

/// Everything that is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    pub(crate) groups: Vec<Item<GroupFields>>,
    pub(crate) users: Vec<Item<UserFields>>,
    pub(crate) workers: Vec<Item<WorkerFields>>,
    pub(crate) worker_pools: Vec<Item<WorkerPoolFields>>,
    pub(crate) projects: Vec<Item<ProjectFields>>,
    pub(crate) job_templates: Vec<Item<JobTemplateFields>>,
    pub(crate) jobs: Vec<Item<JobFields>>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// 400 with every fault that can be seen without looking at the farm.
    pub(crate) fn read(value: Value) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let mut document = Self::default();
        // An empty file wants nothing.
        let value = if value.is_null() {
            Value::Object(serde_json::Map::new())
        } else {
            value
        };
        let mut lists = Vec::new();
        if let Some(mut fields) = Fields::open("", value, &mut faults) {
            for plural in Self::PLURALS {
                lists.push(fields.list(plural, THINGS_MAX).unwrap_or_default());
            }
            fields.close();
        }
        let mut lists = lists.into_iter();
        let mut next = || lists.next().unwrap_or_default();
        // In the order of `PLURALS`.
        document.groups = items(next(), &mut faults);
        document.users = items(next(), &mut faults);
        document.workers = items(next(), &mut faults);
        document.worker_pools = items(next(), &mut faults);
        document.projects = items(next(), &mut faults);
        document.job_templates = items(next(), &mut faults);
        document.jobs = items(next(), &mut faults);
        if document.len() > THINGS_MAX {
            faults.add("", format!("a document has {THINGS_MAX} things at most"));
        }
        refuse(faults).map(|()| document)
    }

    /// What may stand in a document, in the order in which it is made: whatever refers to something comes
    /// after it.
    pub(crate) const PLURALS: [&'static str; 7] = [
        GroupFields::PLURAL,
        UserFields::PLURAL,
        WorkerFields::PLURAL,
        WorkerPoolFields::PLURAL,
        ProjectFields::PLURAL,
        JobTemplateFields::PLURAL,
        JobFields::PLURAL,
    ];

    /// The kinds of things that are wanted.
    pub(crate) fn plurals(&self) -> impl Iterator<Item = &'static str> {
        let counts = [
            self.groups.len(),
            self.users.len(),
            self.workers.len(),
            self.worker_pools.len(),
            self.projects.len(),
            self.job_templates.len(),
            self.jobs.len(),
        ];
        let all = Self::PLURALS.into_iter().zip(counts);
        all.filter(|(_, count)| *count > 0)
            .map(|(plural, _)| plural)
    }

    /// The same things in documents of so many at most, in the order in which they are made.
    pub(crate) fn parts(self, size: usize) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut part = Self::default();
        /// Moves the things of one kind into parts.
        macro_rules! share {
            ($($items:ident),+) => {
                $(for item in self.$items {
                    if part.len() >= size {
                        parts.push(std::mem::take(&mut part));
                    }
                    part.$items.push(item);
                })+
            };
        }
        share!(
            groups,
            users,
            workers,
            worker_pools,
            projects,
            job_templates,
            jobs
        );
        parts.push(part);
        parts
    }

    /// How many things are wanted.
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
            + self.users.len()
            + self.workers.len()
            + self.worker_pools.len()
            + self.projects.len()
            + self.job_templates.len()
            + self.jobs.len()
    }
}

/// Reads one thing that is a document of its own.
///
/// # Errors
/// 400 with every fault.
pub(crate) fn one<T: Wanted>(value: Value, which: Which) -> Result<Item<T>, Problem> {
    let mut faults = Faults::default();
    let read = Fields::open("", value, &mut faults).map(|mut fields| {
        let wanted = T::read(&mut fields);
        fields.close();
        wanted
    });
    if let Some(wanted) = &read {
        check(&mut faults, "", which, wanted);
    }
    refuse(faults)?;
    let wanted = read.ok_or_else(|| Problem::internal("a body was neither read nor refused"))?;
    Ok(Item {
        place: String::new(),
        which,
        wanted,
    })
}

fn items<T: Wanted>(values: Vec<Value>, faults: &mut Faults) -> Vec<Item<T>> {
    let mut items = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let place = format!("{}[{index}]", T::PLURAL);
        let Some(mut fields) = Fields::open(&place, value, faults) else {
            continue;
        };
        let which = fields.number("id").map_or(Which::Called, Which::Number);
        let wanted = T::read(&mut fields);
        fields.close();
        check(faults, &place, which, &wanted);
        items.push(Item {
            place,
            which,
            wanted,
        });
    }
    items
}

/// Whatever has no number yet is known by its name.
fn check<T: Wanted>(faults: &mut Faults, place: &str, which: Which, wanted: &T) {
    let is_named = wanted.name().is_some() || matches!(which, Which::Number(_));
    let name = join(place, T::NAME);
    // One that is malformed was named already.
    if !is_named && !faults.name(&name) {
        faults.add(name, "is missing");
    }
}

fn refuse(faults: Faults) -> Result<(), Problem> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Problem::bad_request("this is not understood").with_errors(faults.into_errors()))
}
