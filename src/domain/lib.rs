//! What may happen on a build farm, and what may not.
//!
//! Events, commands and deciders, all pure: the same arguments give the same answer, for ever.
//! There is no clock, no randomness and no I/O here, and `clippy.toml` keeps it so; time and ids
//! arrive inside the commands. That is the whole reason why a replay proves anything.
//!
//! Start reading at [`Event`] (everything that can be in a log), then [`Aggregate`] (how one thing
//! decides), then [`builds::build`], the largest aggregate.
//!
//! Each context has a folder: [`core`], [`builds`] and [`jobs`]. A context may use `core`, and no
//! other.
//!
//! What each aggregate decides is in a table there. Some are records ([`Record`]): one declaration
//! makes their events, commands and decider, and the tests of what holds for all of them. Each of
//! the others has a folder: `event.rs` has its events, `decide.rs` its rules. `tests/archive` has
//! every shape of an event that was ever released; all of them can be read.

pub mod builds;
mod contexts;
pub mod core;
pub mod jobs;
mod kernel;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use kernel::aggregate::{Aggregate, History};
pub use kernel::blob_ref::BlobRef;
pub use kernel::compact_time;
pub use kernel::event::*;
pub use kernel::long_text::LongText;
pub use kernel::metadata::{Actor, ActorKind, Metadata};
pub use kernel::record::Record;
pub use kernel::sealed::{BareSecret, PasswordHash, Sealed};
pub use kernel::verbatim::Verbatim;
