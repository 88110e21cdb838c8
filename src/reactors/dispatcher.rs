//! Tells workers what to run, and what to kill.
//!
//! Nobody answers what is published, so it is said again in every round until the log shows that a worker
//! has taken note. What follows from sending a run is in the log before it is sent: its job's next occasion,
//! and the runs of which it becomes one for each worker. A run that takes longer than its job allows is asked to be
//! killed here as well, once, and then like any other. A crash between any two steps is mended by the next
//! round, which finds the run still unclaimed.
//!
//! [`plan`] says what a round does, from facts in [`farm`]; `round` gathers the facts and does it.

pub mod farm;
pub mod overdue;
pub mod plan;

mod messages;
mod round;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use commands::{Commands, LogLimit};
use domain::schedule::Patience;
use domain::{Actor, Metadata};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::Views;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Faults;
use crate::steady::{Steady, rest};
use crate::zmtp::Publisher;
use plan::Told;
use round::Killed;
pub use stats::DispatcherReading;
use stats::Stats;

/// Trouble is logged once per cause and minute.
static LIMIT: LogLimit = LogLimit::new();

/// The shortest time between two rounds: a farm that is busy needs no thousand looks a second.
const PAUSE: Duration = Duration::from_millis(50);

/// How much longer a pause is than the round before it: news is sent at once, and a farm that is so large
/// that looking takes long is not looked at all the time.
const PAUSE_ROUNDS: u32 = 4;

/// How long nothing is done after a round that failed.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// When a dispatcher does what.
#[derive(Clone, Debug)]
pub struct DispatcherConfig {
    /// Where local times are local.
    pub zone: TimeZone,
    /// How often what nobody has taken note of is said again.
    pub round: Duration,
    /// How often every worker is pinged.
    pub ping: Duration,
    /// How long subscribers have to come back before anything is said.
    pub settle: Duration,
    /// How long a worker may be silent and still be preferred.
    pub patience: Patience,
    /// How long the views may take to know what is in the log.
    pub views_within: Duration,
    /// Where it is to die, in tests.
    pub faults: Faults,
}

impl Default for DispatcherConfig {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            round: Duration::from_secs(5),
            ping: Duration::from_secs(300),
            settle: Duration::from_secs(2),
            patience: Patience::default(),
            views_within: Duration::from_secs(10),
            faults: Faults::default(),
        }
    }
}

/// A dispatcher at work. Dropping it ends it at once, as a crash would.
#[derive(Debug)]
pub struct Dispatcher {
    stats: Arc<Stats>,
    steady: Steady,
}

struct Inner {
    commands: Commands,
    views: Views,
    publisher: Publisher,
    config: DispatcherConfig,
    stats: Arc<Stats>,
}

impl Dispatcher {
    /// Starts it. It ends when `stop` is cancelled.
    #[must_use]
    pub fn start(
        commands: Commands,
        views: Views,
        publisher: Publisher,
        config: DispatcherConfig,
        stop: CancellationToken,
    ) -> Self {
        let stats = Arc::new(Stats::default());
        let inner = Arc::new(Inner {
            commands,
            views,
            publisher,
            config,
            stats: Arc::clone(&stats),
        });
        let steady = Steady::start("the dispatcher", stop, move |wake, stop| {
            let inner = Arc::clone(&inner);
            async move { inner.until_stopped(&wake, &stop).await }
        });
        Self { stats, steady }
    }

    /// What was done so far.
    #[must_use]
    pub fn stats(&self) -> DispatcherReading {
        self.stats.read()
    }

    /// Says that something may be due by now, for example because a fixed clock was moved.
    pub fn wake(&self) {
        self.steady.wake();
    }

    /// Ends it, and returns when it has ended.
    pub async fn stop(self) {
        self.steady.stop().await;
    }
}

impl Inner {
    async fn until_stopped(&self, wake: &Notify, stop: &CancellationToken) {
        if rest(stop, self.config.settle).await.is_err() || !self.knows_what_was(stop).await {
            return;
        }
        let mut told = Told::default();
        let mut killed = Killed::default();
        let mut runs = Changes(Some(self.views.runs().changed()));
        let mut roster = Changes(Some(self.views.roster().changed()));
        let mut ping_at = Instant::now();
        let mut again_at = Instant::now();
        loop {
            let begun = Instant::now();
            if begun >= ping_at && self.ping().await {
                ping_at = begun + self.config.ping;
            }
            let again = begun >= again_at;
            if again {
                again_at = begun + self.config.round;
            }
            let done = self.round(&mut told, &mut killed, again).await;
            self.stats.round_took(begun.elapsed());
            let mut time_up = None;
            let pause = match done {
                Ok(next) => {
                    time_up = next;
                    PAUSE.max(begun.elapsed() * PAUSE_ROUNDS)
                }
                Err(error) => {
                    self.stats.round_failed();
                    if let Some(suppressed) = LIMIT.admit(&error) {
                        tracing::warn!(
                            reactor = "dispatcher",
                            error,
                            suppressed,
                            "a round failed: {error}"
                        );
                    }
                    again_at = Instant::now();
                    TROUBLE_PAUSE
                }
            };
            let wait = self.until_next(time_up).unwrap_or(self.config.round);
            let until = again_at.min(ping_at).min(begun + wait);
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified() => {}
                () = runs.next() => {}
                () = roster.next() => {}
                () = tokio::time::sleep_until(until) => {}
            }
            let pause = pause.min(self.config.round.max(PAUSE));
            if rest(stop, pause).await.is_err() {
                return;
            }
        }
    }

    /// How long until the next run is due, or the time of one is up.
    fn until_next(&self, time_up: Option<Timestamp>) -> Option<Duration> {
        let now = self.commands.clock().now();
        let due = self.views.runs().next_due(now);
        let next = due.into_iter().chain(time_up).min()?;
        // What is up by now waits no longer.
        Some(Duration::try_from(next.duration_since(now)).unwrap_or_default())
    }
}

/// News of a view, as long as there is a view.
struct Changes<T>(Option<watch::Receiver<T>>);

impl<T> Changes<T> {
    async fn next(&mut self) {
        match &mut self.0 {
            // Without a sender nothing will change any more, and asking would answer at once for ever.
            Some(changes) => {
                if changes.changed().await.is_err() {
                    self.0 = None;
                }
            }
            None => std::future::pending().await,
        }
    }
}

fn metadata() -> Metadata {
    Metadata {
        actor: Some(Actor::system("dispatcher")),
        dialect: Some("reactor".to_owned()),
        ..Metadata::default()
    }
}
