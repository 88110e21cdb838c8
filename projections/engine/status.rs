//! How far the views are.

use eventlog::Position;
use jiff::Timestamp;
use serde::Serialize;
use tables::TableError;

use super::fault::FoldFault;
use super::slot::Slot;
use super::steps::Engine;

/// How far one view is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectionStatus {
    pub name: &'static str,
    pub version: u32,
    /// Everything up to here is in its answers.
    pub position: Position,
    /// How far the log's head is ahead, in positions.
    pub lag_events: u64,
    /// How long ago the last folded event was recorded, in seconds; 0 at the head.
    pub lag_seconds: f64,
    /// Positions per second over the last measured second.
    pub rate: f64,
    /// How many events it skipped because no decoder knows them.
    pub faults: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<FoldFault>,
    /// Why its table could not be written or read when that was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub state: ProjectionState,
}

impl ProjectionStatus {
    /// Whether it can be read and written, and is at the head, or less than a page behind.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let is_near = match self.state {
            ProjectionState::Live => true,
            ProjectionState::Rebuilding { answers, .. } => answers,
            ProjectionState::CatchingUp | ProjectionState::Broken => false,
        };
        is_near && self.error.is_none()
    }
}

/// The state of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProjectionState {
    /// At the head, or less than a page behind.
    Live,
    /// Further behind than a page.
    CatchingUp,
    /// Being rebuilt.
    Rebuilding {
        /// How far the new one is.
        position: Position,
        /// How far it has to come.
        target: Position,
        /// Whether the old rows can be read and answer meanwhile.
        answers: bool,
    },
    /// It has no table to answer from, and its rebuild failed.
    Broken,
}

impl Engine {
    /// How far each view is.
    pub fn statuses(&self) -> Vec<ProjectionStatus> {
        let (head, now) = (self.log.head(), (self.config.clock)());
        let failure = self.tables.failure();
        self.slots
            .iter()
            .map(|slot| self.status(slot, head, now, failure.as_ref()))
            .collect()
    }

    fn status(
        &self,
        slot: &Slot,
        head: Position,
        now: Timestamp,
        failure: Option<&TableError>,
    ) -> ProjectionStatus {
        let answers = slot.answers();
        let notes = slot.notes.lock();
        let lag_events = head.0.saturating_sub(notes.position.0);
        let recorded_at = Timestamp::from_microsecond(notes.recorded_at).unwrap_or(now);
        let lag_seconds = match lag_events {
            0 => 0.0,
            _ => now.duration_since(recorded_at).as_secs_f64().max(0.0),
        };
        let is_absent = slot.serving().is_none();
        let rebuilding = notes.rebuild.as_ref().filter(|handle| handle.is_running());
        let state = match rebuilding {
            Some(handle) => {
                let progress = handle.progress.borrow();
                let (position, target) = (progress.position, progress.target);
                ProjectionState::Rebuilding {
                    position,
                    target,
                    answers,
                }
            }
            None if is_absent => ProjectionState::Broken,
            None if !answers || lag_events > self.config.page_events as u64 => {
                ProjectionState::CatchingUp
            }
            None => ProjectionState::Live,
        };
        ProjectionStatus {
            name: slot.kind.name,
            version: slot.kind.version,
            position: notes.position,
            lag_events,
            lag_seconds,
            rate: notes.rate,
            faults: notes.faults,
            last_fault: notes.last_fault.clone().filter(|_| notes.faults > 0),
            error: failure.map(ToString::to_string).or(notes.error.clone()),
            state,
        }
    }
}
