//! How much CPU and memory does a build need?

#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use ::allocation::ladder::{Learning, Policy};
use ::allocation::{
    Answer, Ending, Refs, Spec, Strategy, StrategySettings, Usage, UsageSample, Variants,
};
use domain::Event;
use domain::build::{BuildEvent, BuiltSpec, OutOfMemory, ResourceUsage, UsageRecorded};
use eventlog::Position;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tables::{KeyBuilder, Range};

use crate::projector::{Projection, Reader, Rows, Seen, SnapshotDue, stored};

pub(crate) const NAME: &str = AllocationFold::NAME;

/// What the model had learnt at the checkpoint, cut into pieces that a table likes.
const SNAPSHOT: u8 = b's';
const STATE: &[u8] = b"m";
const PIECE_BYTES: usize = 32 * 1024;

/// After how many builds the model is written down; a crash costs learning these again.
const SNAPSHOT_SAMPLES: u64 = 20_000;
/// After how many events it is written down at the latest, when it has learnt anything.
const SNAPSHOT_EVENTS: u64 = 200_000;

/// What the model learns from, and who answers when nobody is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationSettings {
    /// Which git refs are learnt from: `develop` alone unless told otherwise.
    pub refs: Refs,
    /// Who answers when the question names nobody.
    pub strategy: StrategyName,
}

/// Who answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// The mean of the five newest builds that resemble the asked one.
    #[default]
    Gantry,
    /// The house's own: from recent peaks and how far the next one usually lies.
    Ladder,
}

impl StrategyName {
    /// Its word in configuration and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gantry => "gantry",
            Self::Ladder => "ladder",
        }
    }
}

impl std::str::FromStr for StrategyName {
    type Err = String;

    /// Reads [`StrategyName::as_str`].
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "gantry" => Ok(Self::Gantry),
            "ladder" => Ok(Self::Ladder),
            other => Err(format!(
                "there is no strategy `{other}`; there are `gantry` and `ladder`"
            )),
        }
    }
}

impl AllocationSettings {
    fn of_strategy(&self) -> StrategySettings {
        let refs = self.refs.clone();
        match self.strategy {
            StrategyName::Gantry => StrategySettings::Gantry { refs },
            StrategyName::Ladder => StrategySettings::Ladder {
                learning: Learning {
                    refs,
                    ..Learning::default()
                },
                policy: Policy::default(),
            },
        }
    }
}

/// An answer and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    /// Who answered.
    pub strategy: StrategyName,
    /// The answer, with its reason.
    pub answer: Answer,
    /// The last event that the model had learnt from.
    pub learnt_to: Position,
    /// How many builds it had learnt from.
    pub learnt: u64,
}

/// What is held in memory.
struct Model {
    settings: AllocationSettings,
    strategy: Strategy,
    state: State,
}

/// What is known about a model beside what it has learnt.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    learnt_to: Position,
    /// Builds that no build can have been; they are not learnt from.
    flawed: u64,
}

/// The fold.
pub struct AllocationFold {
    model: Arc<RwLock<Model>>,
    samples: Vec<UsageSample>,
    unsaved_samples: u64,
    /// Where the first of them stands.
    unsaved_from: Position,
}

impl AllocationFold {
    /// A model that has learnt nothing.
    #[must_use]
    pub fn new(settings: &AllocationSettings) -> Self {
        let model = Model {
            settings: settings.clone(),
            strategy: Strategy::new(settings.of_strategy()),
            state: State::default(),
        };
        Self {
            model: Arc::new(RwLock::new(model)),
            samples: Vec::new(),
            unsaved_samples: 0,
            unsaved_from: Position::START,
        }
    }
}

impl Projection for AllocationFold {
    const NAME: &'static str = "allocation";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        matches!(event_type, "build.usage_recorded" | "build.out_of_memory")
    }

    fn apply(&mut self, seen: &Seen<'_>, _: &mut Rows<'_>) {
        let event = match seen.event {
            Event::Build(event) => event,
            Event::Node(_)
            | Event::Token(_)
            | Event::Audit(_)
            | Event::Allocation(_)
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
        let sample = match event {
            BuildEvent::UsageRecorded(usage) => of_usage(seen.position, usage),
            BuildEvent::OutOfMemory(killed) => of_kill(seen.position, killed),
            BuildEvent::Reported(_)
            | BuildEvent::CollectionSkipped(_)
            | BuildEvent::CollectionAttempted(_)
            | BuildEvent::CollectionFailed(_)
            | BuildEvent::CollectionAbandoned(_)
            | BuildEvent::CollectionRequeued(_) => return,
        };
        self.samples.push(sample);
    }

    fn flush(&mut self, _: &mut Rows<'_>) {
        if self.samples.is_empty() {
            return;
        }
        let mut model = self.model.write();
        for sample in self.samples.drain(..) {
            if self.unsaved_samples == 0 {
                self.unsaved_from = Position(sample.position);
            }
            match model.strategy.learn(&sample) {
                Ok(()) => model.state.learnt_to = Position(sample.position),
                Err(_) => model.state.flawed += 1,
            }
            self.unsaved_samples += 1;
        }
    }

    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.model) as Arc<dyn Any + Send + Sync>)
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        let Some(state) = rows.get::<State>(STATE) else {
            return;
        };
        let pieces = rows.scan(Range::prefix(&[SNAPSHOT]));
        let bytes = pieces.iter().flat_map(|(_, piece)| piece.iter().copied());
        let bytes: Vec<u8> = bytes.collect();
        let mut model = self.model.write();
        match Strategy::restore(model.settings.of_strategy(), &bytes) {
            Ok(strategy) => {
                model.strategy = strategy;
                model.state = state;
            }
            // Other settings make another model, from the first event on: the table is of no use.
            Err(error) => {
                rows.fail::<()>(stored::damaged(&error.to_string()));
            }
        }
    }

    fn snapshot_due(&self, position: Position) -> SnapshotDue {
        match self.unsaved_samples {
            0 => SnapshotDue::Always,
            SNAPSHOT_SAMPLES.. => SnapshotDue::Now,
            _ if position.0 - self.unsaved_from.0 >= SNAPSHOT_EVENTS => SnapshotDue::Now,
            _ => SnapshotDue::Later,
        }
    }

    fn snapshot(&mut self, rows: &mut Rows<'_>) {
        let model = self.model.read();
        let bytes = model.strategy.snapshot();
        let before = rows.scan(Range::prefix(&[SNAPSHOT])).len();
        let pieces = bytes.chunks(PIECE_BYTES);
        let after = pieces.len();
        for (piece, number) in pieces.zip(0..) {
            rows.put_bytes(piece_key(number), piece.to_vec());
        }
        for number in after..before {
            rows.delete(piece_key(number as u64));
        }
        rows.put(STATE, &model.state);
        self.unsaved_samples = 0;
    }
}

