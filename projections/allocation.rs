//! How much CPU and memory does a build need?
//!
//! One model of each strategy learns from the builds of the log as it is configured; models that were trained
//! beside and promoted learn as well, and answer instead. Which models there are and who answers is told by the
//! log, and a model is a pure function of its training and of the log: where one is promoted that is not at hand,
//! the fold reads the log once more, up to the event that it is at.

mod builds;
mod models;
mod settings;
#[cfg(test)]
mod tests;
mod train;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use ::allocation::{Answer, Model, Spec, UsageSample};
use domain::Event;
use eventlog::{EventLog, Position};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use tables::{KeyBuilder, Range, TableError};

use crate::projector::{Projection, Reader, Rows, Seen, SnapshotDue, stored};
use models::{Changed, Models, Registry, SavedModel, Shelf};

pub use ::allocation::evaluation::Score;
pub use ::allocation::{Training, TrainingError};
pub use builds::{BUILD_TYPES, read_builds, sample_of};
pub use models::ModelRow;
pub use settings::{AllocationSettings, StrategyName};
pub use train::{Trained, catch_up, train};

pub(crate) const NAME: &str = AllocationFold::NAME;

/// What the models had learnt at the checkpoint, cut into pieces that a table likes.
const SNAPSHOT: u8 = b's';
const STATE: &[u8] = b"m";
const PIECE_BYTES: usize = 32 * 1024;

/// After how many builds the models are written down; a crash costs learning these again.
const SNAPSHOT_SAMPLES: u64 = 20_000;
/// After how many events they are written down at the latest, when they have learnt anything.
const SNAPSHOT_EVENTS: u64 = 200_000;

/// An answer and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    /// Who answered.
    pub strategy: StrategyName,
    /// The trained model that answered; none when it was the strategy as it is configured.
    pub model: Option<String>,
    /// The answer, with its reason.
    pub answer: Answer,
    /// The last event that the model had learnt from.
    pub learnt_to: Position,
    /// How many builds it had learnt from.
    pub learnt: u64,
}

/// What is held in memory.
struct Memory {
    models: RwLock<Models>,
    shelf: Mutex<Shelf>,
}

/// Everything beside the states of the models, as it is written down.
#[derive(Serialize, Deserialize)]
struct Saved {
    registry: Registry,
    models: Vec<SavedModel>,
}

/// The fold.
pub struct AllocationFold {
    memory: Arc<Memory>,
    log: Arc<dyn EventLog>,
    samples: Vec<UsageSample>,
    unsaved: u64,
    /// Where the first of what is not written down stands.
    unsaved_from: Position,
    /// Who answers has changed: it is written down at once, for a model costs more to make than a build to learn.
    is_urgent: bool,
}

impl AllocationFold {
    /// Models that have learnt nothing. The log is read again where a promoted model is not at hand.
    #[must_use]
    pub fn new(settings: &AllocationSettings, log: Arc<dyn EventLog>) -> Self {
        let memory = Memory {
            models: RwLock::new(Models::new(settings)),
            shelf: Mutex::default(),
        };
        Self {
            memory: Arc::new(memory),
            log,
            samples: Vec::new(),
            unsaved: 0,
            unsaved_from: Position::START,
            is_urgent: false,
        }
    }

    fn learn(&mut self) {
        if self.samples.is_empty() {
            return;
        }
        let mut models = self.memory.models.write();
        for sample in self.samples.drain(..) {
            models.learn(&sample);
        }
    }

    fn note_unsaved(&mut self, position: Position) {
        if self.unsaved == 0 {
            self.unsaved_from = position;
        }
        self.unsaved += 1;
    }

