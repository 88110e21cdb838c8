//! What workers say on their own about runs and kill requests.
//!
//! A hint and no more: the same stands in the log as soon as the worker has told it over HTTP, which may be
//! half a second earlier or later. Nothing is decided from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::zmtp::{PortLimits, PortReading, Subscriber};

/// With what every message begins.
const ADDRESS: &str = "worker.event";

/// How many hints wait for somebody who is slow to listen; the oldest are forgotten.
const HINTS_MAX: usize = 1024;

/// What a worker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WorkerEvent {
    /// About a run.
    Run {
        /// What happened to it.
        event: RunHint,
        /// Which.
        run_id: u64,
    },
    /// About a kill request.
    KillRequest {
        /// What happened to it.
        event: KillHint,
        /// Which.
        kill_request_id: u64,
    },
}

/// What may happen to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunHint {
    /// A worker has claimed it.
    Enqueued,
    /// A worker executes it.
    Started,
    /// It is over.
    Returned,
}

/// What may happen to a kill request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillHint {
    /// A worker has taken note of it.
    Enqueued,
    /// A worker has carried it out.
    Executed,
}

/// Listens to workers. Clones are the same.
#[derive(Clone)]
pub struct WorkerEvents {
    subscriber: Subscriber,
    hints: broadcast::Sender<WorkerEvent>,
    not_understood: Arc<AtomicU64>,
}

impl WorkerEvents {
    /// Ears that nobody can reach yet.
    #[must_use]
    pub fn new(limits: PortLimits) -> Self {
        let hints = broadcast::Sender::new(HINTS_MAX);
        let not_understood = Arc::new(AtomicU64::new(0));
        let (tell, count) = (hints.clone(), Arc::clone(&not_understood));
        let subscriber = Subscriber::new(ADDRESS, limits, move |message| match read(&message) {
            // Without listeners there is nobody to tell.
            Some(event) => drop(tell.send(event)),
            None => {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            subscriber,
            hints,
            not_understood,
        }
    }

    /// The socket to be served.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        self.subscriber.clone()
    }

    /// What workers say from now on.
    #[must_use]
    pub fn hints(&self) -> broadcast::Receiver<WorkerEvent> {
        self.hints.subscribe()
    }

    /// What went through the port so far.
    #[must_use]
    pub fn stats(&self) -> PortReading {
        self.subscriber.stats()
    }

    /// Messages that say nothing we know.
    #[must_use]
    pub fn not_understood(&self) -> u64 {
        self.not_understood.load(Ordering::Relaxed)
    }
}

/// What a message says; none when it is not what workers say.
fn read(message: &[Bytes]) -> Option<WorkerEvent> {
    match message {
        [address, body] if &address[..] == ADDRESS.as_bytes() => serde_json::from_slice(body).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
