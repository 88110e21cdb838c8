//! Records: what is created, edited, switched on and off, and given members.

use std::fmt::Debug;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Aggregate;

/// An aggregate that the macro `record!` declares. Views, the roster and provisioning treat all of
/// them alike.
pub trait Record: Aggregate {
    /// What is known of one. It has the shape of its first event, and is kept up to date.
    type Facts: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What one is called in messages.
    const WORD: &'static str;

    /// What is known of it, once it was created.
    fn facts(&self) -> Option<&Self::Facts>;

    /// The command that creates one with these facts.
    fn create(facts: Self::Facts) -> Self::Command;

    /// The commands that change `before` into `after`. Those that would change nothing are among
    /// them: they lead to no event.
    fn towards(before: &Self::Facts, after: &Self::Facts, at: Timestamp) -> Vec<Self::Command>;

    fn created(event: &Self::Event) -> Option<&Self::Facts>;

    /// Updates facts by an event that came later.
    fn update(facts: &mut Self::Facts, event: &Self::Event);
}

/// Declares a record: its facts, events, commands, rejections, decider, and the tests of what holds
/// for all records.
///
/// ```text
/// record! {
///     /// A crane.                               the aggregate, and how one is called in messages
///     Crane("crane") {
///         category: "crane",                     of its streams
///         events: CraneEvent,
///         commands: CraneCommand,
///         rejections: CraneRejection { … },      beside `Unknown` and `AlreadyCreated`
///         checked by: check,                     optional: `fn check(&self) -> Result<(), CraneRejection>` of the facts
///     }
///
///     /// It was created.                        command -> event and shape of the facts
///     Create -> Created = "crane.created" v 1 [audited],
///     /// It was edited.
///     Edit -> Edited = "crane.edited" v 1 [audited],
///
///     // Fields of the facts, in the order of the wire; `number` comes first and `at` last.
///     /// A field that `Edited` can change. An `Option` can be emptied. A `LongText` may be in the blob store.
///     edit title: String,
///     /// A field without a sensible default: an argument of `Created::blank`.
///     edit required owner: u64,
///     /// A field that never changes.
///     fixed origin: String,
///     /// A flag, true at first.
///     switch is_enabled {
///         off Suspend -> Suspended = "crane.suspended" v 1 [audited],
///         on Resume -> Resumed = "crane.resumed" v 1 [audited],
///     }
///     /// A set of numbers, empty at first.
///     set drivers of driver {
///         add AddDriver -> DriverAdded = "crane.driver_added" v 1 [audited],
///         remove RemoveDriver -> DriverRemoved = "crane.driver_removed" v 1 [audited],
///     }
///     /// A field with an event of its own. It is required.
///     change key: Sealed {
///         ChangeKey -> KeyChanged = "crane.key_changed" v 1 [audited],
///     }
///     /// An event of another aggregate in the same category, with a shape that is written by hand.
///     also Greased(Greased) = "crane.greased" v 1,
/// }
/// ```
///
/// What is special about a kind (`check`, other aggregates of its category) is written next to the
/// declaration.
macro_rules! record {
    // Reads the fields one by one and sorts them: facts, edits, long texts, required, changes,
    // other events.
    (@fields $head:tt [$($facts:tt)*] $edits:tt [$($texts:tt)*] $required:tt $changes:tt $also:tt
        $(#[$meta:meta])* edit $field:ident: LongText, $($rest:tt)*) => {
        $crate::kernel::record::record! { @edit $head
            [$($facts)* { [$(#[$meta])*] $field ($crate::LongText) (Default::default()) }] $edits [$($texts)* $field] $required $changes $also
            { [$(#[$meta])*] $field ($crate::LongText) } $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt $required:tt $changes:tt $also:tt
        $(#[$meta:meta])* edit $field:ident: Option<$type:ty>, $($rest:tt)*) => {
        $crate::kernel::record::record! { @edit $head
            [$($facts)* { [$(#[$meta])* #[serde(default, skip_serializing_if = "Option::is_none")]] $field (Option<$type>) (None) }] $edits $texts $required $changes $also
            { [$(#[$meta])* #[serde(deserialize_with = "crate::kernel::change::present")]] $field (Option<$type>) } $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt $required:tt $changes:tt $also:tt
        $(#[$meta:meta])* edit $field:ident: Vec<$type:ty>, $($rest:tt)*) => {
        $crate::kernel::record::record! { @edit $head
            [$($facts)* { [$(#[$meta])* #[serde(default, skip_serializing_if = "Vec::is_empty")]] $field (Vec<$type>) (Vec::new()) }] $edits $texts $required $changes $also
            { [$(#[$meta])*] $field (Vec<$type>) } $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt [$($required:tt)*] $changes:tt $also:tt
        $(#[$meta:meta])* edit required $field:ident: $type:ty, $($rest:tt)*) => {
        $crate::kernel::record::record! { @edit $head
            [$($facts)* { [$(#[$meta])*] $field ($type) ($field) }] $edits $texts [$($required)* $field ($type)] $changes $also
            { [$(#[$meta])*] $field ($type) } $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt $required:tt $changes:tt $also:tt
        $(#[$meta:meta])* edit $field:ident: $type:ty, $($rest:tt)*) => {
        $crate::kernel::record::record! { @edit $head
            [$($facts)* { [$(#[$meta])*] $field ($type) (Default::default()) }] $edits $texts $required $changes $also
            { [$(#[$meta])*] $field ($type) } $($rest)* }
    };
    (@edit $head:tt $facts:tt [$($edits:tt)*] $texts:tt $required:tt $changes:tt $also:tt $edit:tt $($rest:tt)*) => {
        $crate::kernel::record::record! { @fields $head $facts [$($edits)* $edit] $texts $required $changes $also $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt [$($required:tt)*] $changes:tt $also:tt
        $(#[$meta:meta])* fixed $field:ident: $type:ty, $($rest:tt)*) => {
        $crate::kernel::record::record! { @fields $head
            [$($facts)* { [$(#[$meta])*] $field ($type) ($field) }] $edits $texts [$($required)* $field ($type)] $changes $also $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt $required:tt [$($changes:tt)*] $also:tt
        $(#[$meta:meta])* switch $field:ident {
            $(#[$off_meta:meta])* off $off:ident $({ $($off_extra:ident: $off_type:ty = $off_value:expr),+ })? -> $off_event:ident = $off_wire:literal v $off_version:literal $([$($off_mark:ident),*])?,
            $(#[$on_meta:meta])* on $on:ident $({ $($on_extra:ident: $on_type:ty = $on_value:expr),+ })? -> $on_event:ident = $on_wire:literal v $on_version:literal $([$($on_mark:ident),*])?,
        } $($rest:tt)*) => {
        $crate::kernel::record::record! { @fields $head
            [$($facts)* { [$(#[$meta])*] $field (bool) (true) }] $edits $texts $required
            [$($changes)*
                { off $field [] [$($($off_extra ($off_type) ($off_value))+)?] [$(#[$off_meta])*] $off -> $off_event = $off_wire v $off_version [$($($off_mark),*)?] }
                { on $field [] [$($($on_extra ($on_type) ($on_value))+)?] [$(#[$on_meta])*] $on -> $on_event = $on_wire v $on_version [$($($on_mark),*)?] }
            ] $also $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt $required:tt [$($changes:tt)*] $also:tt
        $(#[$meta:meta])* set $field:ident of $item:ident {
            $(#[$add_meta:meta])* add $add:ident -> $add_event:ident = $add_wire:literal v $add_version:literal $([$($add_mark:ident),*])?,
            $(#[$remove_meta:meta])* remove $remove:ident -> $remove_event:ident = $remove_wire:literal v $remove_version:literal $([$($remove_mark:ident),*])?,
        } $($rest:tt)*) => {
        $crate::kernel::record::record! { @fields $head
            [$($facts)* { [$(#[$meta])* #[serde(default, skip_serializing_if = "std::collections::BTreeSet::is_empty")]] $field (std::collections::BTreeSet<u64>) (Default::default()) }] $edits $texts $required
            [$($changes)*
                { add $field [$item (u64)] [] [$(#[$add_meta])*] $add -> $add_event = $add_wire v $add_version [$($($add_mark),*)?] }
                { remove $field [$item (u64)] [] [$(#[$remove_meta])*] $remove -> $remove_event = $remove_wire v $remove_version [$($($remove_mark),*)?] }
            ] $also $($rest)* }
    };
    (@fields $head:tt [$($facts:tt)*] $edits:tt $texts:tt [$($required:tt)*] [$($changes:tt)*] $also:tt
        $(#[$meta:meta])* change $field:ident: $type:ty {
            $(#[$change_meta:meta])* $change:ident -> $event:ident = $wire:literal v $version:literal $([$($mark:ident),*])?,
        } $($rest:tt)*) => {
        $crate::kernel::record::record! { @fields $head
            [$($facts)* { [$(#[$meta])*] $field ($type) ($field) }] $edits $texts [$($required)* $field ($type)]
            [$($changes)* { change $field [$field ($type)] [] [$(#[$change_meta])*] $change -> $event = $wire v $version [$($($mark),*)?] }]
            $also $($rest)* }
    };
    (@fields $head:tt $facts:tt $edits:tt $texts:tt $required:tt $changes:tt [$($also:tt)*]
        $(#[$meta:meta])* also $variant:ident($shape:ty) = $wire:literal v $version:literal $([$($mark:ident),*])?, $($rest:tt)*) => {
        $crate::kernel::record::record! { @fields $head $facts $edits $texts $required $changes
            [$($also)* { [$(#[$meta])*] $variant ($shape) $wire $version [$($($mark),*)?] }] $($rest)* }
    };

    // All fields are read.
    (@fields
        { [$($meta:tt)*] $name:ident $word:literal $category:literal $events:ident $commands:ident $rejections:ident { $($rejection:tt)* } [$($check:ident)?]
            [$($create_meta:tt)*] $create:ident $created:ident $created_wire:literal $created_version:literal [$($created_mark:ident),*]
            [$($edit_meta:tt)*] $edit:ident $edited:ident $edited_wire:literal $edited_version:literal [$($edited_mark:ident),*] }
        [$({ [$($fact_meta:tt)*] $fact:ident ($fact_type:ty) ($fact_value:expr) })*]
        [$({ [$($field_meta:tt)*] $field:ident ($field_type:ty) })*]
        [$($text:ident)*]
        [$($required:ident ($required_type:ty))*]
        [$({ $how:ident $of:ident [$($item:ident ($item_type:ty))?] [$($extra:ident ($extra_type:ty) ($extra_value:expr))*]
            [$($change_meta:tt)*] $change:ident -> $changed:ident = $changed_wire:literal v $changed_version:literal [$($changed_mark:ident),*] })*]
        [$({ [$($also_meta:tt)*] $also:ident ($also_shape:ty) $also_wire:literal $also_version:literal [$($also_mark:ident),*] })*]
    ) => {
        $crate::kernel::event::events! {
            #[doc = concat!("What may have happened to a ", $word, ". Streams: `", $category, "-<number>`.")]
            $events {
                $($create_meta)* $created($created) = $created_wire v $created_version [$($created_mark),*],
                $($edit_meta)* $edited($edited) = $edited_wire v $edited_version [$($edited_mark),*],
                $($($change_meta)* $changed($changed) = $changed_wire v $changed_version [$($changed_mark),*],)*
                $($($also_meta)* $also($also_shape) = $also_wire v $also_version [$($also_mark),*],)*
            }
        }

        #[doc = concat!("`", $created_wire, "`: what is known of a ", $word, ".")]
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $created {
            #[doc = concat!("The number of the ", $word, ".")]
            pub number: u64,
            $($($fact_meta)* pub $fact: $fact_type,)*
            /// The time at which it was created.
            pub at: jiff::Timestamp,
        }

        $crate::kernel::change::edits! {
            #[doc = concat!("`", $edited_wire, "`: a field that is missing stays, `null` empties one.")]
            $edited of $created { $($($field_meta)* $field: $field_type,)* }
        }

        $(
            #[doc = concat!("`", $changed_wire, "`.")]
            #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            pub struct $changed {
                $(#[doc = concat!("The new value, or the number that was added or removed (`", stringify!($item), "`).")] pub $item: $item_type,)?
                $(#[doc = "The reason."] pub $extra: $extra_type,)*
                /// The time of the change.
                pub at: jiff::Timestamp,
            }
        )*

        impl $created {
            /// One with the defaults.
            #[must_use]
            pub fn blank(number: u64, $($required: $required_type,)* at: jiff::Timestamp) -> Self {
                Self { number, $($fact: $fact_value,)* at }
            }

            /// Updates the facts by an event that came later. Views fold with this as well.
            pub fn evolve(&mut self, event: &$events) {
                match event {
                    $events::$created(_) $(| $events::$also(_))* => {}
                    $events::$edited(data) => self.edit(data),
                    $($events::$changed(_data) => $crate::kernel::record::record!(@apply $how self.$of _data $($item)?),)*
                }
            }
        }

        $crate::kernel::record::record!(@blobs $created $edited $($text)*);

        #[doc = concat!("What can be done with a ", $word, ".")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $commands {
            /// Create it.
            $create($created),
            /// Edit it. Fields that are so already are left out of the event.
            $edit($edited),
            $(
                #[doc = concat!("Leads to [`", stringify!($events), "::", stringify!($changed), "`].")]
                $change {
                    $(#[doc = concat!("See [`", stringify!($changed), "`].")] $item: $item_type,)?
                    $(#[doc = concat!("See [`", stringify!($changed), "`].")] $extra: $extra_type,)*
                    /// The time of the change.
                    at: jiff::Timestamp,
                },
            )*
        }

        #[doc = concat!("Why a command for a ", $word, " is rejected.")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum $rejections {
            /// It was never created.
            #[error("no such {} was created", $word)]
            Unknown,
            /// Another one has this number.
            #[error("a {} with this number is already created", $word)]
            AlreadyCreated,
            $($rejection)*
        }

        $($meta)*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            created: Option<$created>,
            facts: Option<$created>,
        }

        impl $name {
            /// What is known of it: what it was created with, and what was changed since. `at`
            /// stays.
            #[must_use]
            pub fn facts(&self) -> Option<&$created> {
                self.facts.as_ref()
            }
        }

        impl $crate::Record for $name {
            type Facts = $created;
            const WORD: &'static str = $word;

            fn facts(&self) -> Option<&$created> {
                self.facts()
            }

            fn create(facts: $created) -> $commands {
                $commands::$create(facts)
            }

            fn towards(_before: &$created, after: &$created, at: jiff::Timestamp) -> Vec<$commands> {
                // Members leave before others come.
                [
                    vec![$commands::$edit($edited::towards(after, at))],
                    $($crate::kernel::record::record!(@towards $how (_before after $of at) $commands $change [$($item)?] [$($extra ($extra_value))*]),)*
                    $($crate::kernel::record::record!(@joins $how (_before after $of at) $commands $change [$($item)?]),)*
                ]
                .concat()
            }

            fn created(event: &$events) -> Option<&$created> {
                match event {
                    $events::$created(facts) => Some(facts),
                    _ => None,
                }
            }

            fn update(facts: &mut $created, event: &$events) {
                facts.evolve(event);
            }
        }

        impl $crate::Aggregate for $name {
            const CATEGORY: &'static str = $category;
            type Command = $commands;
            type Event = $events;
            type Rejection = $rejections;

            fn decide(&self, command: $commands) -> Result<Vec<$events>, $rejections> {
                let Some(facts) = &self.facts else {
                    return match command {
                        $commands::$create(data) => {
                            $(data.$check()?;)?
                            Ok(vec![$events::$created(data)])
                        }
                        _ => Err($rejections::Unknown),
                    };
                };
                Ok(match command {
                    // Repeated.
                    $commands::$create(data) if self.created.as_ref() == Some(&data) => vec![],
                    $($commands::$change { $($item,)? .. } if $crate::kernel::record::record!(@is_so $how facts.$of $($item)?) => vec![],)*

                    // Refused.
                    $commands::$create(_) => return Err($rejections::AlreadyCreated),

                    // Allowed.
                    $commands::$edit(data) => {
                        $({
                            let mut edited = facts.clone();
                            edited.edit(&data);
                            edited.$check()?;
                        })?
                        facts.differing(data).map($events::$edited).into_iter().collect()
                    }
                    $($commands::$change { $($item,)? $($extra,)* at } => vec![$events::$changed($changed { $($item,)? $($extra,)* at })],)*
                })
            }

            fn evolve(&mut self, event: &$events) {
                if let $events::$created(data) = event {
                    self.created = Some(data.clone());
                    self.facts = Some(data.clone());
                } else if let Some(facts) = &mut self.facts {
                    facts.evolve(event);
                }
            }
        }

        #[cfg(test)]
        impl $crate::testing::records::Sampled for $name {
            const UNKNOWN: $rejections = $rejections::Unknown;
            const ALREADY_CREATED: $rejections = $rejections::AlreadyCreated;

            fn sample(variety: u8) -> $created {
                use $crate::testing::records::Sample;

                let blank = $created::blank(1, $(<$required_type>::sample(0),)* $crate::testing::stories::at(0));
                $created { $($field: <$field_type>::sample(variety),)* ..blank }
            }

            fn commands() -> Vec<fn(u8) -> $commands> {
                use $crate::testing::records::Sample;

                vec![
                    |variety| $commands::$create(Self::sample(variety)),
                    $(|variety| $commands::$edit($edited {
                        $field: Some(<$field_type>::sample(variety)),
                        ..$edited::nothing($crate::testing::stories::at(1))
                    }),)*
                    $(|_variety| $commands::$change {
                        $($item: <$item_type>::sample(_variety),)?
                        $($extra: $extra_value,)*
                        at: $crate::testing::stories::at(1),
                    },)*
                ]
            }
        }

        #[cfg(test)]
        mod laws {
            use super::$name;
            use $crate::testing::records;

            #[test]
            fn it_is_created_once() {
                records::it_is_created_once::<$name>();
            }

            #[test]
            fn a_repeated_command_adds_nothing() {
                records::a_repeated_command_adds_nothing::<$name>();
            }

            #[test]
            fn an_event_follows_exactly_when_facts_change() {
                records::an_event_follows_exactly_when_facts_change::<$name>();
            }

            #[test]
            fn a_replay_leads_to_the_same_state() {
                records::a_replay_leads_to_the_same_state::<$name>();
            }

            #[test]
            fn commands_lead_from_any_facts_to_any_others() {
                records::commands_lead_from_any_facts_to_any_others::<$name>();
            }
        }
    };
    (@fields { $($head:tt)* } $facts:tt $edits:tt $texts:tt $required:tt $changes:tt $also:tt $(#[$meta:meta])* $word:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "a record cannot read what begins with `", stringify!($word), "`: expected `edit NAME: TYPE,`, `edit required NAME: TYPE,`, ",
            "`fixed NAME: TYPE,`, `switch NAME { off COMMAND -> EVENT = \"…\" v 1, on … }`, ",
            "`set NAME of ITEM { add COMMAND -> EVENT = \"…\" v 1, remove … }`, `change NAME: TYPE { COMMAND -> EVENT = \"…\" v 1, }` ",
            "or `also EVENT(SHAPE) = \"…\" v 1,`"
        ));
    };

    (@blobs $created:ident $edited:ident) => {};
    (@blobs $created:ident $edited:ident $($text:ident)+) => {
        impl $created {
            pub(crate) fn blobs(&self) -> Vec<&$crate::BlobRef> {
                [$(self.$text.blob()),+].into_iter().flatten().collect()
            }
        }

        impl $edited {
            pub(crate) fn blobs(&self) -> Vec<&$crate::BlobRef> {
                [$(self.$text.as_ref().and_then($crate::LongText::blob)),+].into_iter().flatten().collect()
            }
        }
    };

    // Whether a change is nothing new.
    (@is_so off $facts:ident.$field:ident) => { !$facts.$field };
    (@is_so on $facts:ident.$field:ident) => { $facts.$field };
    (@is_so add $facts:ident.$field:ident $item:ident) => { $facts.$field.contains(&$item) };
    (@is_so remove $facts:ident.$field:ident $item:ident) => { !$facts.$field.contains(&$item) };
    (@is_so change $facts:ident.$field:ident $item:ident) => { $facts.$field == $item };

    // What a change does to the facts.
    (@apply off $facts:ident.$field:ident $data:ident) => { $facts.$field = false };
    (@apply on $facts:ident.$field:ident $data:ident) => { $facts.$field = true };
    (@apply add $facts:ident.$field:ident $data:ident $item:ident) => {{ $facts.$field.insert($data.$item); }};
    (@apply remove $facts:ident.$field:ident $data:ident $item:ident) => {{ $facts.$field.remove(&$data.$item); }};
    (@apply change $facts:ident.$field:ident $data:ident $item:ident) => { $facts.$field.clone_from(&$data.$item) };

    // The commands that change one field into another.
    (@towards off ($before:ident $after:ident $field:ident $at:ident) $commands:ident $command:ident [] [$($extra:ident ($value:expr))*]) => {
        Vec::from_iter((!$after.$field).then(|| $commands::$command { $($extra: $value,)* at: $at }))
    };
    (@towards on ($before:ident $after:ident $field:ident $at:ident) $commands:ident $command:ident [] [$($extra:ident ($value:expr))*]) => {
        Vec::from_iter($after.$field.then(|| $commands::$command { $($extra: $value,)* at: $at }))
    };
    (@towards remove ($before:ident $after:ident $field:ident $at:ident) $commands:ident $command:ident [$item:ident] []) => {
        Vec::from_iter($before.$field.difference(&$after.$field).map(|gone| $commands::$command { $item: *gone, at: $at }))
    };
    (@towards change ($before:ident $after:ident $field:ident $at:ident) $commands:ident $command:ident [$item:ident] []) => {
        vec![$commands::$command { $item: $after.$field.clone(), at: $at }]
    };
    (@towards add $($rest:tt)*) => { vec![] };
    (@joins add ($before:ident $after:ident $field:ident $at:ident) $commands:ident $command:ident [$item:ident]) => {
        Vec::from_iter($after.$field.difference(&$before.$field).map(|new| $commands::$command { $item: *new, at: $at }))
    };
    (@joins $($rest:tt)*) => { vec![] };

    ($(#[$meta:meta])* $name:ident($word:literal) {
        category: $category:literal,
        events: $events:ident,
        commands: $commands:ident,
        rejections: $rejections:ident $rejection:tt,
        $(checked by: $check:ident,)?
    }
    $(#[$create_meta:meta])* $create:ident -> $created:ident = $created_wire:literal v $created_version:literal $([$($created_mark:ident),*])?,
    $(#[$edit_meta:meta])* $edit:ident -> $edited:ident = $edited_wire:literal v $edited_version:literal $([$($edited_mark:ident),*])?,
    $($fields:tt)*) => {
        $crate::kernel::record::record! { @fields
            { [$(#[$meta])*] $name $word $category $events $commands $rejections $rejection [$($check)?]
                [$(#[$create_meta])*] $create $created $created_wire $created_version [$($($created_mark),*)?]
                [$(#[$edit_meta])*] $edit $edited $edited_wire $edited_version [$($($edited_mark),*)?] }
            [] [] [] [] [] [] $($fields)* }
    };
}
pub(crate) use record;
