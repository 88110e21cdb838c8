//! All views together: what handlers and reactors read.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use eventlog::{EventLog, Position};
use jiff::Timestamp;
use tables::{TableError, Tables};
use thiserror::Error;
use tokio::sync::watch;

use crate::allocation::accuracy::AccuracyFold;
use crate::allocation::{AllocationFold, AllocationSettings};
use crate::engine::history::{BoxFuture, History};
use crate::engine::{
    Answer, Driver, Engine, EngineConfig, Kind, Projection, ProjectionStatus, RebuildError,
    RebuildHandle, StartError, ViewReader, ViewSet,
};

/// The settings of all views.
#[derive(Clone, Debug)]
pub struct ViewsConfig {
    /// How pages of the log are folded and written.
    pub engine: EngineConfig,
    /// What the allocation model learns from, and how it answers.
    pub allocation: AllocationSettings,
}

impl ViewsConfig {
    /// The defaults; the clock is for lags, and no row depends on it.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            engine: EngineConfig::new(clock),
            allocation: AllocationSettings::default(),
        }
    }

    /// The same with at most so many events in a page.
    #[must_use]
    pub fn pages_of(mut self, events: usize) -> Self {
        self.engine.page_events = events;
        self
    }
}

/// All views together. Cheap to clone; their threads end with the last clone.
#[derive(Clone)]
pub struct Views(Arc<Driver>);

/// The views have not reached the position that the caller needs; trying again later helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the views are at {position}, not yet at {wanted}")]
pub struct Behind {
    /// Where they are.
    pub position: Position,
    /// Where they should be.
    pub wanted: Position,
}

/// The views of each context.
macro_rules! join {
    ($($context:ident $variant:ident $events:ident,)+) => { [$(crate::$context::views(),)+] };
}

/// Every view there is, as configured.
pub(crate) fn kinds(config: &ViewsConfig, log: &Arc<dyn EventLog>) -> Vec<Kind> {
    let (settings, log) = (config.allocation.clone(), Arc::clone(log));
    let mut kinds = domain::contexts!(join).concat();
    kinds.push(Kind::of(AccuracyFold::default));
    kinds.push(Kind::of(move || {
        AllocationFold::new(&settings, Arc::clone(&log))
    }));
    kinds
}

impl Views {
    /// Opens the views and starts the thread that keeps them at the log's head.
    ///
    /// # Errors
    /// When the log or the tables as a whole cannot be used. A damaged table is no error: its view is
    /// rebuilt, and its status shows that.
    pub fn start(
        log: Arc<dyn EventLog>,
        tables: Arc<dyn Tables>,
        config: ViewsConfig,
    ) -> Result<Self, StartError> {
        let kinds = kinds(&config, &log);
        Self::start_with(log, tables, kinds, config.engine)
    }

    /// The same with other kinds of views.
    pub(crate) fn start_with(
        log: Arc<dyn EventLog>,
        tables: Arc<dyn Tables>,
        kinds: Vec<Kind>,
        config: EngineConfig,
    ) -> Result<Self, StartError> {
        let driver = Driver::start(Engine::open(log, tables, kinds, config))?;
        Ok(Self(Arc::new(driver)))
    }

