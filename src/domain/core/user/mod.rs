//! A person who logs in, and the groups that say what they see.

mod decide;
mod event;

pub use decide::{User, UserCommand, UserRejection};
pub use event::*;
