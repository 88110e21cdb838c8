//! Turns pages of the log into rows, one step at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use eventlog::{EventLog, Position, ReadError, Recorded};
use parking_lot::Mutex;
use tables::{TableError, Tables};
use thiserror::Error;
use tokio::sync::{Notify, watch};

use super::ahead::{self, Ahead, ReadPage};
use super::config::{EngineConfig, StartError};
use super::fault::FoldFault;
use super::kind::Kind;
use super::page::DecodedPage;
use super::projection::Projection;
use super::reader::Answer;
use super::slot::Slot;
use super::startup;
use super::view_reader::ViewReader;

/// With so many rows folded and not yet written, the tables should have them, however few events it took: rows
/// are what takes up memory.
pub(super) const DIRTY_ROWS_MAX: usize = if cfg!(test) { 256 } else { 64 * 1024 };

/// How much may wait for the disk, in units of [`EngineConfig::commit_events`], before folding pauses.
const UNCOMMITTED_MAX: u64 = 64;

/// All views and what moves them on.
///
/// It has no thread and no clock of its own, so that a test can stop it between any two steps.
pub struct Engine {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) tables: Arc<dyn Tables>,
    pub(crate) config: EngineConfig,
    pub(crate) slots: Vec<Slot>,
    /// Held while a page is folded, and while a rebuilt view takes its place.
    pub(crate) live: tokio::sync::Mutex<()>,
    /// Wakes the driver of the engine.
    pub(crate) wake: Notify,
    /// Nothing is begun any more, and what is under way ends soon.
    pub(crate) stopping: AtomicBool,
    ahead: Ahead,
    uncommitted: Mutex<u64>,
    unpersisted: AtomicBool,
    moved: watch::Sender<Position>,
    /// How often the tables were opened again after they had failed as a whole.
    pub(crate) reopened: AtomicU64,
    last_warned: Mutex<Position>,
}

/// Whether events of a type matter to a view.
type Wants = fn(&str) -> bool;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page was folded, and there is more.
    Folded,
    /// Everything there is has been folded.
    AtHead,
    /// Too much waits for the disk: commit before the next step.
    Full,
}

/// Why a step came to nothing. Another one tries again.
#[derive(Debug, Error)]
pub enum StepError {
    #[error(transparent)]
    Log(#[from] ReadError),
    /// A table cannot be read or written; the other views have continued.
    #[error("view `{view}`: {error}")]
    Table {
        view: &'static str,
        error: TableError,
    },
    /// The views are shut down.
    #[error("the views are shut down")]
    Stopping,
}

impl Engine {
    /// Opens the tables of all kinds, each where it stood.
    ///
    /// # Errors
    /// When the log or the tables as a whole cannot be used. A damaged table is no error: its view is empty
    /// until it has been rebuilt.
    pub async fn open(
        log: Arc<dyn EventLog>,
        tables: Arc<dyn Tables>,
        kinds: Vec<Kind>,
        config: EngineConfig,
    ) -> Result<Self, StartError> {
        let slots = startup::open_slots(&*log, &*tables, kinds).await?;
        let engine = Self {
            log,
            tables,
            config,
            slots,
            live: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
            ahead: Ahead::default(),
            uncommitted: Mutex::default(),
            unpersisted: AtomicBool::new(false),
            moved: watch::Sender::new(Position::START),
            reopened: AtomicU64::new(0),
            last_warned: Mutex::default(),
        };
        engine.moved.send_replace(engine.position());
        Ok(engine)
    }

