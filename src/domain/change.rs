//! Fields that somebody may say something about.
//!
//! A field that was not spoken of is `None`. In one that can be empty, `Some(None)` says that it is to be.

use serde::{Deserialize, Deserializer};

/// What differs from what is known.
pub(crate) fn unlike<T: PartialEq>(told: Option<T>, known: &T) -> Option<T> {
    told.filter(|told| told != known)
}

/// Takes note of what was told.
pub(crate) fn note<T: Clone>(known: &mut T, told: Option<&T>) {
    if let Some(told) = told {
        known.clone_from(told);
    }
}

/// Reads a field that is there: `null` empties it, and is not the same as no word of it.
pub(crate) fn told<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
