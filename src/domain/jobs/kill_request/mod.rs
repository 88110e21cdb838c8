//! A request to kill a run. The run itself ends by its worker's report, before or after.

mod decide;
mod event;

pub use decide::{KillRequest, KillRequestCommand, KillRequestFacts, KillRequestRejection};
pub use event::*;
