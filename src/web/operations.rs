//! Long operations that one caller starts and others may watch.
//!
//! The registry lives as long as the process and holds no facts: what an operation changed is in
//! the log or can be rebuilt from it.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many operations are remembered, those at work included.
pub const OPERATIONS_MAX: usize = 256;

/// The state of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OperationState {
    /// Its id.
    pub id: Uuid,
    /// What it does: `rebuild`, …
    pub kind: String,
    /// On what.
    pub subject: String,
    /// Whether it is still at work, and how it ended otherwise.
    pub status: OperationStatus,
    /// How much is done, in the work's own unit.
    pub done: u64,
    /// How much there is to do, as far as that is known.
    pub total: Option<u64>,
    /// What it is doing, what came out, or why it failed.
    pub message: Option<String>,
    /// The id of what came out, if something did that has one.
    pub result: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

/// Whether an operation is still at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// At work.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended otherwise.
    Failed,
}

/// Every operation that the process remembers. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Operations(Arc<Mutex<VecDeque<Remembered>>>);

#[derive(Clone, Debug)]
struct Remembered {
    id: Uuid,
    state: watch::Receiver<OperationState>,
}

/// The side that does the work. If it is dropped unfinished, the operation has failed.
#[derive(Debug)]
pub struct OperationHandle {
    state: watch::Sender<OperationState>,
}

impl Operations {
    /// Takes up an operation. `None` when as many as are remembered are all still at work.
    #[must_use]
    pub fn start(&self, kind: &str, subject: &str, at: Timestamp) -> Option<OperationHandle> {
        let id = Uuid::now_v7();
        let (sender, state) = watch::channel(OperationState {
            id,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            status: OperationStatus::Running,
            done: 0,
            total: None,
            message: None,
            result: None,
            started_at: at,
            ended_at: None,
        });
        let mut all = self.0.lock();
        if all.len() >= OPERATIONS_MAX {
            let over = |known: &Remembered| known.state.borrow().status != OperationStatus::Running;
            let oldest = all.iter().position(over)?;
            all.remove(oldest);
        }
        all.push_back(Remembered { id, state });
        Some(OperationHandle { state: sender })
    }

    /// The state of an operation.
    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<OperationState> {
        self.watch(id).map(|state| state.borrow().clone())
    }

    /// An operation as it goes on.
    #[must_use]
    pub fn watch(&self, id: Uuid) -> Option<watch::Receiver<OperationState>> {
        let all = self.0.lock();
        all.iter()
            .find(|known| known.id == id)
            .map(|known| known.state.clone())
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn list(&self) -> Vec<OperationState> {
        self.0
            .lock()
            .iter()
            .rev()
            .map(|known| known.state.borrow().clone())
            .collect()
    }
}

/// Reports the progress of an operation, from another thread than the one that ends it.
#[derive(Clone, Debug)]
pub struct OperationReporter(watch::Sender<OperationState>);

impl OperationReporter {
    /// Reports the progress.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.0.send_modify(|state| {
            state.done = done;
            state.total = total;
        });
    }
}

impl OperationHandle {
    /// The operation's id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.state.borrow().id
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> OperationState {
        self.state.borrow().clone()
    }

    /// Reports the progress.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.reporter().progress(done, total);
    }

    /// Another reporter of the progress.
    #[must_use]
    pub fn reporter(&self) -> OperationReporter {
        OperationReporter(self.state.clone())
    }

    /// Names what came out.
    pub fn result(&self, id: &str) {
        self.state
            .send_modify(|state| state.result = Some(id.to_owned()));
    }

    /// Ends it well.
    pub fn succeed(self, message: impl Into<String>, at: Timestamp) {
        self.end(OperationStatus::Succeeded, message.into(), at);
    }

    /// Ends it otherwise. The reason is read by clients.
    pub fn fail(self, reason: impl Into<String>, at: Timestamp) {
        self.end(OperationStatus::Failed, reason.into(), at);
    }

    fn end(&self, status: OperationStatus, message: String, at: Timestamp) {
        self.state.send_modify(|state| {
            state.status = status;
            state.message = Some(message);
            state.ended_at = Some(at);
        });
    }
}

impl Drop for OperationHandle {
    fn drop(&mut self) {
        self.state.send_if_modified(|state| {
            let running = state.status == OperationStatus::Running;
            if running {
                state.status = OperationStatus::Failed;
                state.message = Some("the work was given up".to_owned());
            }
            running
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_operation_is_seen_from_its_start_to_its_end() {
        let operations = Operations::default();
        let work = operations.start("rebuild", "builds", noon()).unwrap();
        let id = work.id();
        work.progress(5, Some(10));
        assert_eq!(operations.get(id).unwrap().done, 5);
        work.succeed("10 events", noon());
        let state = operations.get(id).unwrap();
        assert_eq!(
            (state.status, state.ended_at),
            (OperationStatus::Succeeded, Some(noon()))
        );
    }

    #[test]
    fn work_that_is_dropped_has_failed() {
        let operations = Operations::default();
        let id = operations.start("rebuild", "builds", noon()).unwrap().id();
        assert_eq!(operations.get(id).unwrap().status, OperationStatus::Failed);
    }

    #[test]
    fn the_registry_forgets_the_oldest_that_is_over_and_never_one_at_work() {
        let operations = Operations::default();
        let mut at_work: Vec<_> = (0..OPERATIONS_MAX)
            .map(|_| operations.start("rebuild", "builds", noon()).unwrap())
            .collect();
        assert!(
            operations
                .start("rebuild", "one too many", noon())
                .is_none()
        );
        let over = at_work.remove(7);
        let id = over.id();
        over.succeed("", noon());
        assert!(operations.start("rebuild", "another", noon()).is_some());
        assert!(operations.get(id).is_none());
        assert_eq!(operations.list().len(), OPERATIONS_MAX);
    }
}
