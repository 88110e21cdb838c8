//! Messages of workers about runs and kill requests.
//!
//! The log has the same as soon as the worker has reported it over HTTP, which may be half a second
//! earlier or later. So nothing is decided from it; it is only logged, for diagnosis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::Deserialize;

use zmtp::{PortLimits, PortReading, Subscriber};

/// With what every message begins.
const ADDRESS: &str = "worker.event";

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum WorkerEvent {
    Run {
        event: RunHint,
        run_id: u64,
    },
    KillRequest {
        event: KillHint,
        kill_request_id: u64,
    },
}

/// What may happen to a run.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RunHint {
    /// A worker has claimed it.
    Enqueued,
    /// A worker executes it.
    Started,
    Returned,
}

/// What may happen to a kill request.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KillHint {
    /// A worker has taken note of it.
    Enqueued,
    /// A worker has carried it out.
    Executed,
}

/// Listens to workers. Clones are the same.
#[derive(Clone)]
pub struct WorkerEvents {
    subscriber: Subscriber,
    not_understood: Arc<AtomicU64>,
}

impl WorkerEvents {
    /// Subscriptions that are not reachable yet.
    #[must_use]
    pub fn new(limits: PortLimits) -> Self {
        let not_understood = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&not_understood);
        let subscriber = Subscriber::new(ADDRESS, limits, move |message| match read(&message) {
            Some(event) => note(&event),
            None => {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            subscriber,
            not_understood,
        }
    }

    /// The socket to be served.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        self.subscriber.clone()
    }

    /// What went through the port so far.
    #[must_use]
    pub fn stats(&self) -> PortReading {
        self.subscriber.stats()
    }

    /// The number of unknown messages.
    #[must_use]
    pub fn not_understood(&self) -> u64 {
        self.not_understood.load(Ordering::Relaxed)
    }
}

fn note(event: &WorkerEvent) {
    match event {
        WorkerEvent::Run { event, run_id } => {
            tracing::debug!(
                run = run_id,
                ?event,
                "a worker reports that run {run_id} is {event:?}"
            );
        }
        WorkerEvent::KillRequest {
            event,
            kill_request_id: kill,
        } => {
            tracing::debug!(
                kill,
                ?event,
                "a worker reports that kill request {kill} is {event:?}"
            );
        }
    }
}

/// Reads a message; none when it is not one of a worker.
fn read(message: &[Bytes]) -> Option<WorkerEvent> {
    match message {
        [address, body] if &address[..] == ADDRESS.as_bytes() => serde_json::from_slice(body).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
