//! Answers questions from the log alone.
//!
//! A folder per context of the domain ([`core`], [`builds`], [`jobs`]), one file per question, and its first
//! line asks it; [`allocation`] and [`pulse`] read several contexts on purpose. The folds are pure: no clock,
//! no randomness and no I/O, so that two folds of one log give the same bytes. [`engine`] keeps them at the
//! head of the log, writes and rebuilds their rows. This crate refuses to know commands and HTTP.
//!
//! Start reading at [`Views`], then [`builds::build`], a typical list view.

#![expect(
    clippy::missing_errors_doc,
    reason = "an `Answer` fails when its table cannot be read, and the error says why"
)]

pub mod allocation;
pub mod builds;
pub mod conformance;
pub mod core;
pub mod engine;
pub mod jobs;
pub mod pulse;

#[cfg(test)]
mod testing;
mod views;

pub use engine::history;
pub use engine::listing::{Cursor, EXAMINED_MAX, Listing, PAGE_BYTES_MAX, PageBytes};
pub use engine::{
    Answer, EngineConfig, ProjectionState, ProjectionStatus, RebuildError, RebuildHandle,
    RebuildProgress, RowAsOf, StartError, ViewReader, ViewSet, drop_tables_ahead,
    furthest_checkpoint, table_digest,
};
pub use tables::TableError;
pub use views::{Behind, Views, ViewsConfig};

pub use self::core::audit::Audits;
pub use self::core::refused_bodies::RefusedBodies;
pub use self::core::tokens::Tokens;
pub use allocation::Allocation;
pub use allocation::accuracy::Accuracy;
pub use builds::build::Builds;
pub use builds::collections::Collections;
pub use builds::nodes::Nodes;
pub use builds::packages::Packages;
pub use builds::usage::Usages;
pub use jobs::roster::RosterView;
pub use jobs::runs::{KillRequestView, Runs};
pub use pulse::Pulse;
