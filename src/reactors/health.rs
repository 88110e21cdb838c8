//! Looks every few minutes whether workers still answer.
//!
//! What counts is whether it answers our pings ([`crate::liveness`]), not what clocks show.
//!
//! A worker that does not is considered dead: its runs, also those that were only assigned to it,
//! are marked as failed, with the reason in their logs. This failure has the usual consequences. A
//! pool in which no worker answers is recorded as silent, and mails report that ([`crate::mails`]).
//!
//! All of it is decided from the log at every look; a look that was cut off is made up for by the
//! next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use commands::runs::RunsRejection;
use commands::{CommandError, Commands, Transaction, runs};
use domain::jobs::run::Run;
use domain::jobs::worker_pool::{Silence, SilenceCommand};
use domain::{Actor, LongText, Metadata};
use jiff::{SignedDuration, Timestamp};
use projections::jobs::roster::{Roster, RosterView};
use projections::{Runs, TableError, Views};
use tokio_util::sync::CancellationToken;

use crate::Faults;
use crate::caught_up::caught_up;
use crate::liveness::{Answering, Liveness};
use crate::steady::Steady;

/// When workers are looked at, and what is expected of them.
#[derive(Clone, Debug)]
pub struct HealthConfig {
    pub every: Duration,
    /// How often people are reminded of a silent pool.
    pub remind_after: SignedDuration,
    /// How long the views may take to know what is in the log.
    pub views_within: Duration,
    /// Where it is to die, in tests.
    pub faults: Faults,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(300),
            remind_after: SignedDuration::from_hours(1),
            views_within: Duration::from_secs(10),
            faults: Faults::default(),
        }
    }
}

/// A health check at work. Dropping it ends it at once, as a crash would.
#[derive(Debug)]
pub struct Health {
    stats: Arc<Stats>,
    steady: Steady,
}

/// What a health check saw and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthReading {
    /// How often it has looked.
    pub checks: u64,
    /// How often it could not, or not at everything.
    pub checks_failed: u64,
    /// Runs that were marked as failed because their worker is silent.
    pub runs_given_up: u64,
    /// Workers that take work and do not answer.
    pub workers_silent: u64,
    /// Pools without a responding worker.
    pub pools_silent: u64,
}

#[derive(Debug, Default)]
struct Stats {
    checks: AtomicU64,
    checks_failed: AtomicU64,
    runs_given_up: AtomicU64,
    workers_silent: AtomicU64,
    pools_silent: AtomicU64,
}

struct Inner {
    commands: Commands,
    views: Views,
    liveness: Liveness,
    config: HealthConfig,
    stats: Arc<Stats>,
}

impl Health {
    /// Starts it. It ends when `stop` is cancelled. The first check is one interval away: until
    /// then workers have time to reconnect.
    #[must_use]
    pub fn start(
        commands: Commands,
        views: Views,
        liveness: Liveness,
        config: HealthConfig,
        stop: CancellationToken,
    ) -> Self {
        let stats = Arc::new(Stats::default());
        let inner = Arc::new(Inner {
            commands,
            views,
            liveness,
            config,
            stats: Arc::clone(&stats),
        });
        let steady = Steady::start("the health check", stop, move |wake, stop| {
            let inner = Arc::clone(&inner);
            async move {
                loop {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = wake.notified() => {}
                        () = tokio::time::sleep(inner.config.every) => {}
                    }
                    inner.look().await;
                }
            }
        });
        Self { stats, steady }
    }

    /// What it saw and did so far.
    #[must_use]
    pub fn stats(&self) -> HealthReading {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HealthReading {
            checks: read(&self.stats.checks),
            checks_failed: read(&self.stats.checks_failed),
            runs_given_up: read(&self.stats.runs_given_up),
            workers_silent: read(&self.stats.workers_silent),
            pools_silent: read(&self.stats.pools_silent),
        }
    }

    /// Looks now.
    pub fn wake(&self) {
        self.steady.wake();
    }

    /// Ends it, and returns when it has ended.
    pub async fn stop(self) {
        self.steady.stop().await;
    }
}

/// Who does not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Findings {
    workers: Vec<SilentWorker>,
    /// Every pool, and whether it should answer and does not.
    pools: Vec<(u64, bool)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SilentWorker {
    number: u64,
    title: String,
    answered_at: Option<Timestamp>,
    unanswered: u32,
}

impl Findings {
    fn of(roster: &Roster, answering: impl Fn(u64) -> Answering) -> Self {
        let workers = roster.workers().values();
        let workers = workers
            .filter(|worker| worker.enqueue_is_enabled)
            .map(|worker| (worker, answering(worker.number)))
            .filter(|(_, answering)| answering.is_silent)
            .map(|(worker, answering)| SilentWorker {
                number: worker.number,
                title: worker.title.clone(),
                answered_at: worker.ping_response_at,
                unanswered: answering.unanswered,
            });
        let pools = roster.worker_pools().values().map(|pool| {
            let members = pool
                .workers
                .iter()
                .filter_map(|number| roster.worker(*number));
            let mut expected = members
                .filter(|worker| worker.enqueue_is_enabled)
                .peekable();
            let is_silent = pool.enqueue_is_enabled
                && expected.peek().is_some()
                && expected.all(|worker| answering(worker.number).is_silent);
            (pool.number, is_silent)
        });
        Self {
            workers: workers.collect(),
            pools: pools.collect(),
        }
    }
}

