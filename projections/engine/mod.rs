//! Keeps the views at the head of the log: one thread reads and decodes each event once for all of them.
//!
//! [`Projection`] is what a view implements; [`Rows`] is what it writes into and [`Reader`] what its answers
//! read. [`Engine`] owns the views and turns pages of the log into rows, without a thread of its own, so that
//! a test can stop it between any two steps; `driver` gives it a thread, `rebuild` rebuilds a view next to the
//! one that answers, and [`history`] folds one row as of then. Of the domain this folder knows [`domain::Event`]
//! and what decodes it, and no view.
//!
//! Modules import each other by their paths, never through this file, and the arrows between them have no
//! circle; `tests/architecture` checks both.

pub mod history;

mod ahead;
mod checkpoint;
mod config;
mod digest;
mod driver;
mod envelope;
mod evidence;
mod fault;
mod fold;
mod folding;
mod heal;
mod kind;
pub mod list;
pub(crate) mod listing;
pub(crate) mod loading;
mod page;
mod progress;
mod projection;
mod reader;
mod rebuild;
mod rows;
mod serving;
mod slot;
mod startup;
mod status;
mod steps;
pub(crate) mod stored;
mod view_reader;

pub use config::{EngineConfig, StartError};
pub use digest::table_digest;
pub(crate) use driver::Driver;
pub use envelope::Envelope;
pub use evidence::{drop_tables_ahead, furthest_checkpoint};
pub use fault::FoldFault;
#[cfg(test)]
pub(crate) use fold::Fold;
pub use kind::Kind;
pub use progress::{RebuildError, RebuildHandle, RebuildProgress};
pub use projection::{Projection, SnapshotDue};
pub use reader::{Answer, Reader};
pub use rows::Rows;
pub use status::{ProjectionState, ProjectionStatus};
pub use steps::Engine;
pub use view_reader::{RowAsOf, ViewReader, ViewSet, stream};

#[cfg(test)]
mod tests;
