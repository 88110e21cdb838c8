//! Answers from the models, and reports the state of each.

use std::sync::Arc;

use ::allocation::{Answer, Model, Spec, Training};
use eventlog::{EventLog, Position};
use serde::Serialize;

use super::models::ModelRow;
use super::{AllocationFold, AllocationSettings, Memory, StrategyName, catch_up};
use crate::engine::{Reader, ViewReader};

/// How much a build needs, from memory: no answer waits for the disk.
#[derive(Clone)]
pub struct Allocation {
    memory: Arc<Memory>,
}

/// An answer and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    /// Who answered.
    pub strategy: StrategyName,
    /// The trained model that answered; none when it was the strategy as it is configured.
    pub model: Option<String>,
    pub answer: Answer,
    /// The last event that the model had learnt from.
    pub learnt_to: Position,
    /// How many builds it had learnt from.
    pub learnt: u64,
}

/// A model that may answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelStatus {
    /// The id of a trained model; none for a strategy as it is configured.
    pub id: Option<String>,
    pub strategy: String,
    /// Whether it answers requests that name no strategy.
    pub live: bool,
    /// Whether a rollback would let it answer.
    pub previous: bool,
    /// How many builds it has learnt from; for one that is not at hand, when it was trained.
    pub learnt: u64,
    /// How many it has not learnt from, because no build can have used that.
    pub flawed: u64,
    /// The last event that it has learnt from.
    pub learnt_to: Position,
    pub trained: Option<ModelRow>,
}

impl ViewReader for Allocation {
    type Fold = AllocationFold;

    fn over(reader: Reader) -> Self {
        let memory = reader.memory();
        Self {
            memory: memory.expect("the allocation view holds its models in memory"),
        }
    }
}

impl Allocation {
    /// Answers, with the name of the answerer. `strategy` selects it: the promoted model if it is
    /// of that strategy, else the strategy as it is configured. `build_jobs` is the number of jobs
    /// of the build, where that is known.
    #[must_use]
    pub fn answer(
        &self,
        spec: &Spec,
        strategy: Option<StrategyName>,
        build_jobs: Option<u32>,
    ) -> Answered {
        let models = self.memory.models.read();
        let of = |model: &Model| StrategyName::of(&model.training().settings);
        let live = models.live();
        let live = live.filter(|(_, model)| strategy.is_none_or(|wanted| wanted == of(model)));
        let (id, model) = match live {
            Some((id, model)) => (Some(id.clone()), model),
            None => (
                None,
                models.configured(strategy.unwrap_or(models.settings.strategy)),
            ),
        };
        Answered {
            strategy: of(model),
            model: id,
            answer: model.answer(spec, build_jobs),
            learnt_to: Position(model.progress().learnt_to),
            learnt: model.learnt(),
        }
    }

    /// The answer of the shadow strategy, when there is one.
    #[must_use]
    pub fn shadow(&self, spec: &Spec, build_jobs: Option<u32>) -> Option<Answered> {
        let models = self.memory.models.read();
        let strategy = models.settings.shadow?;
        let model = models.configured(strategy);
        Some(Answered {
            strategy,
            model: None,
            answer: model.answer(spec, build_jobs),
            learnt_to: Position(model.progress().learnt_to),
            learnt: model.learnt(),
        })
    }

    /// The last event that the model which answers has learnt from.
    #[must_use]
    pub fn learnt_to(&self) -> Position {
        self.of_live(|model| Position(model.progress().learnt_to))
    }

    /// How many builds it has learnt from.
    #[must_use]
    pub fn learnt(&self) -> u64 {
        self.of_live(Model::learnt)
    }

    fn of_live<T>(&self, ask: impl Fn(&Model) -> T) -> T {
        let models = self.memory.models.read();
        match models.live() {
            Some((_, model)) => ask(model),
            None => ask(models.configured(models.settings.strategy)),
        }
    }

    /// Which refs are learnt from, and which strategy answers by default.
    #[must_use]
    pub fn settings(&self) -> AllocationSettings {
        self.memory.models.read().settings.clone()
    }

    /// Every model that may answer: the configured ones, then those that were trained, the newest first.
    #[must_use]
    pub fn models(&self) -> Vec<ModelStatus> {
        let models = self.memory.models.read();
        let live = models.registry.promoted.last();
        let previous = models.registry.promoted.iter().rev().nth(1);
        let configured = models.configured.iter().map(|(name, model)| {
            let is_chosen = *name == models.settings.strategy;
            ModelStatus {
                id: None,
                strategy: name.as_str().to_owned(),
                live: live.is_none() && is_chosen,
                previous: models.registry.promoted.len() == 1 && is_chosen,
                learnt: model.learnt(),
                flawed: model.progress().flawed,
                learnt_to: Position(model.progress().learnt_to),
                trained: None,
            }
        });
        let trained = models.registry.trained.iter().rev().map(|row| {
            let kept = models.kept.get(&row.id);
            ModelStatus {
                id: Some(row.id.clone()),
                strategy: row.strategy.clone(),
                live: live == Some(&row.id),
                previous: previous == Some(&row.id),
                learnt: kept.map_or(row.learnt, Model::learnt),
                flawed: kept.map_or(row.flawed, |model| model.progress().flawed),
                learnt_to: kept.map_or(row.position, |it| Position(it.progress().learnt_to)),
                trained: Some(row.clone()),
            }
        });
        configured.chain(trained).collect()
    }

    /// One trained model.
    #[must_use]
    pub fn model(&self, id: &str) -> Option<ModelStatus> {
        let mut models = self.models().into_iter();
        models.find(|model| model.id.as_deref() == Some(id))
    }

    /// The id of the model that a rollback goes back to, when it is a trained one.
    #[must_use]
    pub fn previous(&self) -> Option<String> {
        let models = self.memory.models.read();
        models.registry.promoted.iter().rev().nth(1).cloned()
    }

    /// What the model that answers is trained on.
    #[must_use]
    pub fn incumbent(&self) -> Training {
        self.of_live(|model| model.training().clone())
    }

    /// The log that models are trained on.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.memory.log
    }

    /// Keeps a model at hand that may be promoted soon. What it is called has to be its own.
    pub fn shelve(&self, id: &str, model: Model) {
        self.memory.shelf.lock().put(id, model);
    }

    /// Prepares a trained model for its promotion, so that the promotion does not wait. May take as
    /// long as reading the log does. Answers false when there is no such model, or this program
    /// cannot make it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn prepare(&self, id: &str) -> Result<bool, eventlog::ReadError> {
        let made = {
            let models = self.memory.models.read();
            let Some(training) = models.registry.get(id).and_then(ModelRow::training) else {
                return Ok(false);
            };
            if models.kept.contains_key(id) {
                return Ok(true);
            }
            let at_hand = self.memory.shelf.lock().take(id);
            let same = || models.same(&training).cloned();
            at_hand
                .or_else(same)
                .unwrap_or_else(|| Model::new(training.clone()))
        };
        let mut model = made;
        catch_up(&*self.memory.log, &mut model, self.memory.log.head()).await?;
        self.shelve(id, model);
        Ok(true)
    }
}
