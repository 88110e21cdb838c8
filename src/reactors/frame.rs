//! What every reactor needs: work from a view, a bound on how much is done at once, attempts with a
//! wait between them, and an end that loses nothing.
//!
//! The frame keeps no checkpoint. What is due is a fold of the log, and a piece of work leaves it
//! only by an event that is durable, so work that is under way when the process dies is simply due
//! again. That makes every reaction *at least once*; that its result is written *once* is the
//! decider's part.
//!
//! A [`Reaction`] lists due work and does one attempt. It distinguishes two kinds of failures: one
//! outside counts as an attempt and becomes an event, one inside (our own log is busy) does not
//! count and is retried soon.

mod backoff;
mod held;
mod reaction;
mod run;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use commands::Clock;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use backoff::Backoff;
pub use reaction::{Failure, Reaction, Trouble, Verdict, Work};
pub use stats::{FrameStats, StatsReading};

/// How much a reactor does at once, how often it tries, and how long it waits.
#[derive(Clone, Debug)]
pub struct FrameConfig {
    /// Most attempts under way at once.
    pub concurrency: usize,
    /// Attempts per piece of work; after the last it is abandoned.
    pub attempts_max: u32,
    /// Longest wait after the first failure; twice as long after every other.
    pub backoff_base: Duration,
    /// Longest wait of all.
    pub backoff_max: Duration,
    /// How often the view is queried without a notification.
    pub poll: Duration,
    /// How long attempts under way may go on when the reactor is stopped.
    pub grace: Duration,
    /// Makes the waits repeatable, for tests.
    pub seed: Option<u64>,
}

impl Default for FrameConfig {
    fn default() -> Self {
        Self {
            concurrency: 8,
            attempts_max: 10,
            backoff_base: Duration::from_secs(2),
            backoff_max: Duration::from_secs(600),
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(10),
            seed: None,
        }
    }
}

/// A reactor at work. Dropping it ends it at once, as a crash would; nothing is lost by that.
#[derive(Debug)]
pub struct Running {
    stats: Arc<FrameStats>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Starts a reactor. It ends when `stop` is cancelled, after the attempts under way have ended
    /// or [`FrameConfig::grace`] is over. `changed` moves whenever something new may be due.
    pub fn start<R: Reaction, T: Send + Sync + 'static>(
        reaction: R,
        config: FrameConfig,
        clock: Clock,
        changed: watch::Receiver<T>,
        stop: CancellationToken,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let stats = Arc::new(FrameStats::default());
        let run = run::Run::new(
            Arc::new(reaction),
            config,
            clock,
            Arc::clone(&stats),
            Arc::clone(&wake),
            stop.clone(),
        );
        let run = run.until_stopped_whatever_happens(changed);
        Self {
            stats,
            wake,
            stop,
            task: tokio::spawn(run),
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn stats(&self) -> StatsReading {
        self.stats.read()
    }

    /// Wakes it, for example because a fixed clock was moved.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Takes no more work, and returns when what is under way has ended or was left to the next
    /// start.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "a reactor ended with an error: {error}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
