//! Finds the records that documents refer to: among those of this unit of work, then among those
//! that exist.

use projections::jobs::roster::{Entry, Kept};

use crate::Reference;
use crate::plan::Plan;

/// The number of a record, or why there is none.
pub(crate) type Found = Result<u64, String>;

impl Plan<'_> {
    /// The record of this name, of a kind whose names are unique everywhere.
    pub(crate) fn called_so<K: Kept>(&self, name: &str) -> Option<u64> {
        self.called_within::<K>(0, name)
    }

    /// The record of this name, which is unique within another record; 0 when it is unique
    /// everywhere.
    pub(crate) fn called_within<K: Kept>(&self, within: u64, name: &str) -> Option<u64> {
        let made = self.made.get(&(K::CATEGORY, within, name.to_owned()));
        made.copied().or_else(|| {
            let exists = self.roster.read(|roster| K::by_name(roster, within, name));
            // Unless this unit renames it.
            exists.filter(|number| {
                let now = self.called.get(&(K::CATEGORY, *number));
                now.is_none_or(|now| now == name)
            })
        })
    }

    /// The record that a reference means, of a kind whose names are unique everywhere.
    pub(crate) fn find<K: Kept>(&self, reference: &Reference) -> Found {
        let found = match reference {
            Reference::Number(number) => Some(*number).filter(|number| {
                self.roster
                    .read(|roster| K::all(roster).contains_key(number))
            }),
            Reference::Called(name) => self.called_so::<K>(name),
        };
        found.ok_or_else(|| unknown::<K>(reference))
    }

    /// All records of this name.
    pub(crate) fn all_called<K: Kept>(&self, name: &str) -> Vec<u64> {
        let mut numbers = self.roster.read(|roster| -> Vec<u64> {
            let called = K::all(roster).iter();
            let called = called.filter(|(_, entry)| entry.name() == name);
            called.map(|(number, _)| *number).collect()
        });
        let made = self.made.iter();
        let made = made.filter(|((category, _, made), _)| *category == K::CATEGORY && made == name);
        numbers.extend(made.map(|(_, number)| *number));
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The one record of this name, for documents that do not name its parent.
    pub(crate) fn only<K: Kept>(&self, name: &str) -> Option<u64> {
        match self.all_called::<K>(name)[..] {
            [number] => Some(number),
            _ => None,
        }
    }

    /// The record that a name means: the only one of that name, or `within`, which the same text
    /// means as a path.
    pub(crate) fn only_or<K: Kept>(
        &self,
        reference: &Reference,
        name: &str,
        within: Option<u64>,
        form: &str,
    ) -> Found {
        match (&self.all_called::<K>(name)[..], within) {
            ([number], _) => Ok(*number),
            (_, Some(number)) => Ok(number),
            ([], None) => Err(unknown::<K>(reference)),
            (several, None) => Err(format!(
                "{} {}s are called {reference}; say which as {form}, or give its number",
                several.len(),
                K::WORD
            )),
        }
    }
}

/// Every way to read a name as a path and a title: both may have a slash in them.
pub(crate) fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let slashes = name.match_indices('/');
    slashes.map(|(at, _)| (&name[..at], &name[at + 1..]))
}

fn unknown<K: Kept>(reference: &Reference) -> String {
    match reference {
        Reference::Number(number) => format!("no {} has the number {number}", K::WORD),
        Reference::Called(_) => format!("no {} is called {reference}", K::WORD),
    }
}
