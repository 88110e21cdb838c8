//! Answers questions from the log alone.
//!
//! Every file of this folder is one question, and its first line asks it. The folds are pure: no clock, no
//! randomness and no I/O, so that two folds of one log give the same bytes. What keeps them at the log's
//! head, writes their rows down and makes them anew lies in [`projector`]. This crate refuses to know
//! commands and HTTP.
//!
//! Start reading at [`Views`], then [`builds`], the view that most of the app is about.

pub mod accuracy;
pub mod allocation;
pub mod audit;
pub mod builds;
pub mod collections;
pub mod conformance;
pub mod history;
pub mod nodes;
pub mod packages;
pub mod projector;
pub mod pulse;
pub mod roster;
pub mod runs;
pub mod tokens;
pub mod usage;

mod listing;
mod taking_up;
#[cfg(test)]
mod testing;
mod views;

pub use listing::{Cursor, EXAMINED_MAX, Listing, PAGE_BYTES_MAX, PageBytes};
pub use projector::{
    Answer, ProjectionState, ProjectionStatus, ProjectorConfig, RebuildError, RebuildHandle,
    RebuildProgress, RowAsOf, StartError, ViewReader, ViewSet, drop_tables_ahead,
    furthest_checkpoint, table_digest,
};
pub use tables::TableError;
pub use views::{Behind, Views};

pub use accuracy::Accuracy;
pub use allocation::Allocation;
pub use audit::Audits;
pub use builds::Builds;
pub use collections::Collections;
pub use nodes::Nodes;
pub use packages::Packages;
pub use pulse::Pulse;
pub use roster::RosterView;
pub use runs::{KillRequestView, Runs};
pub use tokens::Tokens;
pub use usage::Usages;
