//! What a run printed. A run has one log, so the log's stream is named after the run.

mod decide;
mod event;

pub use decide::{RunLog, RunLogCommand, RunLogRejection};
pub use event::*;
