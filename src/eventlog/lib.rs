//! Remembers, in order, for ever.
//!
//! This crate is the vocabulary of a log: streams, revisions, positions and bytes. It knows nothing
//! of the domain, so that a backend can be tested once ([`conformance`]) and used for any event.
//!
//! Start reading at [`EventLog`], the one trait that every backend keeps. [`MemoryLog`] is the
//! smallest backend; `eventlog_file` is the one that survives a power cut.

pub mod append;
pub mod conformance;
mod describe;
mod error;
mod event_type;
pub mod faulty;
mod filter;
mod log;
mod memory;
mod position;
mod recorded;
mod stats;
mod stream_name;
mod subscription;

pub use append::{Append, Appended, Expected, NewEvent, Receipt};
pub use describe::{Description, LogLimits};
pub use error::{AppendError, NameError, ReadError};
pub use event_type::{EVENT_TYPE_BYTES_MAX, EventType};
pub use faulty::FaultyLog;
pub use filter::Filter;
pub use log::{EventLog, Page, PageLimit, subscribe};
pub use memory::MemoryLog;
pub use position::{Position, Revision};
pub use recorded::Recorded;
pub use stats::{BATCH_EVENTS_BUCKETS, LogStats, SYNC_MICROSECONDS_BUCKETS};
pub use stream_name::{STREAM_NAME_BYTES_MAX, StreamName};
pub use subscription::Subscription;

/// The largest number of events that one batch may carry.
pub const BATCH_EVENTS_MAX: usize = 4096;

/// The largest number of bytes (data and metadata together) that one event may carry: 1 MiB and
/// what a verbatim body of that size needs around it.
pub const EVENT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The largest number of bytes that one batch may carry.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
