//! What may happen on a build farm, and what may not.
//!
//! Events, commands and deciders, all pure: the same arguments give the same answer, for ever. There is
//! no clock, no randomness and no I/O here, and `clippy.toml` keeps it so; time and ids arrive inside
//! the commands. That is the whole reason why a replay proves anything.
//!
//! Start reading at [`Event`] (everything that can be in a log), then [`Aggregate`] (how one thing decides),
//! then [`build`], the aggregate that most of the house is about.

pub mod allocation;
pub mod audit;
pub mod build;
pub mod node;
pub mod numbers;
pub mod token;

mod aggregate;
mod blob_ref;
mod event;
mod metadata;
mod upcast;
mod verbatim;

pub use aggregate::{Aggregate, History};
pub use blob_ref::BlobRef;
pub use event::{DecodeFault, Encoded, Event};
pub use metadata::{Actor, ActorKind, Metadata};
pub use verbatim::Verbatim;
