//! The place of one view: what answers, what folds, and how far it is.

use std::sync::Arc;
use std::thread::JoinHandle;

use eventlog::Position;
use parking_lot::{Mutex, RwLock};
use tables::TableError;
use tokio::sync::watch;

use super::folding::Folding;
use super::page::DecodedPage;
use super::rebuild::RebuildHandle;
use super::serving::Serving;
use super::{FaultSeen, Kind, Reader};

/// The place of one view.
///
/// Whoever takes several of its locks takes them in this order: `folding`, `notes`, `serving`.
pub(crate) struct Slot {
    pub(crate) kind: Kind,
    serving: RwLock<Arc<Serving>>,
    /// None while there is nothing to fold into.
    folding: Mutex<Option<Folding>>,
    /// Moves on after every page that wrote something.
    pub(crate) changed: watch::Sender<Position>,
    pub(crate) notes: Mutex<Notes>,
}

/// What an operator wants to know about a view beyond its position.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) position: Position,
    pub(crate) recorded_at: i64,
    pub(crate) faults: u64,
    pub(crate) last_fault: Option<FaultSeen>,
    pub(crate) error: Option<String>,
    pub(crate) rate: f64,
    /// The rebuild that is under way, or the last one.
    pub(crate) rebuild: Option<RebuildHandle>,
    /// The thread that it runs in.
    pub(crate) thread: Option<JoinHandle<()>>,
}

impl Slot {
    /// A place that is still empty.
    pub(crate) fn new(kind: Kind) -> Result<Self, TableError> {
        let memory = kind.begin().memory();
        Ok(Self {
            kind,
            serving: RwLock::new(Arc::new(Serving::hollow(memory)?)),
            folding: Mutex::new(None),
            changed: watch::Sender::new(Position::START),
            notes: Mutex::default(),
        })
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self.serving())
    }

    pub(crate) fn serving(&self) -> Arc<Serving> {
        Arc::clone(&self.serving.read())
    }

    /// How far the fold is; none while there is nothing to fold into.
    pub(crate) fn position(&self) -> Option<Position> {
        self.folding.lock().as_ref().map(Folding::position)
    }

    /// Whether what answers was written by an older version of the fold.
    pub(crate) fn is_of_older_version(&self) -> bool {
        let place = self.folding.lock();
        let written_by = place.as_ref().map(|folding| folding.checkpoint().version);
        written_by.is_some_and(|version| version != self.kind.version)
    }

    /// Lets a fold answer, and returns what answered before.
    pub(crate) fn serve(&self, table: String, folding: Folding) -> Arc<Serving> {
        let overlay = Arc::clone(folding.overlay());
        let serving = Serving::new(table, overlay, folding.fold().memory());
        // Whoever holds the fold sees the table that belongs to it.
        let mut place = self.folding.lock();
        let before = std::mem::replace(&mut *self.serving.write(), Arc::new(serving));
        self.note_progress(&folding);
        self.notes.lock().error = None;
        *place = Some(folding);
        before
    }

    /// Stops answering from a table that cannot be trusted, and returns it.
    pub(crate) fn hollow_out(&self) -> Result<Arc<Serving>, TableError> {
        let hollow = Serving::hollow(self.kind.begin().memory())?;
        let mut place = self.folding.lock();
        *place = None;
        self.notes.lock().position = Position::START;
        Ok(std::mem::replace(
            &mut *self.serving.write(),
            Arc::new(hollow),
        ))
    }

    /// Answers and folds from now on what another place of the same view has answered and folded.
    pub(crate) fn take_over(&self, other: &Self) {
        let folding = other.folding.lock().take();
        if let (Some(folding), Some(table)) = (folding, other.serving().table.clone()) {
            drop(self.serve(table, folding));
            self.changed.send_modify(|_| {});
        }
    }

    /// Begins again where the table stands, if the fold was left ahead of it by a failure.
    pub(crate) fn recover(&self) -> Result<(), TableError> {
        let mut place = self.folding.lock();
        let Some(folding) = place.as_mut().filter(|folding| folding.is_ahead()) else {
            return Ok(());
        };
        let reloaded = folding.reload();
        match &reloaded {
            Ok(()) => {
                self.replace_memory(folding);
                self.note_progress(folding);
                self.notes.lock().error = None;
            }
            Err(error) => self.note_failure(error),
        }
        reloaded
    }

    /// Folds a page, if this view is behind it.
    pub(crate) fn fold_page(&self, page: &DecodedPage) -> Result<(), TableError> {
        let mut place = self.folding.lock();
        let Some(folding) = place.as_mut() else {
            return Ok(());
        };
        let folded = self.fold_into(folding, page);
        match &folded {
            Ok(_) => self.notes.lock().error = None,
            Err(error) => self.note_failure(error),
        }
        folded
    }

    fn fold_into(&self, folding: &mut Folding, page: &DecodedPage) -> Result<(), TableError> {
        let written = folding.fold_page(page)?;
        self.note_progress(folding);
        if written {
            self.changed.send_replace(folding.position());
        }
        Ok(())
    }

    /// A fold that began again holds another memory than the one that answers.
    fn replace_memory(&self, folding: &Folding) {
        let mut serving = self.serving.write();
        if let Some(table) = serving.table.clone() {
            let overlay = Arc::clone(folding.overlay());
            let replaced = Serving::new(table, overlay, folding.fold().memory());
            *serving = Arc::new(replaced);
        }
    }

    /// Writes what was folded to the table. `everything` also writes what is only in memory.
    pub(crate) fn commit(&self, everything: bool) -> Result<(), TableError> {
        if everything && let Some(folding) = self.folding.lock().as_mut() {
            folding
                .save()
                .inspect_err(|error| self.note_failure(error))?;
        }
        let serving = self.serving();
        if serving.is_hollow() {
            return Ok(());
        }
        // Not under the lock of the fold: it goes on while the disk is busy.
        let written = serving.overlay.commit();
        match &written {
            // It was replaced meanwhile, with everything it held.
            Err(_) if !Arc::ptr_eq(&serving, &self.serving()) => return Ok(()),
            Err(error) => {
                serving.note(error);
                self.notes.lock().error = Some(error.to_string());
            }
            // What could not be written lately is written now; a fold that failed still has to begin again.
            Ok(rows) if *rows > 0 && !self.is_ahead() => self.notes.lock().error = None,
            Ok(_) => {}
        }
        written.map(drop)
    }

    fn is_ahead(&self) -> bool {
        self.folding.lock().as_ref().is_some_and(Folding::is_ahead)
    }

    pub(crate) fn note_failure(&self, error: &TableError) {
        self.serving().note(error);
        self.notes.lock().error = Some(error.to_string());
    }

    fn note_progress(&self, folding: &Folding) {
        let checkpoint = folding.checkpoint();
        let mut notes = self.notes.lock();
        notes.position = checkpoint.position;
        notes.recorded_at = checkpoint.recorded_at;
        notes.faults = checkpoint.faults;
    }
}
