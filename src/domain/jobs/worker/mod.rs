//! A worker: a daemon on a machine that executes runs.
//!
//! It says how it is every few minutes, for ever. That goes to a stream beside the worker's ([`Reports`]),
//! so that nobody has to read a year of it to change a title.

mod decide;
mod event;
mod reports;

pub use decide::{Worker, WorkerCommand, WorkerRejection};
pub use event::*;
pub use reports::{ReportCommand, ReportRejection, Reports};