impl Inner {
    async fn look(&self) {
        if let Err(error) = self.check().await {
            self.stats.checks_failed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                reactor = "health",
                error,
                "workers cannot be checked: {error}"
            );
        }
        self.stats.checks.fetch_add(1, Ordering::Relaxed);
    }

    async fn check(&self) -> Result<(), String> {
        let caught_up = caught_up(&self.commands, &self.views, self.config.views_within).await;
        let not_ready = |error: TableError| error.to_string();
        let read = caught_up.and_then(|()| {
            let roster = self.views.of::<RosterView>().map_err(not_ready)?;
            let runs = self.views.of::<Runs>().map_err(not_ready)?;
            Ok((roster, runs))
        });
        if read.is_err() {
            // While answers cannot be recorded, workers do not count as silent.
            self.liveness.excuse();
        }
        let (roster, runs) = read?;
        let now = self.commands.clock().now();
        let answering = |worker| self.liveness.of(worker);
        let found = roster.read(|roster| Findings::of(roster, answering));
        let pools_silent = found.pools.iter().filter(|(_, silent)| *silent).count();
        let show = |gauge: &AtomicU64, count: usize| gauge.store(count as u64, Ordering::Relaxed);
        show(&self.stats.workers_silent, found.workers.len());
        show(&self.stats.pools_silent, pools_silent);

        // A write that fails for one run does not stop the others.
        let mut result = Ok(());
        for worker in &found.workers {
            for run in runs.open_of_worker(worker.number) {
                let given_up = self.give_up(&roster, worker, run.number).await;
                result = given_up.map_err(|error| error.to_string()).and(result);
                self.config.faults.reached("run_given_up").await;
            }
        }
        for (pool, is_silent) in found.pools {
            let noted = self.note(pool, is_silent, now).await;
            result = noted.and(result);
            self.config.faults.reached("pool_noted").await;
        }
        result
    }

    /// Marks a run of a silent worker as failed, unless it has returned or belongs to another by
    /// now. The log comes first, and both come together: the mail about the failure finds it.
    async fn give_up(
        &self,
        roster: &RosterView,
        worker: &SilentWorker,
        run: u64,
    ) -> Result<(), CommandError<RunsRejection>> {
        let children_of = |job| {
            roster.read(|roster| {
                let job = roster.job(job);
                job.map_or_else(Vec::new, |job| job.children.iter().copied().collect())
            })
        };
        let text = &text(worker, run);
        let work = |unit: Transaction| async move {
            let known = unit.load::<Run>(&run.to_string()).await;
            let known = known.map_err(CommandError::into_rejection)?;
            let open = known.facts().is_some_and(|facts| {
                facts.returned_at.is_none() && facts.worker == Some(worker.number)
            });
            if open {
                let content = LongText::Inline(text.clone());
                runs::write_log(&unit, run, Some(content)).await?;
                runs::give_up(&unit, run, REASON.to_owned(), &children_of).await?;
            }
            Ok(open)
        };
        let (given_up, _) = self.commands.transact(&metadata(), work).await?;
        if given_up {
            self.stats.runs_given_up.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                reactor = "health",
                run,
                worker = worker.number,
                "run {run} was given up: {REASON}"
            );
        }
        Ok(())
    }

    async fn note(&self, pool: u64, is_silent: bool, at: Timestamp) -> Result<(), String> {
        let remind_after = self.config.remind_after;
        let command = if is_silent {
            SilenceCommand::NoteSilence { remind_after, at }
        } else {
            SilenceCommand::NoteAnswer { at }
        };
        let (key, metadata) = (Silence::key(pool), metadata());
        let noted = self.commands.execute::<Silence>(&key, command, &metadata);
        noted.await.map(drop).map_err(|error| error.to_string())
    }
}

/// Why a run was given up, in the old server's words.
const REASON: &str = "worker does not respond to ping";

fn text(worker: &SilentWorker, run: u64) -> String {
    let SilentWorker {
        number,
        title,
        answered_at,
        unanswered,
    } = worker;
    let answered = answered_at.map_or_else(
        || "it has never answered".to_owned(),
        |at| format!("its last answer came at {at}"),
    );
    format!(
        "Run {run} was marked as failed: {REASON}.\nWorker {number} ({title}): {unanswered} pings in a row went unanswered; {answered}.\n"
    )
}

fn metadata() -> Metadata {
    Metadata {
        actor: Some(Actor::system("health check")),
        dialect: Some("reactor".to_owned()),
        ..Metadata::default()
    }
}
