//! An API token: who may do what. The token itself is never written down, only its hash.

mod decide;
mod event;

pub use decide::{Token, TokenCommand, TokenRejection};
pub use event::*;
