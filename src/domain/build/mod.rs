//! A build: one job of a continuous integration system, from its first report to what it used.

mod event;
mod key;
mod variants;

pub use event::*;
pub use key::{BuildKey, KeyError};
pub use variants::variants_to_json;
