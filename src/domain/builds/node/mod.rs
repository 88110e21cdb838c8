//! A machine that builds run on.

mod decide;
mod event;

pub use decide::{Node, NodeCommand, NodeRejection};
pub use event::*;
