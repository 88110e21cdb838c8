//! Everything that can be in a log.

use thiserror::Error;

use crate::BlobRef;
use crate::kernel::upcast;

/// What is known of a type of events before one is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    pub name: &'static str,
    /// The version of its newest shape.
    pub version: u16,
    /// Whether the audit lists it.
    pub audit: Audit,
    /// Whether it may name bodies in the blob store.
    pub has_blobs: bool,
}

/// Whether the audit lists an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// It does not: it is the ordinary course of things.
    Never,
    /// It does when a person or a token caused it; workers and our own timers cause it as well.
    ByHand,
    /// It does, whatever caused it.
    Always,
}

/// A part of all events: those of one kind of thing, of one context, or all of them.
pub trait EventKind: Clone + Into<Event> + Send + Sync + 'static {
    /// The event as one of these, if it is one.
    fn of(event: Event) -> Option<Self>;

    /// The same without taking it.
    fn of_ref(event: &Event) -> Option<&Self>;

    fn types() -> impl Iterator<Item = &'static EventType>;
}

impl EventKind for Event {
    fn of(event: Event) -> Option<Self> {
        Some(event)
    }

    fn of_ref(event: &Event) -> Option<&Self> {
        Some(event)
    }

    fn types() -> impl Iterator<Item = &'static EventType> {
        Self::categories().flat_map(|(_, types)| types)
    }
}

/// An event as it goes into a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The name on the wire.
    pub event_type: &'static str,
    pub version: u16,
    /// JSON.
    pub data: Vec<u8>,
}

/// An event in the log that this program cannot read: the log or a program is broken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeFault {
    #[error("no event has the type {0}")]
    UnknownType(String),
    /// A newer program wrote it.
    #[error("{event_type} has version {version}, and this program reads up to {newest}")]
    Newer {
        event_type: String,
        version: u16,
        /// What we read.
        newest: u16,
    },
    /// It does not have the shape of its type and version.
    #[error("{event_type} v{version} cannot be read: {reason}")]
    Shape {
        event_type: String,
        version: u16,
        reason: String,
    },
}

impl Event {
    /// Reads an event of any version ever released.
    ///
    /// # Errors
    /// A [`DecodeFault`]: the log holds something that this program did not write.
    pub fn decode(event_type: &str, version: u16, data: &[u8]) -> Result<Self, DecodeFault> {
        let newest = Self::newest_version(event_type)
            .ok_or_else(|| DecodeFault::UnknownType(event_type.to_owned()))?;
        let fault = |reason: String| DecodeFault::Shape {
            event_type: event_type.to_owned(),
            version,
            reason,
        };
        if version > newest {
            let event_type = event_type.to_owned();
            return Err(DecodeFault::Newer {
                event_type,
                version,
                newest,
            });
        }
        if version == 0 {
            return Err(fault("versions begin at 1".to_owned()));
        }
        // Once for the whole text is cheaper than once for each of its strings.
        let text = str::from_utf8(data).map_err(|error| fault(error.to_string()))?;
        if version == newest || upcast::is_still_read(event_type, version) {
            // The usual case reads straight into the type: a detour costs several times as much.
            return Self::read(event_type, text).map_err(|error| fault(error.to_string()));
        }
        upcast::to_newest((event_type, version, newest), text, upcast::step)
            .and_then(|data| Self::read(event_type, &data))
            .map_err(|error| fault(error.to_string()))
    }

    /// The event's category, which is also that of its stream.
    #[must_use]
    pub fn category(&self) -> &'static str {
        self.event_type()
            .split_once('.')
            .map_or("", |(category, _)| category)
    }
}

/// Declares what may happen to one kind of thing: variants, wire names, versions and shapes, side
/// by side.
///
/// The wire name is written out, so that renaming a variant cannot change history. In brackets is
/// what else is known of the type: `audited` or `by_hand` ([`Audit`]), and `blobs` when the shape
/// has a method `blobs`.
macro_rules! events {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident($shape:ty) = $wire:literal v $version:literal $([$($mark:ident),*])?,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name { $($(#[$variant_meta])* $variant($shape),)+ }

        impl $name {
            /// Every type, with what is known of it.
            pub const TYPES: &'static [$crate::EventType] = &[$($crate::EventType {
                name: $wire,
                version: $version,
                audit: $crate::kernel::event::events!(@audit $($($mark)*)?),
                has_blobs: $crate::kernel::event::events!(@has_blobs $($($mark)*)?),
            },)+];

            /// The name on the wire.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => $wire,)+ }
            }

            /// The version of the shape.
            #[must_use]
            pub fn version(&self) -> u16 {
                match self { $(Self::$variant(_) => $version,)+ }
            }

            pub(crate) fn data(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$variant(shape) => serde_json::to_vec(shape),)+ }
            }

            pub(crate) fn blobs(&self) -> Vec<&$crate::BlobRef> {
                match self { $(Self::$variant(_shape) => $crate::kernel::event::events!(@blobs _shape $($($mark)*)?),)+ }
            }

            pub(crate) fn read(event_type: &str, data: &str) -> Option<Result<Self, serde_json::Error>> {
                match event_type {
                    $($wire => Some(serde_json::from_str(data).map(Self::$variant)),)+
                    _ => None,
                }
            }
        }
    };

    (@audit) => { $crate::Audit::Never };
    (@audit audited $($mark:ident)*) => { $crate::Audit::Always };
    (@audit by_hand $($mark:ident)*) => { $crate::Audit::ByHand };
    (@audit blobs $($mark:ident)*) => { $crate::kernel::event::events!(@audit $($mark)*) };

    (@has_blobs) => { false };
    (@has_blobs blobs $($mark:ident)*) => { true };
    (@has_blobs $other:ident $($mark:ident)*) => { $crate::kernel::event::events!(@has_blobs $($mark)*) };

    (@blobs $shape:ident) => { vec![] };
    (@blobs $shape:ident blobs $($mark:ident)*) => { $shape.blobs() };
    (@blobs $shape:ident $other:ident $($mark:ident)*) => { $crate::kernel::event::events!(@blobs $shape $($mark)*) };
}
pub(crate) use events;

