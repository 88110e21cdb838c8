//! A wish that a run be killed. The run itself ends by what its worker says, before or after.

mod decide;
mod event;

pub use decide::{KillRequest, KillRequestCommand, KillRequestFacts, KillRequestRejection};
pub use event::*;
