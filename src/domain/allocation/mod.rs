//! Answers to "how much does this build need?".

mod decide;
mod event;

pub use decide::{Answers, AnswersCommand, AnswersRejection};
pub use event::*;
