//! The models that are held in memory: one of each strategy as it is configured, and those that were trained and
//! promoted.

use std::collections::BTreeMap;

use ::allocation::{Model, ModelProgress, SnapshotError, Training, UsageSample};
use domain::builds::allocation::{AllocationEvent, ModelEvaluation, ModelTrained};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::settings::{AllocationSettings, StrategyName};
use crate::engine::stored::time;

/// How many models are kept at hand that might be promoted soon.
const SHELF_MAX: usize = 2;

/// A model that was trained, by its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRow {
    pub id: String,
    pub strategy: String,
    /// Its strategy's settings and what it learns from, as JSON.
    pub parameters: String,
    /// The log was read up to here.
    pub position: Position,
    /// How many builds it had learnt from then.
    pub learnt: u64,
    /// How many it had passed over because no build can have used that.
    pub flawed: u64,
    /// One number for everything it had learnt.
    pub digest: String,
    /// How good its answers would have been.
    pub evaluation: ModelEvaluation,
    /// How good those of the model that answered then would have been.
    pub incumbent: ModelEvaluation,
    #[serde(with = "time")]
    pub at: Timestamp,
    #[serde(with = "time::option")]
    pub promoted_at: Option<Timestamp>,
}

impl ModelRow {
    fn of(told: &ModelTrained) -> Self {
        Self {
            id: told.model.clone(),
            strategy: told.strategy.clone(),
            parameters: told.parameters.as_str().to_owned(),
            position: Position(told.position),
            learnt: told.learnt,
            flawed: told.flawed,
            digest: told.digest.clone(),
            evaluation: told.evaluation,
            incumbent: told.incumbent,
            at: told.at,
            promoted_at: None,
        }
    }

    /// What it is trained on; none when this program has no such strategy or setting.
    #[must_use]
    pub fn training(&self) -> Option<Training> {
        serde_json::from_str(&self.parameters).ok()
    }
}

/// The registered models: a pure function of the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Registry {
    /// The models that were trained, in the order of the log.
    pub(super) trained: Vec<ModelRow>,
    /// Those that were promoted and not rolled back, the one that answers last.
    pub(super) promoted: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    Nothing,
    /// Which models there are.
    List,
    /// Who answers.
    Answerer,
}

impl Registry {
    /// Applies an event, and returns what that changed.
    pub(super) fn take(&mut self, event: &AllocationEvent) -> Changed {
        match event {
            AllocationEvent::Answered(_) => Changed::Nothing,
            AllocationEvent::ModelTrained(told) => {
                if self.get(&told.model).is_some() {
                    return Changed::Nothing;
                }
                self.trained.push(ModelRow::of(told));
                Changed::List
            }
            AllocationEvent::ModelPromoted(told) => {
                let mut rows = self.trained.iter_mut();
                // Who was never trained cannot answer.
                let Some(row) = rows.find(|row| row.id == told.model) else {
                    return Changed::Nothing;
                };
                row.promoted_at = Some(told.at);
                self.promoted.push(told.model.clone());
                Changed::Answerer
            }
            AllocationEvent::ModelRolledBack(_) => match self.promoted.pop() {
                Some(_) => Changed::Answerer,
                None => Changed::Nothing,
            },
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&ModelRow> {
        self.trained.iter().find(|row| row.id == id)
    }

    /// The model that answers, and the one that a rollback goes back to.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &String> {
        self.promoted.iter().rev().take(2)
    }
}

pub(super) struct Models {
    pub(super) settings: AllocationSettings,
    pub(super) configured: BTreeMap<StrategyName, Model>,
    pub(super) kept: BTreeMap<String, Model>,
    pub(super) registry: Registry,
}

impl Models {
    /// Models that have learnt nothing.
    pub(super) fn new(settings: &AllocationSettings) -> Self {
        let configured = StrategyName::ALL
            .into_iter()
            .map(|name| (name, Model::new(settings.training(name))));
        Self {
            settings: settings.clone(),
            configured: configured.collect(),
            kept: BTreeMap::new(),
            registry: Registry::default(),
        }
    }

    pub(super) fn learn(&mut self, sample: &UsageSample) {
        let models = self.configured.values_mut().chain(self.kept.values_mut());
        for model in models {
            model.learn(sample);
        }
    }

    /// The promoted model that answers, with its id. None when none was promoted, or this program cannot make it.
    pub(super) fn live(&self) -> Option<(&String, &Model)> {
        let id = self.registry.promoted.last()?;
        Some((id, self.kept.get(id)?))
    }

    pub(super) fn configured(&self, strategy: StrategyName) -> &Model {
        self.configured
            .get(&strategy)
            .expect("there is a model of every strategy")
    }

    /// A model here that is trained on the same, and so is the same.
    pub(super) fn same(&self, training: &Training) -> Option<&Model> {
        let mut models = self.configured.values().chain(self.kept.values());
        models.find(|model| model.training() == training)
    }
}

/// A model as it is written down, its state apart.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedModel {
    /// None for those that are configured.
    pub(super) id: Option<String>,
    /// JSON, because a table's own format cannot distinguish strategies.
    parameters: String,
    progress: (u64, u64, u64),
    /// How many pieces its state has.
    pub(super) pieces: u64,
}

impl SavedModel {
    pub(super) fn of(id: Option<&String>, model: &Model, pieces: u64) -> Self {
        let ModelProgress {
            learnt_to,
            shown_to,
            flawed,
        } = model.progress();
        Self {
            id: id.cloned(),
            parameters: serde_json::to_string(model.training()).expect("settings are plain data"),
            progress: (learnt_to, shown_to, flawed),
            pieces,
        }
    }

    pub(super) fn restore(&self, bytes: &[u8]) -> Result<Model, SnapshotError> {
        let training: Training =
            serde_json::from_str(&self.parameters).map_err(|_| SnapshotError::Damaged)?;
        let (learnt_to, shown_to, flawed) = self.progress;
        let progress = ModelProgress {
            learnt_to,
            shown_to,
            flawed,
        };
        Model::restore(training, progress, bytes)
    }
}

/// Models that were trained in the background and may be promoted soon. Only a cache: a missing one
/// is trained from the log.
#[derive(Default)]
pub(super) struct Shelf(Vec<(String, Model)>);

impl Shelf {
    pub(super) fn put(&mut self, id: &str, model: Model) {
        self.0.retain(|(known, _)| known != id);
        if self.0.len() >= SHELF_MAX {
            self.0.remove(0);
        }
        self.0.push((id.to_owned(), model));
    }

    pub(super) fn take(&mut self, id: &str) -> Option<Model> {
        let at = self.0.iter().position(|(known, _)| known == id)?;
        Some(self.0.remove(at).1)
    }
}
