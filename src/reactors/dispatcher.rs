//! Sends workers the runs to execute and to kill.
//!
//! Published messages have no reply, so they are repeated, less and less often, until the log shows
//! that a worker has taken note. A worker is offered no more at once than it can take soon; pings
//! and kill requests go first. The consequences of sending a run are in the log before it is sent:
//! its job's next occasion, and one run for each worker of a spread run. A run that exceeds its
//! timeout gets a kill request here as well, once. After a crash between any two steps the next
//! round finds the run still unclaimed and repeats them.
//!
//! [`plan`] decides what a round does, from facts in [`farm`]; `round` gathers the facts and does
//! it.

pub mod farm;
pub mod offers;
pub mod overdue;
pub mod plan;
pub mod run_times;

mod connected;
mod kept;
mod messages;
mod round;
mod set_back;
mod stats;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use commands::{Commands, LogLimit};
use domain::{Actor, Metadata};
use jiff::tz::TimeZone;
use projections::{RosterView, Runs, Views};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Faults;
use crate::boot::Boot;
use crate::liveness::Liveness;
use crate::steady::{Steady, rest};
use round::Memory;
use run_times::{Kept, RunTimes};
pub use stats::DispatcherReading;
use stats::Stats;
use zmtp::Publisher;

/// Trouble is logged once per cause and minute.
static LIMIT: LogLimit = LogLimit::new();

/// The shortest time between two rounds: a farm that is busy needs no thousand looks a second.
const PAUSE: Duration = Duration::from_millis(50);

/// How much longer a pause is than the round before it: news is sent at once, and a farm that is so
/// large that looking takes long is not looked at all the time.
const PAUSE_ROUNDS: u32 = 4;

/// The shortest time between two writes of the run times while runs come and go, and the longest
/// while they do not.
const KEEP_EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

/// How long nothing is done after a round that failed.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// When a dispatcher does what.
#[derive(Clone, Debug)]
pub struct DispatcherConfig {
    /// Where local times are local.
    pub zone: TimeZone,
    /// How often unacknowledged messages are repeated.
    pub round: Duration,
    /// How often every worker is pinged.
    pub ping: Duration,
    /// How long subscribers have to reconnect before anything is sent.
    pub settle: Duration,
    /// The file in which it is kept for how long runs have been executed; nowhere when there is
    /// none.
    pub run_times: Option<PathBuf>,
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
            run_times: None,
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
    liveness: Liveness,
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
        liveness: Liveness,
        config: DispatcherConfig,
        stop: CancellationToken,
    ) -> Self {
        let stats = Arc::new(Stats::default());
        let inner = Arc::new(Inner {
            commands,
            views,
            publisher,
            liveness,
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

    /// Wakes it, for example because a fixed clock was moved.
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
        let kept = kept::load(self.config.run_times.clone()).await;
        let awake = self.liveness.awake().now();
        let mut memory = Memory {
            times: RunTimes::resume(&kept, Boot::now().as_ref(), awake),
            ..Memory::default()
        };
        self.go_round(&mut memory, kept, wake, stop).await;
        if let Some(path) = self.config.run_times.clone() {
            kept::save(path, self.to_keep(&memory)).await;
        }
    }

    async fn go_round(
        &self,
        memory: &mut Memory,
        mut kept: Kept,
        wake: &Notify,
        stop: &CancellationToken,
    ) {
        let mut runs = Changes(Some(self.views.changed::<Runs>()));
        let mut roster = Changes(Some(self.views.changed::<RosterView>()));
        let mut ping_at = Instant::now();
        let mut again_at = Instant::now();
        let mut kept_at = Instant::now();
        loop {
            let begun = Instant::now();
            if begun >= ping_at && self.ping(memory).await {
                ping_at = begun + self.config.ping;
            }
            let welcome_at = self.welcome(memory);
            let again = begun >= again_at;
            if again {
                again_at = begun + self.config.round;
                memory.offers.begin_round();
                memory.kills.begin_round();
            }
            let done = self.round(memory, again).await;
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
                            "a dispatcher round failed: {error}"
                        );
                    }
                    again_at = Instant::now();
                    TROUBLE_PAUSE
                }
            };
            if let Some(path) = &self.config.run_times
                && self.is_to_keep(memory, &kept, kept_at.elapsed())
            {
                (kept, kept_at) = (self.to_keep(memory), Instant::now());
                kept::save(path.clone(), kept.clone()).await;
            }
            let wait = self.until_next(time_up).unwrap_or(self.config.round);
            let until = again_at.min(ping_at).min(begun + wait);
            let until = welcome_at.map_or(until, |at| until.min(at));
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified() => {}
                () = runs.next() => {}
                () = roster.next() => {}
                () = self.publisher.subscribed() => {}
                () = tokio::time::sleep_until(until) => {}
            }
            let pause = pause.min(self.config.round.max(PAUSE));
            if rest(stop, pause).await.is_err() {
                return;
            }
        }
    }

    /// How long until the next run is due, or the time of one is up.
    fn until_next(&self, time_up: Option<Duration>) -> Option<Duration> {
        let now = self.commands.clock().now();
        // Without the view nothing is known to be due; its news wakes the dispatcher.
        let due = self
            .views
            .of::<Runs>()
            .ok()
            .and_then(|runs| runs.next_due(now));
        // What is due by now waits no longer.
        let due = due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
        due.into_iter().chain(time_up).min()
    }

    fn to_keep(&self, memory: &Memory) -> Kept {
        let awake = self.liveness.awake().now();
        memory.times.keep(Boot::now(), awake)
    }

    /// Whether the run times are to be kept again so long after the last time.
    fn is_to_keep(&self, memory: &Memory, kept: &Kept, passed: Duration) -> bool {
        let kept = kept.runs.iter().map(|(run, start, _)| (*run, *start));
        let is_same = kept.eq(memory.times.starts());
        let (changed, unchanged) = KEEP_EVERY;
        (!is_same && passed >= changed) || (!memory.times.is_empty() && passed >= unchanged)
    }
}

/// News of a view, as long as there is a view.
struct Changes<T>(Option<watch::Receiver<T>>);

impl<T> Changes<T> {
    async fn next(&mut self) {
        match &mut self.0 {
            // Without a sender nothing will change any more, and asking would answer at once for
            // ever.
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
