//! Which workers answer.
//!
//! Silence is a number of our pings without an answer, never the difference of two clocks. Every
//! request of a worker is an answer. Pings that we did not send, and time in which we did not run
//! or could not listen, count against no worker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use commands::Commands;
use domain::jobs::schedule::Patience;
use parking_lot::Mutex;

use crate::awake::Awake;

/// Which workers answer. Clones are the same. It remembers nothing across a restart: then every
/// worker gets its time again.
#[derive(Clone)]
pub struct Liveness(Arc<Inner>);

struct Inner {
    commands: Commands,
    awake: Awake,
    patience: Patience,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    workers: BTreeMap<u64, Watch>,
    /// How often this process had not run when it was looked at last.
    stops: u64,
}

/// What is known of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Watch {
    /// How many commands it had given when it was looked at last.
    commands: u64,
    /// Regular pings since it last gave a sign of life.
    unanswered: u32,
    /// When its time is up, once as many are unanswered as may be.
    until: Option<Duration>,
    /// Whether it has got more time since the last regular ping because it connected.
    is_extended: bool,
}

/// How a worker answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answering {
    /// How many pings in a row it has left unanswered.
    pub unanswered: u32,
    /// Whether those are too many, for too long.
    pub is_silent: bool,
    /// Whether it has given a sign of life since this process started.
    pub is_heard: bool,
}

impl Liveness {
    /// Watches workers that may leave so many pings unanswered.
    #[must_use]
    pub fn new(commands: Commands, awake: Awake, patience: Patience) -> Self {
        Self(Arc::new(Inner {
            commands,
            awake,
            patience,
            watched: Mutex::default(),
        }))
    }

    /// For how long this process was awake.
    #[must_use]
    pub fn awake(&self) -> &Awake {
        &self.0.awake
    }

    /// Takes note that all workers were pinged, as they regularly are. Others are forgotten.
    pub fn pinged(&self, workers: &BTreeSet<u64>) {
        let now = self.0.awake.now();
        let mut watched = self.watched();
        watched.workers.retain(|number, _| workers.contains(number));
        for number in workers {
            let watch = self.look(&mut watched, *number);
            watch.unanswered = watch.unanswered.saturating_add(1);
            watch.is_extended = false;
            if watch.unanswered >= self.0.patience.intervals.max(1) {
                let margin = Duration::try_from(self.0.patience.margin).unwrap_or_default();
                watch.until.get_or_insert(now.saturating_add(margin));
            }
        }
    }

    /// Takes note that a worker was pinged because it has connected. One whose time was up gets
    /// time to answer this ping, though no more than once for each regular one: who only connects
    /// is not alive.
    pub fn pinged_on_connection(&self, worker: u64) {
        let now = self.0.awake.now();
        let mut watched = self.watched();
        let watch = self.look(&mut watched, worker);
        if let Some(until) = watch.until.as_mut().filter(|_| !watch.is_extended) {
            let margin = Duration::try_from(self.0.patience.margin).unwrap_or_default();
            *until = (*until).max(now.saturating_add(margin));
            watch.is_extended = true;
        }
    }

    /// Restarts every worker's count, because we could not receive their answers.
    pub fn excuse(&self) {
        for watch in self.watched().workers.values_mut() {
            (watch.unanswered, watch.until) = (0, None);
        }
    }

    /// How a worker answers now.
    #[must_use]
    pub fn of(&self, worker: u64) -> Answering {
        let now = self.0.awake.now();
        let watch = *self.look(&mut self.watched(), worker);
        Answering {
            unanswered: watch.unanswered,
            is_silent: watch.until.is_some_and(|until| until < now),
            is_heard: watch.commands > 0,
        }
    }

    /// What is known, without what was held against workers while this process did not run.
    fn watched(&self) -> parking_lot::MutexGuard<'_, Watched> {
        let stops = self.0.awake.stops();
        let mut watched = self.0.watched.lock();
        if watched.stops != stops {
            watched.stops = stops;
            for watch in watched.workers.values_mut() {
                (watch.unanswered, watch.until) = (0, None);
            }
        }
        watched
    }

    fn look<'a>(&self, watched: &'a mut Watched, worker: u64) -> &'a mut Watch {
        let commands = self.0.commands.commands_of_worker(worker);
        let watch = watched.workers.entry(worker).or_default();
        if watch.commands != commands {
            *watch = Watch {
                commands,
                ..Watch::default()
            };
        }
        watch
    }
}

#[cfg(test)]
mod tests;