    /// Folds the next page into every view that is behind it.
    ///
    /// # Errors
    /// When the log or a table failed this time.
    pub async fn step(&self) -> Result<Step, StepError> {
        if *self.uncommitted.lock() >= UNCOMMITTED_MAX * self.config.commit_events {
            return Ok(Step::Full);
        }
        let mut result = Ok(());
        for slot in &self.slots {
            if let Err(error) = slot.recover() {
                let view = slot.kind.name;
                result = Err(StepError::Table { view, error });
            }
        }
        let Some(from) = self.slots.iter().filter_map(Slot::position).min() else {
            return Ok(Step::AtHead);
        };
        let behind: Vec<(Position, Wants)> = self
            .slots
            .iter()
            .filter_map(|slot| Some((slot.position()?, slot.kind.wants)))
            .collect();
        let wanted = |event: &Recorded| {
            let event_type = event.event_type.as_str();
            let mut behind = behind.iter().filter(|(at, _)| *at < event.position);
            behind.any(|(_, wants)| wants(event_type))
        };
        let page = match self.ahead.take(from).await {
            Some(read) => self.noted(read),
            None => self.read(from, wanted).await?,
        };
        if page.next <= from {
            return result.map(|()| Step::AtHead);
        }
        if !page.end {
            self.read_ahead(page.next);
        }
        {
            let _live = self.live.lock().await;
            let events = page.events.len();
            let _span = tracing::debug_span!("page", after = from.0, events).entered();
            for slot in &self.slots {
                if let Err(error) = slot.fold_page(&page) {
                    let view = slot.kind.name;
                    result = Err(StepError::Table { view, error });
                }
            }
        }
        *self.uncommitted.lock() += page.events.len() as u64;
        self.moved.send_replace(page.next);
        result?;
        // A view that began again meanwhile is further back than this page.
        let mut positions = self.slots.iter().filter_map(Slot::position);
        let is_at_head = page.end && positions.all(|position| position >= page.next);
        Ok(if is_at_head {
            Step::AtHead
        } else {
            Step::Folded
        })
    }

    /// Steps until everything there is has been folded, committing on the way as configured.
    ///
    /// # Errors
    /// As [`Engine::step`] and [`Engine::commit`].
    pub async fn catch_up(&self) -> Result<(), StepError> {
        loop {
            match self.step().await? {
                Step::AtHead => return Ok(()),
                Step::Folded if !self.commit_is_due() => {}
                Step::Folded | Step::Full => self.commit(false)?,
            }
        }
    }

    /// Reads and decodes the page after a position.
    pub(crate) async fn read(
        &self,
        after: Position,
        wanted: impl Fn(&Recorded) -> bool,
    ) -> Result<DecodedPage, ReadError> {
        let read = ahead::read(&*self.log, after, self.config.page_events, wanted).await?;
        Ok(self.noted(read))
    }

    /// Begins to read the page after a position, with whatever any view wants: by then it may be behind.
    fn read_ahead(&self, after: Position) {
        let wants: Vec<Wants> = self.slots.iter().map(|slot| slot.kind.wants).collect();
        let wanted = move |event: &Recorded| {
            let event_type = event.event_type.as_str();
            wants.iter().any(|wants| wants(event_type))
        };
        self.ahead
            .begin(&self.log, after, self.config.page_events, wanted);
    }

    /// Stops reading ahead: a shutdown releases the log.
    pub(crate) async fn end_reading(&self) {
        self.ahead.end().await;
    }

    fn noted(&self, read: ReadPage) -> DecodedPage {
        for fault in &read.faults {
            self.note_fault(fault);
        }
        read.page
    }

    /// Whether there is anything that the tables do not have, or could lose.
    pub(crate) fn has_uncommitted(&self) -> bool {
        *self.uncommitted.lock() > 0 || self.unpersisted.load(Ordering::Acquire)
    }

    /// Whether the tables are so far behind that folding waits for them.
    pub(crate) fn is_far_ahead(&self) -> bool {
        *self.uncommitted.lock() >= 2 * self.config.commit_events
            || self.dirty_rows() >= 2 * DIRTY_ROWS_MAX
    }

    /// Whether so much was folded that the tables should have it.
    pub(crate) fn commit_is_due(&self) -> bool {
        *self.uncommitted.lock() >= self.config.commit_events || self.dirty_rows() >= DIRTY_ROWS_MAX
    }

