//! The loop: take what is due, begin as much as may be, wait for what comes first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use commands::{Clock, LogLimit};
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::held::{HELD_MAX, Held};
use super::stats::count;
use super::{Backoff, Failure, FrameConfig, FrameStats, Reaction, Trouble, Verdict, Work};

/// How long finished work is left alone that the view still shows as due.
const UNSEEN_WAIT: Duration = Duration::from_secs(10);

/// The bounds of the wait after trouble inside.
const TROUBLE_WAIT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

type Key<R> = <<R as Reaction>::Work as Work>::Key;

pub(super) struct Run<R: Reaction> {
    reaction: Arc<R>,
    config: FrameConfig,
    clock: Clock,
    stats: Arc<FrameStats>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    backoff: Arc<Backoff>,
    trouble_backoff: Arc<Backoff>,
    tasks: JoinSet<(Key<R>, Ended)>,
    in_flight: BTreeSet<Key<R>>,
    held: Held<Key<R>>,
    log_limit: Arc<LogLimit>,
}

/// How an attempt ended, after what followed from it was written down.
enum Ended {
    Well(Verdict),
    Retried(String),
    Abandoned(String),
    Inside(String),
}

impl<R: Reaction> Run<R> {
    pub(super) fn new(
        reaction: Arc<R>,
        config: FrameConfig,
        clock: Clock,
        stats: Arc<FrameStats>,
        wake: Arc<Notify>,
        stop: CancellationToken,
    ) -> Self {
        let backoff = Backoff::new(config.backoff_base, config.backoff_max, config.seed);
        let trouble_backoff = Backoff::new(TROUBLE_WAIT.0, TROUBLE_WAIT.1, config.seed);
        Self {
            reaction,
            config,
            clock,
            stats,
            wake,
            stop,
            backoff: Arc::new(backoff),
            trouble_backoff: Arc::new(trouble_backoff),
            tasks: JoinSet::new(),
            in_flight: BTreeSet::new(),
            held: Held::new(),
            log_limit: Arc::default(),
        }
    }

