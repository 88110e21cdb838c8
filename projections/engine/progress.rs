//! The progress of a rebuild, for those who started it and for its status.

use eventlog::Position;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::watch;

/// Why a rebuild was not started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RebuildError {
    /// No view has this name.
    #[error("there is no view `{0}`")]
    Unknown(String),
    /// The operating system gave no thread.
    #[error("the rebuild cannot start a thread: {0}")]
    Thread(String),
    /// The views are shut down.
    #[error("the views are shut down")]
    Shutdown,
}

/// The progress of a rebuild.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RebuildProgress {
    /// Everything up to here is in the new rows.
    pub position: Position,
    /// The log's head when that was last looked at.
    pub target: Position,
    /// Positions per second since the beginning; 0 until it has been measured.
    pub rate: f64,
    /// Whether it is over.
    pub done: bool,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// A rebuild that was started. Dropping the handle does not stop it.
#[derive(Clone, Debug)]
pub struct RebuildHandle {
    pub progress: watch::Receiver<RebuildProgress>,
}

impl RebuildHandle {
    /// Waits until it is over and returns its last progress.
    pub async fn finished(mut self) -> RebuildProgress {
        // A thread that dies drops its sender, which ends this wait too.
        let _ = self.progress.wait_for(|progress| progress.done).await;
        self.progress.borrow().clone()
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.progress.borrow().done && self.progress.has_changed().is_ok()
    }
}