    /// Runs a question on a thread that may wait for the disk.
    ///
    /// # Panics
    /// When the question does, and outside of a tokio runtime.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let views = self.clone();
        let answer = blocking(Box::new(move || Box::new(question(&views)))).await;
        let answer = answer.downcast::<T>();
        *answer.expect("the question answers with its own type")
    }

    /// Waits until the named views have reached `position`: `views.wait_for::<(RosterView, Runs)>(…)`.
    ///
    /// # Errors
    /// [`Behind`] when that takes longer than `patience`.
    pub async fn wait_for<S: ViewSet>(
        &self,
        position: Position,
        patience: Duration,
    ) -> Result<(), Behind> {
        let names = S::names();
        let reached = || self.0.engine.position_of(&names);
        self.wait_until(position, patience, reached).await
    }

    /// Waits until every view has reached `position`: what was written is then read.
    ///
    /// # Errors
    /// [`Behind`] when that takes longer than `patience`.
    pub async fn wait_for_all(&self, position: Position, patience: Duration) -> Result<(), Behind> {
        self.wait_until(position, patience, || self.position())
            .await
    }

    /// Waits for every view except those whose only table is being rebuilt: these answer 503 themselves, and
    /// what needs other views does not wait for them.
    ///
    /// # Errors
    /// [`Behind`] when that takes longer than `patience`.
    pub async fn wait_for_answers(
        &self,
        position: Position,
        patience: Duration,
    ) -> Result<(), Behind> {
        let reached = || self.0.engine.position_of_answers();
        self.wait_until(position, patience, reached).await
    }

    async fn wait_until(
        &self,
        wanted: Position,
        patience: Duration,
        reached: impl Fn() -> Position,
    ) -> Result<(), Behind> {
        let mut moved = self.0.engine.watch_moved();
        let there = async {
            while reached() < wanted {
                if moved.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(patience, there)
            .await
            .map_err(|_| Behind {
                position: reached(),
                wanted,
            })
    }

    /// Everything up to here is in every answer.
    #[must_use]
    pub fn position(&self) -> Position {
        self.0.engine.position()
    }

    /// How far the log is folded, as it moves. Look at [`Views::position`] after every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Position> {
        self.0.engine.watch_moved()
    }

    /// How far each view is.
    #[must_use]
    pub fn statuses(&self) -> Vec<ProjectionStatus> {
        self.0.engine.statuses()
    }

    /// Whether every view can be read and written, and is at the head, or less than a page behind.
    #[must_use]
    pub fn are_live(&self) -> bool {
        self.statuses().iter().all(ProjectionStatus::is_live)
    }

    /// How often the tables were opened again after they had failed as a whole.
    #[must_use]
    pub fn reopened(&self) -> u64 {
        self.0.engine.reopened.load(Ordering::Acquire)
    }

    /// Rebuilds one view by its name; the old rows answer meanwhile. A rebuild that is running is joined.
    ///
    /// # Errors
    /// When there is no such view, or no thread for it.
    pub fn rebuild(&self, name: &str) -> Result<RebuildHandle, RebuildError> {
        self.0.rebuild(name)
    }

    /// One number for all rows of a view, its checkpoint left out; none when there is no such view.
    ///
    /// # Errors
    /// When its table cannot be read.
    pub fn digest(&self, name: &str) -> Result<Option<String>, TableError> {
        self.0.engine.digest(name)
    }

    /// Writes everything down and ends the threads of the views. Answers go on, and do not change any more.
    pub fn shutdown(&self) {
        self.0.shutdown();
    }

    /// The reader of one view: `views.of::<Runs>()`.
    ///
    /// # Errors
    /// [`TableError::NotReady`] until the view is up to date.
    pub fn of<V: ViewReader>(&self) -> Answer<V> {
        self.0.engine.of()
    }

    /// Changes with every page that wrote a row of this view, also while the view does not answer.
    #[must_use]
    pub fn changed<V: ViewReader>(&self) -> watch::Receiver<Position> {
        let slot = self.0.engine.slot(V::Fold::NAME);
        let changed = slot.map(|slot| slot.changed.subscribe());
        changed.unwrap_or_else(|| self.watch())
    }

    /// The log itself.
    #[must_use]
    pub fn history(&self) -> History {
        History::new(Arc::clone(&self.0.engine.log))
    }
}

/// A value whose type is not known here.
type Value = Box<dyn Any + Send>;

/// Runs a task that may wait for the disk. It knows neither the question nor its answer: what tokio needs for a task is
/// much code, and this way it is compiled once, and not for every question.
fn blocking(task: Box<dyn FnOnce() -> Value + Send>) -> BoxFuture<'static, Value> {
    Box::pin(async move {
        match tokio::task::spawn_blocking(task).await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // A blocking task is cancelled only with its runtime, and this future with it.
                Err(_) => std::future::pending().await,
            },
        }
    })
}