    /// A loop whose state is all in the log can be restarted after a panic, and must be: a reactor
    /// that silently does nothing would not be noticed.
    pub(super) async fn until_stopped_whatever_happens<T: Send + Sync + 'static>(
        self,
        changed: watch::Receiver<T>,
    ) {
        for panics in 1.. {
            let mut task = JoinSet::new();
            task.spawn(self.restarted().until_stopped(changed.clone()));
            match task.join_next().await {
                Some(Err(error)) if error.is_panic() => {
                    let (reactor, wait) = (R::NAME, self.trouble_backoff.bound(panics));
                    tracing::error!(reactor, panics, "a reactor panicked and is restarted");
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                _ => return,
            }
        }
    }

    fn restarted(&self) -> Self {
        Self {
            reaction: Arc::clone(&self.reaction),
            config: self.config.clone(),
            clock: self.clock.clone(),
            stats: Arc::clone(&self.stats),
            wake: Arc::clone(&self.wake),
            stop: self.stop.clone(),
            backoff: Arc::clone(&self.backoff),
            trouble_backoff: Arc::clone(&self.trouble_backoff),
            tasks: JoinSet::new(),
            in_flight: BTreeSet::new(),
            held: Held::new(),
            log_limit: Arc::clone(&self.log_limit),
        }
    }

    async fn until_stopped<T: Send + Sync>(mut self, mut changed: watch::Receiver<T>) {
        let mut followed = true;
        while !self.stop.is_cancelled() {
            self.begin_due().await;
            let queued = self.reaction.queued().await;
            self.stats.queued.store(queued, Ordering::Relaxed);
            let wait = self.wait().await;
            tokio::select! {
                () = self.stop.cancelled() => break,
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => self.end(ended),
                () = self.wake.notified() => {}
                // Without a sender nothing will change any more, and asking would answer at once
                // for ever.
                moved = changed.changed(), if followed => followed = moved.is_ok(),
                () = tokio::time::sleep(wait) => {}
            }
            while let Some(ended) = self.tasks.try_join_next() {
                self.end(ended);
            }
        }
        self.finish().await;
    }

    async fn begin_due(&mut self) {
        let now = self.clock.now();
        self.held.release(now);
        let mut free = self.config.concurrency.saturating_sub(self.tasks.len());
        if free == 0 || self.held.len() >= HELD_MAX {
            return;
        }
        // What is under way or held back is still due to the view, and must not hide what comes
        // after it.
        let limit = free + self.in_flight.len() + self.held.len();
        let due = match self.reaction.due(now, limit).await {
            Ok(due) => due,
            Err(error) => {
                self.warn(&format!("cannot read the due work: {error}"));
                return;
            }
        };
        for work in due {
            if free == 0 {
                return;
            }
            let key = work.key();
            if self.held.contains(&key) || !self.in_flight.insert(key.clone()) {
                continue;
            }
            free -= 1;
            self.begin(key, work);
        }
    }

    fn begin(&mut self, key: Key<R>, work: R::Work) {
        count(&self.stats.attempts);
        let in_flight = self.in_flight.len() as u64;
        self.stats.in_flight.store(in_flight, Ordering::Relaxed);
        let attempt = work.attempts().saturating_add(1);
        let span = tracing::info_span!("reaction", reactor = R::NAME, work = %key, attempt);
        let one = One {
            reaction: Arc::clone(&self.reaction),
            backoff: Arc::clone(&self.backoff),
            clock: self.clock.clone(),
            attempts_max: self.config.attempts_max,
            work,
            attempt,
        };
        self.tasks
            .spawn(async move { (key, one.done().await) }.instrument(span));
    }

    fn end(&mut self, joined: Result<(Key<R>, Ended), tokio::task::JoinError>) {
        // Panics are caught within; what is cancelled was aborted by us, at the end.
        let Ok((key, ended)) = joined else { return };
        self.in_flight.remove(&key);
        let in_flight = self.in_flight.len() as u64;
        self.stats.in_flight.store(in_flight, Ordering::Relaxed);
        if !matches!(ended, Ended::Inside(_)) {
            self.held.no_trouble(&key);
        }
        match ended {
            Ended::Well(Verdict::Done(kind)) => self.stats.outcome(kind),
            Ended::Well(Verdict::Unseen(kind)) => {
                self.stats.outcome(kind);
                self.hold_for(key, UNSEEN_WAIT);
            }
            Ended::Well(Verdict::NotYet(until)) => {
                count(&self.stats.postponed);
                self.held.hold(key, until);
            }
            Ended::Retried(error) => {
                count(&self.stats.retried);
                self.warn(&format!("an attempt failed and is repeated later: {error}"));
            }
            Ended::Abandoned(error) => {
                count(&self.stats.abandoned);
                self.warn(&format!("gave up after the last attempt: {error}"));
            }
            Ended::Inside(error) => {
                count(&self.stats.postponed);
                let times = self.held.trouble(&key);
                self.warn(&format!("work is postponed: {error}"));
                // Half of the bound at least, so that a busy log is not kept busy by us.
                let bound = self.trouble_backoff.bound(times);
                let wait = bound / 2 + self.trouble_backoff.wait(times) / 2;
                self.hold_for(key, wait);
            }
        }
    }

    fn hold_for(&mut self, key: Key<R>, wait: Duration) {
        self.held.hold(key, after(self.clock.now(), wait));
    }

    /// How long there is nothing to do without a notification. What is due already is either in
    /// progress, held back, or waits for a free place, and none of these is a reason to look again
    /// at once.
    async fn wait(&self) -> Duration {
        let now = self.clock.now();
        let due = self.reaction.next_due().await;
        let next = due.into_iter().chain(self.held.next());
        next.filter(|at| *at > now)
            .filter_map(|at| Duration::try_from(at.duration_since(now)).ok())
            .fold(self.config.poll, Duration::min)
    }

    /// Logs what hinders this reactor, once per cause and minute: an outside service that is down
    /// fails everything that is due. Which piece of work it was is in the events and in the views.
    fn warn(&self, cause: &str) {
        if let Some(suppressed) = self.log_limit.admit(cause) {
            let reactor = R::NAME;
            tracing::warn!(reactor, suppressed, "{reactor}: {cause}");
        }
    }

    async fn finish(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.config.grace, all).await.is_err() {
            let left = self.tasks.len();
            let reactor = R::NAME;
            tracing::info!(reactor, left, "{left} attempts are left for the next start");
            self.tasks.shutdown().await;
        }
        self.stats.in_flight.store(0, Ordering::Relaxed);
    }
}

/// One attempt, and what is written down when it fails.
struct One<R: Reaction> {
    reaction: Arc<R>,
    backoff: Arc<Backoff>,
    clock: Clock,
    attempts_max: u32,
    work: R::Work,
    attempt: u32,
}

impl<R: Reaction> One<R> {
    async fn done(self) -> Ended {
        let error = match self.attempted().await {
            Ok(verdict) => return Ended::Well(verdict),
            Err(Trouble::Inside(error)) => return Ended::Inside(error),
            Err(Trouble::Outside(error)) => error,
        };
        let last = self.attempt >= self.attempts_max;
        let wait = self.backoff.wait(self.attempt);
        let failure = Failure {
            attempt: self.attempt,
            error: error.clone(),
            retry_at: (!last).then(|| after(self.clock.now(), wait)),
        };
        match self.reaction.failed(&self.work, failure).await {
            Ok(()) if last => Ended::Abandoned(error),
            Ok(()) => Ended::Retried(error),
            Err(Trouble::Inside(error) | Trouble::Outside(error)) => Ended::Inside(error),
        }
    }

    /// A panic is an attempt that failed: whatever it stumbled over, it will be abandoned in the
    /// end.
    async fn attempted(&self) -> Result<Verdict, Trouble> {
        let (reaction, work) = (Arc::clone(&self.reaction), self.work.clone());
        // A set of one ends what is in it when it is dropped; a bare task would go on.
        let mut task = JoinSet::new();
        task.spawn(async move { reaction.attempt(&work).await }.in_current_span());
        match task.join_next().await {
            Some(Ok(result)) => result,
            Some(Err(error)) if error.is_panic() => {
                tracing::error!("an attempt panicked");
                Err(Trouble::Outside("the attempt panicked".to_owned()))
            }
            Some(Err(_)) | None => Err(Trouble::Inside("the attempt was ended".to_owned())),
        }
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
