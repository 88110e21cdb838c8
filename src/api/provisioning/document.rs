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

/// Declares a document as lists of things, in the order in which they are made.
macro_rules! document {
    ($($list:ident: $fields:ident,)+) => {
        /// Everything that is wanted.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Document {
            $(pub(crate) $list: Vec<Item<$fields>>,)+
        }

        impl Document {
            fn of(value: Value, faults: &mut Faults) -> Self {
                let Some(mut fields) = Fields::open("", value, faults) else {
                    return Self::default();
                };
                $(let $list = fields.list($fields::PLURAL, THINGS_MAX).unwrap_or_default();)+
                fields.close();
                Self { $($list: items($list, faults),)+ }
            }

            /// How many things are wanted, kind by kind.
            pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
                [$(($fields::PLURAL, self.$list.len())),+].into_iter()
            }

            /// The same things in documents of so many at most.
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
        }
    };
}

// Whatever refers to something comes after it.
document! {
    groups: GroupFields,
    users: UserFields,
    workers: WorkerFields,
    worker_pools: WorkerPoolFields,
    projects: ProjectFields,
    job_templates: JobTemplateFields,
    jobs: JobFields,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// 400 with every fault that can be seen without looking at the farm.
    pub(crate) fn read(value: Value) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let document = match value {
            // An empty file wants nothing.
            Value::Null => Self::default(),
            value => Self::of(value, &mut faults),
        };
        if document.len() > THINGS_MAX {
            faults.add("", format!("a document has {THINGS_MAX} things at most"));
        }
        refuse(faults).map(|()| document)
    }

    /// The kinds of things that are wanted.
    pub(crate) fn plurals(&self) -> impl Iterator<Item = &'static str> {
        let wanted = self.counts().filter(|(_, count)| *count > 0);
        wanted.map(|(plural, _)| plural)
    }

    /// How many things are wanted.
    pub(crate) fn len(&self) -> usize {
        self.counts().map(|(_, count)| count).sum()
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
