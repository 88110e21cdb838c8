//! The settings of the engine, and why it cannot start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use eventlog::ReadError;
use jiff::Timestamp;
use tables::TableError;
use thiserror::Error;

/// The settings of the engine.
#[derive(Clone)]
pub struct EngineConfig {
    /// The most events that are folded at once.
    pub page_events: usize,
    /// After how many events what was folded is written to the tables.
    pub commit_events: u64,
    /// After how long it is written at the latest, and how often it is made to survive a power cut.
    pub commit_interval: Duration,
    /// The time, for lags; no row depends on it.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl EngineConfig {
    /// The defaults: pages of 2048 events, written every 16 384 events and, with what is left, made durable every second.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            page_events: 2048,
            commit_events: 16 * 1024,
            commit_interval: Duration::from_secs(1),
            clock: Arc::new(clock),
        }
    }
}

impl fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineConfig")
            .field("page_events", &self.page_events)
            .field("commit_events", &self.commit_events)
            .field("commit_interval", &self.commit_interval)
            .finish_non_exhaustive()
    }
}

/// Why views cannot be kept.
#[derive(Debug, Error)]
pub enum StartError {
    /// The tables cannot be opened; damage to one of them is no such reason.
    #[error("the views cannot be opened: {0}")]
    Tables(#[from] TableError),
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The operating system gave no thread.
    #[error("the views cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}