    /// Keeps the models that answer or may soon, and those alone, as they are at `position`.
    fn keep_wanted(&mut self, position: Position) -> Result<(), TableError> {
        let missing: Vec<(String, Option<Training>)> = {
            let models = self.memory.models.read();
            let wanted = models.registry.wanted().take(1);
            let missing = wanted.filter(|id| !models.kept.contains_key(*id));
            missing
                .map(|id| {
                    let row = models.registry.get(id);
                    (id.clone(), row.and_then(ModelRow::training))
                })
                .collect()
        };
        let mut made = Vec::new();
        for (id, training) in missing {
            match training {
                Some(training) => made.push((id.clone(), self.make(&id, &training, position)?)),
                None => tracing::error!(
                    model = id,
                    "the model {id} was promoted and this program cannot make it: the configured strategy answers"
                ),
            }
        }
        let mut models = self.memory.models.write();
        models.kept.extend(made);
        let wanted: Vec<String> = models.registry.wanted().cloned().collect();
        let kept = std::mem::take(&mut models.kept);
        let (kept, spare): (BTreeMap<_, _>, BTreeMap<_, _>) =
            kept.into_iter().partition(|(id, _)| wanted.contains(id));
        models.kept = kept;
        drop(models);
        let mut shelf = self.memory.shelf.lock();
        for (id, model) in spare {
            shelf.put(&id, model);
        }
        Ok(())
    }

    fn make(&self, id: &str, training: &Training, position: Position) -> Result<Model, TableError> {
        let at_hand = self.memory.shelf.lock().take(id);
        // A shelf that was filled ahead of the fold would bring along what has not happened yet.
        let at_hand = at_hand.filter(|model| model.progress().shown_to <= position.0);
        let same = || self.memory.models.read().same(training).cloned();
        let mut model = at_hand
            .or_else(same)
            .unwrap_or_else(|| Model::new(training.clone()));
        train::catch_up_now(&self.log, &mut model, position)
            .map_err(|reason| TableError::Unavailable { reason })?;
        Ok(model)
    }
}

impl Projection for AllocationFold {
    const NAME: &'static str = "allocation";
    const VERSION: u32 = 2;
    const SHAPE: u32 = 2;

    fn wants(event_type: &str) -> bool {
        BUILD_TYPES.contains(&event_type) || event_type.starts_with("allocation.model_")
    }

    fn apply(&mut self, seen: &Seen<'_>, rows: &mut Rows<'_>) {
        let event = match seen.event {
            Event::Build(_) => {
                if let Some(sample) = sample_of(seen.position, seen.event) {
                    self.note_unsaved(seen.position);
                    self.samples.push(sample);
                }
                return;
            }
            Event::Allocation(event) => event,
            Event::Node(_)
            | Event::Token(_)
            | Event::Audit(_)
            | Event::Numbers(_)
            | Event::Group(_)
            | Event::Job(_)
            | Event::JobTemplate(_)
            | Event::KillRequest(_)
            | Event::Mail(_)
            | Event::Name(_)
            | Event::Project(_)
            | Event::Run(_)
            | Event::RunLog(_)
            | Event::User(_)
            | Event::Worker(_)
            | Event::WorkerPool(_) => return,
        };
        let changed = self.memory.models.write().registry.take(event);
        if changed != Changed::Nothing {
            self.note_unsaved(seen.position);
        }
        if changed == Changed::Answerer {
            self.is_urgent = true;
            if let Err(error) = self.keep_wanted(seen.position) {
                rows.fail::<()>(error);
            }
        }
    }

