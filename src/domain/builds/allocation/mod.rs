//! Answers to "how much does this build need?", and the models that give them.

mod decide;
mod event;
mod registry;

pub use decide::{Answers, AnswersCommand, AnswersRejection};
pub use event::*;
pub use registry::{Models, ModelsCommand, ModelsRejection};
