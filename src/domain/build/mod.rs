//! A build: one job of a continuous integration system, from its first report to what it used.

mod event;
mod key;

pub use event::*;
pub use key::{BuildKey, KeyError};
