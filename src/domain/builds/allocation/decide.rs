//! What the answers about a package may do: be recorded.

use thiserror::Error;

use super::{AllocationEvent, Answered};
use crate::{Aggregate, History};

/// Recording an answer rests on nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers;

/// Commands to the answers about a package.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswersCommand {
    /// Take note of one.
    Record(Answered),
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnswersRejection {
    /// JSON has no such number, so it could be written and never read again.
    #[error("{field} is not a finite number")]
    NotFinite { field: &'static str },
}

impl Aggregate for Answers {
    const CATEGORY: &'static str = "allocation";
    const HISTORY: History = History::Nothing;
    type Command = AnswersCommand;
    type Event = AllocationEvent;
    type Rejection = AnswersRejection;

    fn decide(&self, command: AnswersCommand) -> Result<Vec<AllocationEvent>, AnswersRejection> {
        use AnswersCommand as C;
        use AnswersRejection as R;

        Ok(match command {
            // Impossible.
            C::Record(data) if !data.cpu_request.is_finite() => {
                let field = "cpu_request";
                return Err(R::NotFinite { field });
            }
            C::Record(data) if !data.memory_request.is_finite() => {
                let field = "memory_request";
                return Err(R::NotFinite { field });
            }
            C::Record(data) if data.memory_limit.is_some_and(|limit| !limit.is_finite()) => {
                let field = "memory_limit";
                return Err(R::NotFinite { field });
            }

            // Allowed.
            C::Record(data) => vec![AllocationEvent::Answered(data)],
        })
    }

    fn evolve(&mut self, event: &AllocationEvent) {
        match event {
            AllocationEvent::Answered(_)
            | AllocationEvent::ModelTrained(_)
            | AllocationEvent::ModelPromoted(_)
            | AllocationEvent::ModelRolledBack(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
