//! Integer ids. Old clients parse them, so they are facts.

mod decide;
mod event;

pub use decide::{Numbers, NumbersCommand, NumbersRejection};
pub use event::*;