/// Joins the kinds of things of one context.
macro_rules! context {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $kind:ident($($events:ident)::+) = $category:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name { $($(#[$variant_meta])* $kind($($events)::+),)+ }

        impl $name {
            /// The categories of its streams, with the types of each.
            pub const CATEGORIES: &'static [(&'static str, &'static [$crate::EventType])] =
                &[$(($category, $($events)::+::TYPES),)+];

            /// The name on the wire.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$kind(event) => event.event_type(),)+ }
            }

            pub(crate) fn version(&self) -> u16 {
                match self { $(Self::$kind(event) => event.version(),)+ }
            }

            pub(crate) fn data(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$kind(event) => event.data(),)+ }
            }

            pub(crate) fn blobs(&self) -> Vec<&$crate::BlobRef> {
                match self { $(Self::$kind(event) => event.blobs(),)+ }
            }

            pub(crate) fn read(event_type: &str, data: &str) -> Option<Result<Self, serde_json::Error>> {
                let (category, _) = event_type.split_once('.')?;
                match category {
                    $($category => <$($events)::+>::read(event_type, data).map(|read| read.map(Self::$kind)),)+
                    _ => None,
                }
            }
        }

        $(
            impl From<$($events)::+> for $name {
                fn from(event: $($events)::+) -> Self { Self::$kind(event) }
            }

            impl From<$($events)::+> for $crate::Event {
                fn from(event: $($events)::+) -> Self { $name::from(event).into() }
            }

            impl $crate::EventKind for $($events)::+ {
                fn of(event: $crate::Event) -> Option<Self> {
                    match $name::of(event) {
                        Some($name::$kind(event)) => Some(event),
                        _ => None,
                    }
                }

                fn of_ref(event: &$crate::Event) -> Option<&Self> {
                    match $name::of_ref(event) {
                        Some($name::$kind(event)) => Some(event),
                        _ => None,
                    }
                }

                fn types() -> impl Iterator<Item = &'static $crate::EventType> {
                    Self::TYPES.iter()
                }
            }
        )+
    };
}
pub(crate) use context;

/// Joins the contexts into [`Event`].
macro_rules! join {
    ($($folder:ident $context:ident $events:ident,)+) => {
        $(pub use crate::$folder::$events;)+

        /// Something that has happened, by context.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(
            clippy::large_enum_variant,
            reason = "events are decoded one at a time, and a box costs every replay"
        )]
        pub enum Event {
            $(#[doc = concat!("In the context `", stringify!($folder), "`.")] $context($events),)+
        }

        impl Event {
            /// Every category of streams, with the types of its events.
            pub fn categories() -> impl Iterator<Item = (&'static str, &'static [EventType])> {
                [$($events::CATEGORIES,)+].into_iter().flatten().copied()
            }

            /// The name on the wire.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$context(event) => event.event_type(),)+ }
            }

            /// The event as it goes into a log.
            #[must_use]
            pub fn encode(&self) -> Encoded {
                match self {
                    $(Self::$context(event) => Encoded {
                        event_type: event.event_type(),
                        version: event.version(),
                        data: event.data().expect("an event has string keys and finite numbers"),
                    },)+
                }
            }

            /// The bodies in the blob store that it names.
            #[must_use]
            pub fn blobs(&self) -> Vec<&BlobRef> {
                match self { $(Self::$context(event) => event.blobs(),)+ }
            }

            fn read(event_type: &str, data: &str) -> Result<Self, serde_json::Error> {
                $(if let Some(read) = $events::read(event_type, data) {
                    return read.map(Self::$context);
                })+
                unreachable!("the type was looked up before")
            }
        }

        $(
            impl From<$events> for Event {
                fn from(event: $events) -> Self { Self::$context(event) }
            }

            impl EventKind for $events {
                fn of(event: Event) -> Option<Self> {
                    match event {
                        Event::$context(event) => Some(event),
                        _ => None,
                    }
                }

                fn of_ref(event: &Event) -> Option<&Self> {
                    match event {
                        Event::$context(event) => Some(event),
                        _ => None,
                    }
                }

                fn types() -> impl Iterator<Item = &'static EventType> {
                    Self::CATEGORIES.iter().flat_map(|(_, types)| *types)
                }
            }
        )+
    };
}

crate::contexts!(join);

impl Event {
    /// What is known of a type, if it exists.
    #[must_use]
    pub fn type_of(event_type: &str) -> Option<&'static EventType> {
        let (wanted, _) = event_type.split_once('.')?;
        let (_, types) = Self::categories().find(|(category, _)| *category == wanted)?;
        types.iter().find(|known| known.name == event_type)
    }

    /// The newest version of a type's shape, if there is such a type.
    #[must_use]
    pub fn newest_version(event_type: &str) -> Option<u16> {
        Self::type_of(event_type).map(|known| known.version)
    }
}

#[cfg(test)]
mod tests;
