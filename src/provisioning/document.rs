//! Documents, and single records that are read as documents.

use serde_json::Value;

use crate::fields::{Faults, Fields, join};
use crate::{Document, DocumentFields, ProvisioningError};

/// The most records in one document.
pub(crate) const RECORDS_MAX: usize = 10_000;

/// One record in a document.
#[derive(Clone, Debug)]
pub struct Item<T> {
    /// Its path in the document; empty when it is the document.
    pub(crate) place: String,
    /// Which record it describes.
    pub(crate) which: Which,
    pub(crate) wanted: T,
}

/// Which record an item describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this name, or a new one.
    Called,
    New,
    Number(u64),
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Every fault that can be found without existing records.
    pub fn read(value: Value) -> Result<Self, ProvisioningError> {
        let mut faults = Faults::default();
        let document = match value {
            // An empty file describes nothing.
            Value::Null => Self::default(),
            value => Self::of(value, &mut faults),
        };
        if document.len() > RECORDS_MAX {
            faults.add("", format!("a document has {RECORDS_MAX} things at most"));
        }
        refuse(faults).map(|()| document)
    }

    /// The kinds of records in it.
    pub fn plurals(&self) -> impl Iterator<Item = &'static str> {
        let wanted = self.counts().filter(|(_, count)| *count > 0);
        wanted.map(|(plural, _)| plural)
    }

    /// How many records are in it.
    pub(crate) fn len(&self) -> usize {
        self.counts().map(|(_, count)| count).sum()
    }
}

/// Reads one record that is a document of its own.
///
/// # Errors
/// With every fault.
pub fn one<T: DocumentFields>(value: Value, which: Which) -> Result<Item<T>, ProvisioningError> {
    let mut faults = Faults::default();
    let wanted = Fields::open("", value, &mut faults).map(|mut fields| {
        let wanted = T::read(&mut fields);
        fields.close();
        wanted
    });
    let place = String::new();
    if let Some(wanted) = wanted {
        check(&mut faults, &place, which, &wanted);
        refuse(faults)?;
        return Ok(Item {
            place,
            which,
            wanted,
        });
    }
    Err(ProvisioningError::Unreadable(faults.into_list()))
}

pub(crate) fn items<T: DocumentFields>(values: Vec<Value>, faults: &mut Faults) -> Vec<Item<T>> {
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

/// A record without a number needs a name.
fn check<T: DocumentFields>(faults: &mut Faults, place: &str, which: Which, wanted: &T) {
    let is_named = wanted.name().is_some() || matches!(which, Which::Number(_));
    let name = join(place, T::NAME);
    // A malformed name was reported already.
    if !is_named && !faults.name(&name) {
        faults.add(name, "is missing");
    }
}

fn refuse(faults: Faults) -> Result<(), ProvisioningError> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(ProvisioningError::Unreadable(faults.into_list()))
}
