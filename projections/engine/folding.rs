//! One fold under way: its state, its table, and how far it is.

use std::sync::Arc;

use eventlog::Position;
use tables::{Overlay, TableError};

use super::checkpoint::{self, Checkpoint};
use super::envelope::Envelope;
use super::fold::Fold;
use super::kind::Kind;
use super::page::{DecodedPage, Reading};
use super::projection::SnapshotDue;
use super::rows::Rows;

/// One fold under way.
pub(crate) struct Folding {
    kind: Kind,
    fold: Box<dyn Fold>,
    overlay: Arc<Overlay>,
    /// How far the fold is, in memory; the table's own may be behind when the view answers from memory.
    checkpoint: Checkpoint,
    /// Whether the table's checkpoint is this one.
    saved: bool,
    /// Whether the fold has taken note of something that its table did not take.
    is_ahead: bool,
}

impl Folding {
    /// Resumes at the table's position.
    pub(crate) fn resume(
        kind: &Kind,
        overlay: Arc<Overlay>,
        checkpoint: Checkpoint,
    ) -> Result<Self, TableError> {
        let mut fold = kind.begin();
        let mut rows = Rows::new(overlay.rows());
        fold.load(&mut rows);
        rows.publish()?;
        Ok(Self {
            kind: kind.clone(),
            fold,
            overlay,
            checkpoint,
            saved: true,
            is_ahead: false,
        })
    }

    pub(crate) fn position(&self) -> Position {
        self.checkpoint.position
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub(crate) fn overlay(&self) -> &Arc<Overlay> {
        &self.overlay
    }

    pub(crate) fn fold(&self) -> &dyn Fold {
        &*self.fold
    }

    /// Folds what the page holds after this fold's position, and makes it visible at once. Returns whether
    /// any row was written.
    ///
    /// # Errors
    /// When the table failed; nothing of the page is visible then, and [`Folding::reload`] comes next.
    pub(crate) fn fold_page(&mut self, page: &DecodedPage) -> Result<bool, TableError> {
        // A later page leaves a gap: the next one is read from here.
        let is_elsewhere =
            page.next <= self.checkpoint.position || page.after > self.checkpoint.position;
        if is_elsewhere || self.is_ahead {
            return Ok(false);
        }
        self.is_ahead = true;
        let mut checkpoint = self.checkpoint.clone();
        let mut rows = Rows::new(self.overlay.rows());
        for (recorded, reading) in &page.events {
            if recorded.position <= self.checkpoint.position {
                continue;
            }
            match reading {
                Reading::Event(event) => {
                    self.fold.apply(&Envelope::new(recorded, event), &mut rows);
                }
                Reading::Fault => checkpoint.faults += 1,
                Reading::Unwanted => {}
            }
            if rows.failed() {
                break;
            }
            checkpoint.last = Some((recorded.position, recorded.id));
            checkpoint.recorded_at = recorded.recorded_at.as_microsecond();
        }
        self.fold.flush(&mut rows);
        checkpoint.position = page.next;
        let written = rows.written() > 0;
        self.saved = match self.fold.snapshot_due(page.next) {
            SnapshotDue::Later => false,
            SnapshotDue::Always => true,
            SnapshotDue::Now => {
                self.fold.snapshot(&mut rows);
                true
            }
        };
        if self.saved {
            rows.put(checkpoint::KEY, &checkpoint);
        }
        rows.publish()?;
        self.is_ahead = false;
        self.checkpoint = checkpoint;
        Ok(written)
    }

    /// Writes down what is only in memory, with its checkpoint.
    pub(crate) fn save(&mut self) -> Result<(), TableError> {
        if self.is_ahead {
            let reason = "the fold has to begin again first".to_owned();
            return Err(TableError::Unavailable { reason });
        }
        if !self.saved {
            // A model that believes itself written down, and is not, begins again as well.
            self.is_ahead = true;
            let mut rows = Rows::new(self.overlay.rows());
            self.fold.snapshot(&mut rows);
            rows.put(checkpoint::KEY, &self.checkpoint);
            rows.publish()?;
            self.is_ahead = false;
            self.saved = true;
        }
        Ok(())
    }

    /// From now on this table answers.
    pub(crate) fn begin_to_serve(&mut self) -> Result<(), TableError> {
        self.checkpoint.serving = true;
        self.saved = false;
        self.save()
    }

    /// Whether [`Folding::reload`] comes next.
    pub(crate) fn is_ahead(&self) -> bool {
        self.is_ahead
    }

    /// Begins again at what is visible, after a failure.
    pub(crate) fn reload(&mut self) -> Result<(), TableError> {
        let checkpoint = Checkpoint::read(&*self.overlay)?
            .unwrap_or_else(|| Checkpoint::start(&self.kind, self.checkpoint.serving));
        *self = Self::resume(&self.kind, Arc::clone(&self.overlay), checkpoint)?;
        Ok(())
    }
}
