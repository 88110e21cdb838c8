//! Fields of a partial change.
//!
//! `None` leaves a field as it is. In a field that can be empty, `Some(None)` empties it.

use serde::{Deserialize, Deserializer};

pub(crate) fn unlike<T: PartialEq>(data: Option<T>, known: &T) -> Option<T> {
    data.filter(|data| data != known)
}

/// Sets a field that was given.
pub(crate) fn note<T: Clone>(known: &mut T, data: Option<&T>) {
    if let Some(data) = data {
        known.clone_from(data);
    }
}

/// Reads a present field: `null` empties it, unlike a missing field.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// The same for `#[serde(with = "patch")]`.
pub(crate) mod patch {
    use serde::{Serialize, Serializer};

    pub(crate) use super::present as deserialize;

    #[expect(clippy::ref_option, reason = "serde requires this signature")]
    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        field: &Option<Option<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        field.serialize(to)
    }
}

/// Declares the event of an edit, and its effect on the facts.
///
/// Each field is once in the facts, and once here. One that can be empty is an `Option` with
/// `#[serde(deserialize_with = "present")]`, so that `null` empties it.
macro_rules! edits {
    ($(#[$meta:meta])* $edited:ident of $facts:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $edited {
            $(
                $(#[$field_meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
            /// The time of the change.
            pub at: jiff::Timestamp,
        }

        impl $edited {
            /// An edit that changes nothing.
            #[must_use]
            pub fn nothing(at: jiff::Timestamp) -> Self {
                Self { $($field: None,)+ at }
            }

            /// An edit that makes everything as it is in these facts.
            #[must_use]
            pub fn towards(facts: &$facts, at: jiff::Timestamp) -> Self {
                Self { $($field: Some(facts.$field.clone()),)+ at }
            }
        }

        impl $facts {
            /// What of an edit is not so already, if anything.
            pub(crate) fn differing(&self, data: $edited) -> Option<$edited> {
                let at = data.at;
                let changes = $edited { $($field: crate::kernel::change::unlike(data.$field, &self.$field),)+ at };
                (changes != $edited::nothing(at)).then_some(changes)
            }

            /// Applies an edit.
            pub fn edit(&mut self, data: &$edited) {
                $(crate::kernel::change::note(&mut self.$field, data.$field.as_ref());)+
            }
        }
    };
}
pub(crate) use edits;

#[cfg(test)]
#[expect(unreachable_pub, reason = "`edits` is for what other crates see")]
mod tests;
