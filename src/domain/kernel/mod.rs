//! What all contexts are made with: aggregates, events, metadata, and values that occur in events.

pub(crate) mod aggregate;
pub(crate) mod blob_ref;
pub(crate) mod change;
pub mod compact_time;
pub(crate) mod event;
pub(crate) mod long_text;
pub(crate) mod metadata;
pub(crate) mod record;
pub(crate) mod sealed;
pub(crate) mod upcast;
pub(crate) mod verbatim;
