//! Learns from the log, and keeps those models that answer or may soon.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use ::allocation::{Model, Training, UsageSample};
use domain::BuildsEvent;
use eventlog::{EventLog, Position};
use parking_lot::{Mutex, RwLock};
use tables::TableError;

use super::models::{Changed, ModelRow, Models};
use super::{AllocationSettings, BUILD_TYPES, Memory, sample_of, snapshot, train};
use crate::engine::{Envelope, Projection, Rows, SnapshotDue, stored};

/// After how many builds the models are written down; a crash costs learning these again.
const SNAPSHOT_SAMPLES: u64 = 20_000;
/// After how many events they are written down at the latest, when they have learnt anything.
const SNAPSHOT_EVENTS: u64 = 200_000;

/// The fold.
pub struct AllocationFold {
    memory: Arc<Memory>,
    samples: Vec<UsageSample>,
    unsaved: u64,
    /// The position of the first event that is not persisted.
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
            log,
        };
        Self {
            memory: Arc::new(memory),
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
        train::catch_up_now(&self.memory.log, &mut model, position)
            .map_err(|reason| TableError::Unavailable { reason })?;
        Ok(model)
    }
}

impl Projection for AllocationFold {
    type Event = BuildsEvent;

    const NAME: &'static str = "allocation";
    const VERSION: u32 = 4;
    const SHAPE: u32 = 2;

    fn wants(event_type: &str) -> bool {
        BUILD_TYPES.contains(&event_type) || event_type.starts_with("allocation.model_")
    }

    fn apply(&mut self, event: &BuildsEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let event = match event {
            BuildsEvent::Build(_) => {
                if let Some(sample) = sample_of(envelope.position, envelope.event) {
                    self.note_unsaved(envelope.position);
                    self.samples.push(sample);
                }
                return;
            }
            BuildsEvent::Allocation(event) => event,
            BuildsEvent::Node(_) => return,
        };
        let changed = self.memory.models.write().registry.take(event);
        if changed != Changed::Nothing {
            self.note_unsaved(envelope.position);
        }
        if changed == Changed::Answerer {
            self.is_urgent = true;
            if let Err(error) = self.keep_wanted(envelope.position) {
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
        if let Err(reason) = snapshot::read(&mut self.memory.models.write(), rows) {
            rows.fail::<()>(stored::damaged(&reason));
        }
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
        snapshot::write(&self.memory.models.read(), rows);
        self.unsaved = 0;
        self.is_urgent = false;
    }
}