    fn dirty_rows(&self) -> usize {
        let overlays = self.slots.iter().filter_map(Slot::serving);
        overlays.map(|serving| serving.overlay.dirty_len()).sum()
    }

    /// Writes what was folded to the tables, each view with its checkpoint, and makes it durable.
    /// `everything` also writes the models that are held in memory.
    ///
    /// # Errors
    /// The first failure; what could be written is written, the rest waits for the next commit.
    pub fn commit(&self, everything: bool) -> Result<(), StepError> {
        self.write_rows(everything)?;
        self.persist()
    }

    /// Writes what was folded to the tables without waiting until it would survive a power cut.
    pub(crate) fn write_rows(&self, everything: bool) -> Result<(), StepError> {
        let before = *self.uncommitted.lock();
        let mut result = Ok(());
        for slot in &self.slots {
            if let Err(error) = slot.commit(everything) {
                let view = slot.kind.name;
                result = Err(StepError::Table { view, error });
            }
        }
        self.unpersisted.store(true, Ordering::Release);
        result?;
        *self.uncommitted.lock() -= before;
        Ok(())
    }

    /// Makes durable what was written.
    pub(crate) fn persist(&self) -> Result<(), StepError> {
        self.unpersisted.store(false, Ordering::Release);
        self.tables.persist().map_err(|error| {
            self.unpersisted.store(true, Ordering::Release);
            StepError::Table { view: "all", error }
        })
    }

    /// The lowest position of all views: everything up to here is in every answer.
    pub fn position(&self) -> Position {
        let positions = self.slots.iter().map(|slot| slot.notes.lock().position);
        positions.min().unwrap_or(Position::START)
    }

    /// The lowest position of all views that have a table. One that is being rebuilt without one answers nothing,
    /// and no other view's readers wait for it.
    pub(crate) fn position_of_answers(&self) -> Position {
        let answering = self.slots.iter().filter(|slot| slot.serving().is_some());
        let positions = answering.map(|slot| slot.notes.lock().position);
        positions.min().unwrap_or(Position::START)
    }

    /// The lowest position of the views with these names.
    pub(crate) fn position_of(&self, names: &[&str]) -> Position {
        let named = |slot: &&Slot| names.contains(&slot.kind.name);
        let slots = self.slots.iter().filter(named);
        let positions = slots.map(|slot| slot.notes.lock().position);
        positions.min().unwrap_or(Position::START)
    }

    /// How far the log is folded, as it moves; look at [`Engine::position`] after every change.
    pub(crate) fn watch_moved(&self) -> watch::Receiver<Position> {
        self.moved.subscribe()
    }

    /// Wakes the callers that wait for a position.
    pub(crate) fn announce(&self) {
        self.moved.send_modify(|_| {});
    }

    /// The reader of one view.
    ///
    /// # Errors
    /// [`TableError::NotReady`] while it is rebuilt, or is behind what it knew before.
    ///
    /// # Panics
    /// When the engine was opened without this view.
    pub fn of<V: ViewReader>(&self) -> Answer<V> {
        let slot = self.slot(V::Fold::NAME);
        let slot = slot.expect("the engine was opened with every view that is read");
        slot.reader().map(V::over)
    }

    pub(crate) fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.kind.name == name)
    }

    /// A digest of a view's rows; `None` when there is no such view.
    pub fn digest(&self, name: &str) -> Result<Option<String>, TableError> {
        let Some(slot) = self.slot(name) else {
            return Ok(None);
        };
        let reader = slot.reader()?;
        reader.digest().map(Some)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn note_fault(&self, fault: &FoldFault) {
        for slot in &self.slots {
            slot.notes.lock().last_fault = Some(fault.clone());
        }
        // Every view and every rebuild meets it again; one line in the log is enough.
        let mut last_warned = self.last_warned.lock();
        if fault.position > *last_warned {
            *last_warned = fault.position;
            let FoldFault { position, reason } = fault;
            tracing::warn!(%position, "skipped the event at {position} in all views: {reason}");
        }
    }
}
