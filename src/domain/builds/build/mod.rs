//! A build: one job of a continuous integration system, from its first report to what it used.

mod decide;
mod event;
mod key;
mod status;
mod variants;

pub use decide::{Build, BuildCommand, BuildRejection};
pub use event::*;
pub use key::{BuildKey, KeyError};
pub use status::BuildStatus;
pub use variants::variants_to_json;
