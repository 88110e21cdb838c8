//! Which trained models there are, and which of them answers: all in one stream, so that there is
//! one order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use super::{AllocationEvent, ModelPromoted, ModelRolledBack, ModelTrained};
use crate::Aggregate;

/// What decisions about trained models rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models {
    trained: BTreeSet<String>,
    /// The models that were promoted and not rolled back, the one that answers last.
    promoted: Vec<String>,
}

impl Models {
    /// The key of their stream. No package is called so: `:` is not written into the keys of
    /// packages.
    pub const KEY: &'static str = "model:registry";

    /// The trained model that answers, if one does.
    #[must_use]
    pub fn live(&self) -> Option<&str> {
        self.promoted.last().map(String::as_str)
    }

    /// What a rollback would go back to: a model, or the configured strategy (`None`).
    #[must_use]
    pub fn previous(&self) -> Option<&str> {
        let before = self.promoted.len().checked_sub(2)?;
        self.promoted.get(before).map(String::as_str)
    }

    /// Whether a model was trained.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.trained.contains(model)
    }
}

/// Commands to trained models.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelsCommand {
    /// Take note of one that was trained.
    Register(Box<ModelTrained>),
    /// Let it answer.
    Promote { model: String, at: Timestamp },
    /// Let what answered before the last promotion answer again.
    RollBack { at: Timestamp },
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelsRejection {
    /// It was never trained.
    #[error("model {0} not found")]
    Unknown(String),
    /// The configured strategy answers.
    #[error("no promoted model to roll back")]
    NothingPromoted,
    /// JSON has no such number, so it could be written and never read again.
    #[error("{field} is not a finite number")]
    NotFinite { field: &'static str },
}

impl Aggregate for Models {
    const CATEGORY: &'static str = "allocation";
    type Command = ModelsCommand;
    type Event = AllocationEvent;
    type Rejection = ModelsRejection;

    fn decide(&self, command: ModelsCommand) -> Result<Vec<AllocationEvent>, ModelsRejection> {
        use ModelsCommand as C;
        use ModelsRejection as R;

        Ok(match (self.live(), command) {
            // Impossible.
            (_, C::Register(data)) if not_finite(&data).is_some() => {
                let field = not_finite(&data).unwrap_or_default();
                return Err(R::NotFinite { field });
            }
            (_, C::Promote { model, .. }) if !self.knows(&model) => return Err(R::Unknown(model)),
            (None, C::RollBack { .. }) => return Err(R::NothingPromoted),

            // Repeated.
            (_, C::Register(data)) if self.knows(&data.model) => vec![],
            (Some(live), C::Promote { model, .. }) if live == model => vec![],

            // Allowed.
            (_, C::Register(data)) => vec![AllocationEvent::ModelTrained(*data)],
            (live, C::Promote { model, at }) => {
                let instead_of = live.map(str::to_owned);
                vec![AllocationEvent::ModelPromoted(ModelPromoted {
                    model,
                    instead_of,
                    at,
                })]
            }
            (Some(live), C::RollBack { at }) => {
                vec![AllocationEvent::ModelRolledBack(ModelRolledBack {
                    model: live.to_owned(),
                    back_to: self.previous().map(str::to_owned),
                    at,
                })]
            }
        })
    }

    fn evolve(&mut self, event: &AllocationEvent) {
        match event {
            AllocationEvent::Answered(_) => {}
            AllocationEvent::ModelTrained(data) => {
                self.trained.insert(data.model.clone());
            }
            AllocationEvent::ModelPromoted(data) => self.promoted.push(data.model.clone()),
            AllocationEvent::ModelRolledBack(_) => {
                self.promoted.pop();
            }
        }
    }
}

/// The first number that is not finite.
fn not_finite(data: &ModelTrained) -> Option<&'static str> {
    let numbers = data.evaluation.numbers().into_iter();
    let mut numbers = numbers.chain(data.incumbent.numbers());
    numbers.find_map(|(field, value)| (!value.is_finite()).then_some(field))
}

#[cfg(test)]
mod tests;
