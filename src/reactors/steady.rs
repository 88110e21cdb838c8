//! A loop that is restarted after a panic, until the process stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// The wait after a first panic; twice as long after every other.
const PANIC_WAIT: Duration = Duration::from_millis(200);

/// The longest of these waits.
const PANIC_WAIT_MAX: Duration = Duration::from_secs(30);

/// A loop at work. Dropping it ends it at once, as a crash would; nothing is lost by that, for all
/// it knows is in the log.
#[derive(Debug)]
pub(crate) struct Steady {
    wake: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Steady {
    /// Starts it. `begin` creates the loop, and again after a panic: a reactor that silently does
    /// nothing would not be noticed. It receives what wakes it early, and what ends it.
    pub(crate) fn start<F>(
        name: &'static str,
        stop: CancellationToken,
        begin: impl Fn(Arc<Notify>, CancellationToken) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let wake = Arc::new(Notify::new());
        let (woken, stopped) = (Arc::clone(&wake), stop.clone());
        let task = tokio::spawn(async move {
            let mut wait = PANIC_WAIT;
            loop {
                // A set of one ends what is in it when it is dropped; a bare task would go on.
                let mut task = JoinSet::new();
                task.spawn(begin(Arc::clone(&woken), stopped.clone()));
                match task.join_next().await {
                    Some(Err(error)) if error.is_panic() => {
                        tracing::error!(reactor = name, "{name} panicked and is restarted");
                    }
                    _ => return,
                }
                if rest(&stopped, wait).await.is_err() {
                    return;
                }
                wait = PANIC_WAIT_MAX.min(wait * 2);
            }
        });
        Self { wake, stop, task }
    }

    /// Wakes it, for example because a fixed clock was moved.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends it, and returns when it has ended.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "a reactor ended with an error: {error}");
        }
    }
}

impl Drop for Steady {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The order to stop came while there was nothing to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped;

/// Does nothing for a while.
pub(crate) async fn rest(stop: &CancellationToken, wait: Duration) -> Result<(), Stopped> {
    tokio::select! {
        () = stop.cancelled() => Err(Stopped),
        () = tokio::time::sleep(wait) => Ok(()),
    }
}
