//! What keeps the views at the head of the log: one thread that reads, decodes once and folds into all.
//!
//! [`Projection`] is what a view writes; [`Rows`] is what it writes into. [`Engine`] owns the views and
//! turns pages of the log into rows, without a thread of its own, so that a test can stop it between any
//! two steps; `driver` gives it a thread, and `rebuild` makes a view anew beside the one that answers.

mod ahead;
mod checkpoint;
mod config;
mod digest;
mod driver;
mod engine;
mod envelope;
mod evidence;
mod fold;
mod folding;
mod heal;
mod kind;
mod page;
mod projection;
mod reader;
mod rebuild;
mod rows;
mod serving;
mod slot;
mod startup;
mod status;
pub(crate) mod stored;
mod view_reader;

pub use config::{ProjectorConfig, StartError};
pub use digest::table_digest;
pub(crate) use driver::Driver;
pub use engine::Engine;
pub use envelope::Envelope;
pub use evidence::{drop_tables_ahead, furthest_checkpoint};
pub(crate) use fold::Fold;
pub use kind::Kind;
pub use projection::{Projection, SnapshotDue};
pub use reader::{Answer, Reader};
pub use rebuild::{RebuildError, RebuildHandle, RebuildProgress};
pub use rows::Rows;
pub use status::{FoldFault, ProjectionState, ProjectionStatus};
pub(crate) use view_reader::Alone;
pub use view_reader::{RowAsOf, ViewReader, ViewSet, stream};

#[cfg(test)]
mod tests;
