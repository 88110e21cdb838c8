//! What may happen on a build farm, and what may not.
//!
//! Events, commands and deciders, all pure: the same arguments give the same answer, for ever. There is
//! no clock, no randomness and no I/O here, and `clippy.toml` keeps it so; time and ids arrive inside
//! the commands. That is the whole reason why a replay proves anything.
//!
//! Start reading at [`Event`] (everything that can be in a log), then [`Aggregate`] (how one thing decides),
//! then [`build`], the aggregate that most of the house is about.
//!
//! | aggregate | its streams | what it decides |
//! |---|---|---|
//! | [`build::Build`] | `build-<source>:<number>` | that each collection of a build's usage ends exactly once |
//! | [`node::Node`] | `node-<system uuid>` | whether a machine is still as it was |
//! | [`token::Token`] | `token-<id>` | that a token is issued once and revoked for good |
//! | [`audit::Audit`] | `audit-<date>`, `audit-body:<digest>` | that a refused body is noted once |
//! | [`allocation::Answers`] | `allocation-<package>` | nothing: an answer is a note |
//! | [`numbers::Numbers`] | `numbers-<kind>` | which integer comes next |
//!
//! Each has a folder: `event.rs` says what may have happened, `decide.rs` what may happen next. Shapes of
//! events that were ever released stand in `tests/archive` and read for ever.

pub mod allocation;
pub mod audit;
pub mod build;
pub mod node;
pub mod numbers;
pub mod schedule;
pub mod token;

mod aggregate;
mod blob_ref;
mod event;
mod metadata;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod upcast;
mod verbatim;

pub use aggregate::{Aggregate, History};
pub use blob_ref::BlobRef;
pub use event::{DecodeFault, Encoded, Event};
pub use metadata::{Actor, ActorKind, Metadata};
pub use verbatim::Verbatim;
