//! A group: it says whose projects its members see and change.

mod decide;
mod event;

pub use decide::{Group, GroupCommand, GroupRejection};
pub use event::*;
