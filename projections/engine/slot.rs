//! The place of one view: what answers, what folds, and how far it is.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use eventlog::Position;
use parking_lot::{Mutex, RwLock};
use tables::TableError;
use tokio::sync::watch;

use super::fault::FoldFault;
use super::folding::Folding;
use super::kind::Kind;
use super::page::DecodedPage;
use super::progress::RebuildHandle;
use super::reader::{Answer, Reader};
use super::serving::Serving;

/// The place of one view.
///
/// Several of its locks are taken in this order: `folding`, `notes`, `serving`.
pub(crate) struct Slot {
    pub(crate) kind: Kind,
    /// None while there is no table that can be trusted: nothing answers then, rather than an empty table.
    serving: RwLock<Option<Arc<Serving>>>,
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
    /// From here on the view answers: the head of the log at the start, and whatever it has reached since.
    /// A client is never answered from less than an earlier client was.
    pub(crate) answers_from: Position,
    pub(crate) recorded_at: i64,
    pub(crate) faults: u64,
    pub(crate) last_fault: Option<FoldFault>,
    pub(crate) error: Option<String>,
    pub(crate) rate: f64,
    /// The rebuild that is under way, or the last one.
    pub(crate) rebuild: Option<RebuildHandle>,
    pub(crate) rebuild_began: Option<Instant>,
    pub(crate) thread: Option<JoinHandle<()>>,
}

impl Notes {
    fn is_ready(&self) -> bool {
        self.position >= self.answers_from
    }

    fn not_ready(&self, view: &'static str) -> TableError {
        TableError::NotReady {
            view,
            position: self.position.0,
            needed: self.answers_from.0,
        }
    }
}

impl Slot {
    /// A place that is still empty, and answers once it knows the log up to its present head.
    pub(crate) fn new(kind: Kind, head: Position) -> Self {
        let notes = Notes {
            answers_from: head,
            ..Notes::default()
        };
        Self {
            kind,
            serving: RwLock::new(None),
            folding: Mutex::new(None),
            changed: watch::Sender::new(Position::START),
            notes: Mutex::new(notes),
        }
    }

    /// What answers now.
    ///
    /// # Errors
    /// [`TableError::NotReady`] when there is no table, or its rows know less than was answered before.
    pub(crate) fn reader(&self) -> Answer<Reader> {
        let serving = self.serving().filter(|_| self.notes.lock().is_ready());
        serving
            .map(Reader::new)
            .ok_or_else(|| self.notes.lock().not_ready(self.kind.name))
    }

    /// Whether questions are answered.
    pub(crate) fn answers(&self) -> bool {
        self.serving().is_some() && self.notes.lock().is_ready()
    }

    /// The table that is kept up to date, whether it answers already or not.
    pub(crate) fn serving(&self) -> Option<Arc<Serving>> {
        self.serving.read().clone()
    }

    fn is_damaged(&self) -> bool {
        self.serving().is_some_and(|serving| serving.is_damaged())
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
    pub(crate) fn serve(&self, table: String, folding: Folding) -> Option<Arc<Serving>> {
        let overlay = Arc::clone(folding.overlay());
        let serving = Serving::new(table, overlay, folding.fold().memory());
        // The holder of the fold sees the table that belongs to it.
        let mut place = self.folding.lock();
        let before = self.serving.write().replace(Arc::new(serving));
        self.note_progress(&folding);
        self.notes.lock().error = None;
        *place = Some(folding);
        before
    }

    /// Stops answering from a table that cannot be trusted any more, and returns it.
    pub(crate) fn stop_damaged(&self) -> Option<Arc<Serving>> {
        // Under the lock of the fold: a rebuilt table that takes its place meanwhile is not damaged.
        let mut place = self.folding.lock();
        if !self.is_damaged() {
            return None;
        }
        *place = None;
        self.notes.lock().position = Position::START;
        self.serving.write().take()
    }

    /// Answers and folds from now on what another place of the same view has answered and folded.
    pub(crate) fn take_over(&self, other: &Self) {
        let folding = other.folding.lock().take();
        if let (Some(folding), Some(serving)) = (folding, other.serving()) {
            drop(self.serve(serving.table.clone(), folding));
            self.changed.send_modify(|_| {});
        }
    }

    /// Restarts at the table's position, if a failure left the fold ahead of it.
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

    /// A restarted fold has another memory than the one that answers.
    fn replace_memory(&self, folding: &Folding) {
        let mut serving = self.serving.write();
        if let Some(serving) = serving.as_mut() {
            let overlay = Arc::clone(folding.overlay());
            let replaced = Serving::new(serving.table.clone(), overlay, folding.fold().memory());
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
        let Some(serving) = self.serving() else {
            return Ok(());
        };
        // Not under the lock of the fold: it goes on while the disk is busy.
        let written = serving.overlay.commit();
        match &written {
            // It was replaced meanwhile, with everything it held.
            Err(_) if !self.is_serving(&serving) => return Ok(()),
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

    fn is_serving(&self, serving: &Arc<Serving>) -> bool {
        let now = self.serving();
        now.is_some_and(|now| Arc::ptr_eq(&now, serving))
    }

    pub(crate) fn note_failure(&self, error: &TableError) {
        if let Some(serving) = self.serving() {
            serving.note(error);
        }
        self.notes.lock().error = Some(error.to_string());
    }

    fn note_progress(&self, folding: &Folding) {
        let checkpoint = folding.checkpoint();
        let mut notes = self.notes.lock();
        notes.position = checkpoint.position;
        notes.answers_from = notes.answers_from.max(checkpoint.position);
        notes.recorded_at = checkpoint.recorded_at;
        notes.faults = checkpoint.faults;
    }
}