fn piece_key(number: u64) -> Vec<u8> {
    KeyBuilder::new(SNAPSHOT).u64(number).build()
}

fn of_usage(position: Position, usage: &UsageRecorded) -> UsageSample {
    UsageSample {
        position: position.0,
        spec: spec(&usage.spec),
        git_ref: usage.git_ref.clone(),
        build_jobs: Some(usage.build_jobs),
        ended_at: Some(usage.finished_at.as_microsecond() as f64 / 1e6),
        seconds: usage
            .finished_at
            .duration_since(usage.started_at)
            .as_secs_f64(),
        ending: Ending::Success {
            cpu: resource(&usage.cpu),
            memory: resource(&usage.memory),
        },
    }
}

fn of_kill(position: Position, killed: &OutOfMemory) -> UsageSample {
    UsageSample {
        position: position.0,
        spec: spec(&killed.spec),
        git_ref: killed.git_ref.clone(),
        build_jobs: Some(killed.build_jobs),
        ended_at: Some(killed.finished_at.as_microsecond() as f64 / 1e6),
        seconds: killed
            .finished_at
            .duration_since(killed.started_at)
            .as_secs_f64(),
        ending: Ending::OutOfMemory {
            limit: killed.memory_limit,
        },
    }
}

fn spec(built: &BuiltSpec) -> Spec {
    Spec {
        name: built.name.clone(),
        version: built.version.clone(),
        // History stores an object; whatever else stands there says nothing about variants.
        variants: serde_json::from_str(&built.variants).unwrap_or_else(|_| Variants::default()),
        arch: built.arch.clone(),
        compiler: built.compiler_name.clone(),
        compiler_version: built.compiler_version.clone(),
    }
}

fn resource(usage: &ResourceUsage) -> Usage {
    Usage {
        request: usage.request,
        limit: usage.limit,
        mean: usage.mean,
        median: Some(usage.median),
        max: usage.max,
        min: Some(usage.min),
        stddev: Some(usage.stddev),
    }
}

/// How much a build needs, from memory: no answer waits for the disk.
#[derive(Clone)]
pub struct Allocation {
    model: Arc<RwLock<Model>>,
}

impl Allocation {
    pub(crate) fn new(reader: &Reader) -> Self {
        let model = reader.memory();
        Self {
            model: model.expect("the allocation view holds its model in memory"),
        }
    }

    /// Answers as configured, and says as whom. `strategy` names who is wanted: one that was not configured has
    /// learnt nothing, and the configured one answers for it. `build_jobs` is how many jobs the build will be
    /// given, where that is known.
    #[must_use]
    pub fn answer(
        &self,
        spec: &Spec,
        _strategy: Option<StrategyName>,
        build_jobs: Option<u32>,
    ) -> Answered {
        let model = self.model.read();
        Answered {
            strategy: model.settings.strategy,
            answer: model.strategy.answer(spec, build_jobs),
            learnt_to: model.state.learnt_to,
            learnt: model.strategy.learnt(),
        }
    }

    /// The last event that the model has learnt from.
    #[must_use]
    pub fn learnt_to(&self) -> Position {
        self.model.read().state.learnt_to
    }

    /// How many builds the model has learnt from.
    #[must_use]
    pub fn learnt(&self) -> u64 {
        self.model.read().strategy.learnt()
    }

    /// How many builds were not learnt from because no build can have used that.
    #[must_use]
    pub fn flawed(&self) -> u64 {
        self.model.read().state.flawed
    }

    /// Which refs are learnt from, and who answers when nobody is named.
    #[must_use]
    pub fn settings(&self) -> AllocationSettings {
        self.model.read().settings.clone()
    }
}
