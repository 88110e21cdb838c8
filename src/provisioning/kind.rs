//! A kind of record as documents and answers know it.

use std::collections::BTreeSet;

use domain::LongText;
use projections::jobs::roster::{Entry, Kept, Roster};
use serde::Serialize;

use crate::fields::Fields;
use crate::plan::{Plan, Step};
use crate::reference::Named;
use crate::{Document, Item};

/// A unique name: the field it came from, what it is unique among, and the name.
pub(crate) type UniqueName = (&'static str, String, String);

/// A kind of record. Each has a file in `kinds`.
pub trait Kind: Kept {
    /// One as a document describes it.
    type Fields: DocumentFields<Facts = Self::Facts> + Send + Sync;
    /// One as it is shown.
    type Shown: Serialize + Send;

    /// The name or title.
    fn name(facts: &Self::Facts) -> &str;

    /// The number of the record in which its name is unique, when it is not unique everywhere.
    fn within(_: &Self::Facts) -> Option<u64> {
        None
    }

    /// Its unique names, always as many and in the same order. The first is its name or title.
    fn names(facts: &Self::Facts) -> Vec<UniqueName> {
        vec![first_name::<Self>(facts)]
    }

    /// Shows one. A text in the blob store is only described; [`Kind::show_text`] sets it.
    fn show(facts: &Self::Facts, look: &impl Look) -> Self::Shown;

    /// A text that a document sets and that may be too long for an event.
    fn wanted_text(_: &Self::Fields) -> Option<&String> {
        None
    }

    /// The same text in the facts.
    fn long_text(_: &Self::Facts) -> Option<&LongText> {
        None
    }

    /// Shows the whole text.
    fn show_text(_: &mut Self::Shown, _: String) {}

    /// Those of this kind in a document.
    fn items(document: &Document) -> &[Item<Self::Fields>];

    /// A document with one of this kind.
    fn document(item: Item<Self::Fields>) -> Document;

    /// Changes one as a document describes it.
    fn make(
        plan: &mut Plan<'_>,
        item: &Item<Self::Fields>,
    ) -> impl Future<Output = Step<()>> + Send;
}

/// One record as a document describes it.
pub trait DocumentFields: Sized {
    /// What is known of one.
    type Facts;
    /// The key of their list in a document, and the scope that changing them needs.
    const PLURAL: &'static str;
    /// The key of the name or title.
    const NAME: &'static str;

    #[doc(hidden)]
    fn read(fields: &mut Fields<'_>) -> Self;

    /// The name or title.
    fn name(&self) -> Option<&str>;

    /// Sets the facts that the document names, except those that depend on other records.
    fn set(&self, facts: &mut Self::Facts);
}

/// Finds the names of records.
pub trait Look {
    /// The name or title of a record.
    fn called<K: Kept>(&self, number: u64) -> Option<String>;

    /// A record with its name.
    fn named<K: Kept>(&self, number: u64) -> Named {
        Named {
            id: number,
            title: self.called::<K>(number).unwrap_or_default(),
        }
    }

    /// Several records with their names.
    fn all<K: Kept>(&self, numbers: &BTreeSet<u64>) -> Vec<Named> {
        let numbers = numbers.iter();
        numbers.map(|number| self.named::<K>(*number)).collect()
    }
}

impl Look for Roster {
    fn called<K: Kept>(&self, number: u64) -> Option<String> {
        K::all(self)
            .get(&number)
            .map(|entry| entry.name().to_owned())
    }
}

/// The name or title, as a unique name.
pub(crate) fn first_name<K: Kind>(facts: &K::Facts) -> UniqueName {
    let among = match K::within(facts) {
        None => K::CATEGORY.to_owned(),
        Some(within) => format!("{}:{within}", K::CATEGORY),
    };
    (K::Fields::NAME, among, K::name(facts).to_owned())
}

/// Sets what a document names.
pub(crate) fn set<T: Clone>(field: &mut T, wanted: Option<&T>) {
    if let Some(wanted) = wanted {
        field.clone_from(wanted);
    }
}

/// A short text itself; of a long one, its length and digest.
pub(crate) fn described(text: &LongText) -> String {
    match text {
        LongText::Inline(text) => text.clone(),
        LongText::Blob(blob) => format!("({} bytes, {})", blob.size, blob.digest),
    }
}

/// Connects a kind with its fields, how it is shown, and its list in a document.
macro_rules! kind {
    ($fields:ident, $shown:ident, $list:ident) => {
        type Fields = $fields;
        type Shown = $shown;

        fn show(facts: &Self::Facts, look: &impl $crate::Look) -> $shown {
            $shown::of(facts, look)
        }

        fn items(document: &$crate::Document) -> &[$crate::Item<$fields>] {
            &document.$list
        }

        fn document(item: $crate::Item<$fields>) -> $crate::Document {
            $crate::Document {
                $list: vec![item],
                ..$crate::Document::default()
            }
        }
    };
}
pub(crate) use kind;

/// Declares the fields of a kind in documents: what each means, how [`Fields`] reads it, and which
/// fact it sets. Fields without a fact refer to other records or need more work: [`Kind::make`]
/// treats them.
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident of $facts:ty: $plural:literal, called $key:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $read:ident($($with:expr),*) $(=> $fact:ident)?,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, utoipa::ToSchema)]
        pub struct $name {
            $($(#[$field_meta])* pub(crate) $field: Option<$type>,)+
        }

        impl $crate::DocumentFields for $name {
            type Facts = $facts;
            const PLURAL: &'static str = $plural;
            const NAME: &'static str = stringify!($key);

            fn read(fields: &mut $crate::fields::Fields<'_>) -> Self {
                Self { $($field: fields.$read(stringify!($field) $(, $with)*),)+ }
            }

            fn name(&self) -> Option<&str> {
                self.$key.as_deref()
            }

            fn set(&self, facts: &mut $facts) {
                $($($crate::kind::set(&mut facts.$fact, self.$field.as_ref());)?)+
            }
        }
    };
}
pub(crate) use fields;

/// Declares how a kind is shown: each field with its value, between `id` and `created_at`.
macro_rules! shown {
    ($(#[$meta:meta])* $name:ident as $schema:ident of $facts:ty, |$it:ident, $look:ident| {
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $value:expr,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $name {
            /// Its number.
            pub id: u64,
            $($(#[$field_meta])* pub $field: $type,)+
            /// When it was created.
            #[schema(value_type = String, format = DateTime)]
            pub created_at: jiff::Timestamp,
        }

        impl $name {
            fn of($it: &$facts, $look: &impl $crate::Look) -> Self {
                let _ = $look;
                Self {
                    id: $it.number,
                    $($field: $value,)+
                    created_at: $it.at,
                }
            }
        }
    };
}
pub(crate) use shown;