    fn flush(&mut self, _: &mut Rows<'_>) {
        self.learn();
    }

    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.memory) as Arc<dyn Any + Send + Sync>)
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        let Some(saved) = rows.get::<Saved>(STATE) else {
            return;
        };
        let pieces = rows.scan(Range::prefix(&[SNAPSHOT]));
        let mut pieces = pieces.into_iter().map(|(_, piece)| piece);
        let mut models = self.memory.models.write();
        for model in &saved.models {
            let pieces = pieces.by_ref().take(model.pieces as usize);
            let bytes: Vec<u8> = pieces.flat_map(|piece| piece.to_vec()).collect();
            let restored = model.restore(&bytes).map_err(|error| error.to_string());
            let placed = restored.and_then(|restored| place(&mut models, model, restored));
            // Other settings make another model, from the first event on: the table is of no use.
            if let Err(reason) = placed {
                rows.fail::<()>(stored::damaged(&reason));
                return;
            }
        }
        models.registry = saved.registry;
    }

    fn snapshot_due(&self, position: Position) -> SnapshotDue {
        match self.unsaved {
            0 => SnapshotDue::Always,
            _ if self.is_urgent => SnapshotDue::Now,
            SNAPSHOT_SAMPLES.. => SnapshotDue::Now,
            _ if position.0 - self.unsaved_from.0 >= SNAPSHOT_EVENTS => SnapshotDue::Now,
            _ => SnapshotDue::Later,
        }
    }

    fn snapshot(&mut self, rows: &mut Rows<'_>) {
        let models = self.memory.models.read();
        let before = rows.scan(Range::prefix(&[SNAPSHOT])).len();
        let mut saved = Vec::new();
        let mut after = 0;
        let configured = models.configured.values().map(|model| (None, model));
        let kept = models.kept.iter().map(|(id, model)| (Some(id), model));
        for (id, model) in configured.chain(kept) {
            let bytes = model.snapshot();
            let pieces = bytes.chunks(PIECE_BYTES);
            saved.push(SavedModel::of(id, model, pieces.len() as u64));
            for piece in pieces {
                rows.put_bytes(piece_key(after), piece.to_vec());
                after += 1;
            }
        }
        for number in after..before as u64 {
            rows.delete(piece_key(number));
        }
        let saved = Saved {
            registry: models.registry.clone(),
            models: saved,
        };
        rows.put(STATE, &saved);
        self.unsaved = 0;
        self.is_urgent = false;
    }
}

/// Puts a model that was written down where it belongs.
fn place(models: &mut Models, saved: &SavedModel, model: Model) -> Result<(), String> {
    if let Some(id) = &saved.id {
        models.kept.insert(id.clone(), model);
        return Ok(());
    }
    let name = StrategyName::of(&model.training().settings);
    if *model.training() != models.settings.training(name) {
        return Err("the models were written down with other settings".to_owned());
    }
    models.configured.insert(name, model);
    Ok(())
}

fn piece_key(number: u64) -> Vec<u8> {
    KeyBuilder::new(SNAPSHOT).u64(number).build()
}

/// How much a build needs, from memory: no answer waits for the disk.
#[derive(Clone)]
pub struct Allocation {
    memory: Arc<Memory>,
    log: Arc<dyn EventLog>,
}

/// A model that may answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelStatus {
    /// The id of a trained model; none for a strategy as it is configured.
    pub id: Option<String>,
    /// Its strategy.
    pub strategy: String,
    /// Whether it answers when nobody is named.
    pub live: bool,
    /// Whether a rollback would let it answer.
    pub previous: bool,
    /// How many builds it has learnt from; for one that is not at hand, when it was trained.
    pub learnt: u64,
    /// How many it has not learnt from, because no build can have used that.
    pub flawed: u64,
    /// The last event that it has learnt from.
    pub learnt_to: Position,
    /// What is told of its training.
    pub trained: Option<ModelRow>,
}

impl Allocation {
    pub(crate) fn new(reader: &Reader, log: Arc<dyn EventLog>) -> Self {
        let memory = reader.memory();
        Self {
            memory: memory.expect("the allocation view holds its models in memory"),
            log,
        }
    }

    /// Answers, and says as whom. `strategy` names who is wanted: the promoted model if it is of that strategy, else
    /// the strategy as it is configured. `build_jobs` is how many jobs the build will be given, where that is known.
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

    /// What the strategy that answers beside would say, when there is one.
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

    /// Which refs are learnt from, and who answers when nobody is named.
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
        &self.log
    }

    /// Keeps a model at hand that may be promoted soon. What it is called has to be its own.
    pub fn shelve(&self, id: &str, model: Model) {
        self.memory.shelf.lock().put(id, model);
    }

    /// Makes a trained model ready to be promoted, so that nobody waits for it then. May take as long as reading the
    /// log does. Answers false when there is no such model, or this program cannot make it.
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
        catch_up(&*self.log, &mut model, self.log.head()).await?;
        self.shelve(id, model);
        Ok(true)
    }
}
