//! One round: look, settle what follows, tell.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use commands::runs::{Next, RunsRejection};
use commands::{CommandError, Transaction, runs, time_zone};
use domain::run::Share;
use domain::schedule::FollowUp;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::Views;
use projections::runs::RunRow;
use tokio_util::sync::CancellationToken;

use super::farm::Farm;
use super::overdue::{Overdue, Timed, overdue};
use super::plan::{Errand, Facts, Occasions, Recipient, Told, Unclaimed, plan};
use super::stats::{add, count, show};
use super::{Inner, messages, metadata};
use crate::caught_up::caught_up;
use crate::zmtp::Urgency;

/// How many next occasions are one append. When somebody else changes one of their runs meanwhile, all of
/// them are decided anew.
const FOLLOWED_AT_ONCE: usize = 256;

/// How many runs are spread in one append.
const SPREAD_AT_ONCE: usize = 32;

/// How many runs that took too long are one append.
const TIMED_OUT_AT_ONCE: usize = 64;

/// The kill requests about which workers were told.
pub(super) type Killed = BTreeSet<u64>;

/// What a look at the views shows.
struct Glance {
    farm: Farm,
    errands: Vec<Errand>,
    unclaimed: BTreeSet<u64>,
    active: usize,
    overdue: Overdue,
    kills: Vec<Kill>,
}

struct Kill {
    number: u64,
    worker: u64,
}

impl Inner {
    /// Pings every worker, also those that take no work. Says whether that was possible.
    pub(super) async fn ping(&self) -> bool {
        if let Err(error) = self.catch_up().await {
            tracing::warn!(
                reactor = "dispatcher",
                error,
                "nobody can be pinged: {error}"
            );
            return false;
        }
        let keys: Vec<String> = self.views.roster().read(|roster| {
            let workers = roster.workers().values();
            workers.map(|worker| worker.api_key.clone()).collect()
        });
        for key in keys {
            self.say(&key, &messages::ping(), Urgency::Urgent);
            count(&self.stats.pings);
        }
        true
    }

    /// One round. `again` is whether what was said before is said again. Answers when the time of the next run is
    /// up.
    pub(super) async fn round(
        &self,
        told: &mut Told,
        killed: &mut Killed,
        again: bool,
    ) -> Result<Option<Timestamp>, String> {
        self.catch_up().await?;
        let glance = self.look(told, again).await?;
        told.retain(&glance.unclaimed);
        show(&self.stats.unclaimed, glance.unclaimed.len());
        show(&self.stats.active, glance.active);
        show(&self.stats.kills_pending, glance.kills.len());
        let idle = glance
            .errands
            .iter()
            .filter(|errand| errand.to == Recipient::Nobody);
        if again {
            show(&self.stats.without_worker, idle.count());
        }

        let unsettled = self.settle(&glance.errands).await;
        self.config.faults.reached("followed").await;
        let ready = |errand: &&Errand| !unsettled.contains(&errand.run);
        let errands: Vec<&Errand> = glance.errands.iter().filter(ready).collect();
        for errand in &errands {
            if let Recipient::Worker(worker) = errand.to {
                told.note(errand.run, worker);
                self.tell(&glance.farm, worker, errand.run);
            }
        }
        let mut trouble = !unsettled.is_empty();
        for errands in errands.chunks(SPREAD_AT_ONCE) {
            match self.spread(errands).await {
                Ok(shares) => {
                    self.config.faults.reached("spread").await;
                    for share in shares {
                        told.note(share.run, share.worker);
                        self.tell(&glance.farm, share.worker, share.run);
                    }
                }
                Err(error) => {
                    tracing::warn!(reactor = "dispatcher", %error, "runs cannot be spread: {error}");
                    trouble = true;
                }
            }
        }
        trouble |= !self.time_out(&glance.overdue).await;
        self.config.faults.reached("timed_out").await;
        self.kill(&glance, killed, again);
        self.config.faults.reached("sent").await;
        if trouble {
            return Err("some runs have to wait".to_owned());
        }
        Ok(glance.overdue.next)
    }

    /// Waits until the views know what was in the log at the start, however long they take to be made, or until it is
    /// over: then this is false.
    pub(super) async fn knows_what_was(&self, stop: &CancellationToken) -> bool {
        let head = self.commands.head();
        for view in ["roster", "runs"] {
            let there = self.views.wait_for_view(view, head, Duration::MAX);
            tokio::select! {
                () = stop.cancelled() => return false,
                _ = there => {}
            }
        }
        true
    }

    async fn catch_up(&self) -> Result<(), String> {
        caught_up(&self.commands, &self.views, self.config.views_within).await
    }

    async fn look(&self, told: &Told, again: bool) -> Result<Glance, String> {
        let (now, told) = (self.commands.clock().now(), told.clone());
        let (zone, patience) = (self.config.zone.clone(), self.config.patience);
        let look = move |views: &Views| {
            let runs = views.runs();
            let waiting = runs.waiting(now, usize::MAX);
            let jobs = waiting.iter().map(|run| run.job).collect();
            let farm = views
                .roster()
                .read(|roster| Farm::of(roster, &jobs, patience, now));
            let active = runs.active();
            let facts = Facts {
                farm: &farm,
                unclaimed: waiting.iter().map(Unclaimed::of).collect(),
                active: active
                    .iter()
                    .map(|run| (run.job, run.schedule_id))
                    .collect(),
                now,
                zone: &|name| zone_of(name, &zone),
            };
            let errands = plan(facts, &told, again, chance, |job| {
                let open = runs.open_schedule_ids(job);
                let reference = runs.reference(job).map_err(|error| error.to_string())?;
                Ok::<_, String>(Occasions { open, reference })
            })?;
            Ok(Glance {
                errands,
                unclaimed: waiting.iter().map(|run| run.number).collect(),
                active: active.len(),
                overdue: overdue(timed(views, &active), now),
                kills: kills(views, now),
                farm,
            })
        };
        self.views.ask(look).await
    }

    /// Writes down what follows from sending these runs. Answers those for which that was not possible:
    /// they are not sent, because a run that is claimed is not looked at any more.
    async fn settle(&self, errands: &[Errand]) -> BTreeSet<u64> {
        let mut unsettled = BTreeSet::new();
        let mut nexts = Vec::new();
        for errand in errands {
            let run = errand.run;
            match errand.next {
                FollowUp::At(schedule_at) => nexts.push(Next { run, schedule_at }),
                FollowUp::GivenUp => match self.give_up_following(run).await {
                    Ok(said) => add(&self.stats.not_followed, said),
                    Err(error) => {
                        tracing::warn!(reactor = "dispatcher", run, %error, "cannot give up run {run}'s next occasion: {error}");
                        unsettled.insert(run);
                    }
                },
                FollowUp::AnotherIsOpen | FollowUp::DoesNotRepeat => {}
            }
        }
        for nexts in nexts.chunks(FOLLOWED_AT_ONCE) {
            let work = |unit: Transaction| async move { runs::follow(&unit, nexts).await };
            match self.commands.transact(&metadata(), work).await {
                Ok((followed, _)) => add(&self.stats.followed, followed.len()),
                Err(error) => {
                    let runs = nexts.len();
                    tracing::warn!(reactor = "dispatcher", runs, %error, "the next occasions after {runs} runs cannot be scheduled: {error}");
                    unsettled.extend(nexts.iter().map(|next| next.run));
                }
            }
        }
        unsettled
    }

    async fn give_up_following(&self, run: u64) -> Result<usize, CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move { runs::give_up_following(&unit, run).await };
        let ((), outcome) = self.commands.transact(&metadata(), work).await?;
        Ok(outcome.events.len())
    }

    /// Spreads those of these runs that go to each worker. A run that somebody has claimed meanwhile is
    /// left alone; then the others are spread one by one.
    async fn spread(&self, errands: &[&Errand]) -> Result<Vec<Share>, CommandError<RunsRejection>> {
        let each = |errand: &&&Errand| matches!(errand.to, Recipient::Each(_));
        let errands: Vec<&Errand> = errands.iter().filter(each).copied().collect();
        match self.spread_all(&errands).await {
            Err(CommandError::Rejected(_)) => {
                let mut shares = Vec::new();
                for errand in errands {
                    match self.spread_all(&[errand]).await {
                        Err(CommandError::Rejected(_)) => {}
                        spread => shares.extend(spread?),
                    }
                }
                Ok(shares)
            }
            spread => spread,
        }
    }

    async fn spread_all(
        &self,
        errands: &[&Errand],
    ) -> Result<Vec<Share>, CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move {
            let (mut shares, mut spread) = (Vec::new(), 0);
            for errand in errands {
                if let Recipient::Each(workers) = &errand.to {
                    let into = runs::spread(&unit, errand.run, workers).await?;
                    spread += usize::from(!into.is_empty());
                    shares.extend(into);
                }
            }
            Ok::<_, CommandError<RunsRejection>>((shares, spread))
        };
        if errands.is_empty() {
            return Ok(Vec::new());
        }
        let ((shares, spread), _) = self.commands.transact(&metadata(), work).await?;
        add(&self.stats.spread, spread);
        Ok(shares)
    }

    /// Asks for those runs to be killed that have had their time. Says whether that could be written down; the
    /// view shows the requests to the next round, which is woken by them.
    async fn time_out(&self, overdue: &Overdue) -> bool {
        let mut done = true;
        for runs in overdue.runs.chunks(TIMED_OUT_AT_ONCE) {
            let work = |unit: Transaction| async move {
                let mut asked = Vec::new();
                for (run, limit_seconds) in runs {
                    if runs::time_out(&unit, *run, *limit_seconds).await?.is_some() {
                        asked.push(*run);
                    }
                }
                Ok::<_, CommandError<RunsRejection>>(asked)
            };
            match self.commands.transact(&metadata(), work).await {
                Ok((asked, _)) => {
                    add(&self.stats.timed_out, asked.len());
                    for run in asked {
                        tracing::info!(
                            reactor = "dispatcher",
                            run,
                            "run {run} takes too long and is to be killed"
                        );
                    }
                }
                Err(error) => {
                    tracing::warn!(reactor = "dispatcher", %error, "runs that take too long cannot be ended: {error}");
                    done = false;
                }
            }
        }
        done
    }

    fn kill(&self, glance: &Glance, killed: &mut Killed, again: bool) {
        killed.retain(|number| glance.kills.iter().any(|kill| kill.number == *number));
        for kill in &glance.kills {
            if (killed.insert(kill.number) || again)
                && let Some(key) = glance.farm.keys.get(&kill.worker)
            {
                self.say(key, &messages::kill(kill.number), Urgency::Urgent);
                count(&self.stats.kills_sent);
            }
        }
    }

    fn tell(&self, farm: &Farm, worker: u64, run: u64) {
        if let Some(key) = farm.keys.get(&worker) {
            self.say(key, &messages::enqueue(run), Urgency::Ordinary);
            count(&self.stats.runs_sent);
        }
    }

    fn say(&self, key: &str, message: &[u8], urgency: Urgency) {
        let address = messages::address(key);
        if self.publisher.publish(&address, message, urgency) == 0 {
            count(&self.stats.unheard);
        }
    }
}

impl Unclaimed {
    fn of(run: &Arc<RunRow>) -> Self {
        Self {
            run: run.number,
            job: run.job,
            schedule_id: run.schedule_id,
            schedule_at: run.schedule_at,
            is_manual: run.is_manual,
            worker: run.worker,
            is_retry: run.is_retry(),
        }
    }
}

/// The runs with workers whose time runs.
fn timed(views: &Views, active: &[Arc<RunRow>]) -> Vec<Timed> {
    views.roster().read(|roster| {
        let timed = |run: &Arc<RunRow>| {
            let limit_seconds = roster.job(run.job)?.run_timeout_seconds?;
            let since = run.facts().time_runs_since()?;
            Some(Timed {
                run: run.number,
                since,
                limit_seconds,
            })
        };
        active.iter().filter_map(timed).collect()
    })
}

fn kills(views: &Views, now: Timestamp) -> Vec<Kill> {
    let due = views.runs().kills_due(now).into_iter();
    let kill = |(kill, run): (projections::runs::KillRequestRow, Arc<RunRow>)| {
        let (number, worker) = (kill.number, run.worker?);
        Some(Kill { number, worker })
    };
    due.filter_map(kill).collect()
}

/// The zone of this name; the usual one without a name. A job whose zone this machine does not know is not to
/// stand still for that: it goes by the usual clock, until somebody has looked.
fn zone_of(name: Option<&str>, usual: &TimeZone) -> TimeZone {
    let Some(name) = name else {
        return usual.clone();
    };
    time_zone(name).unwrap_or_else(|| {
        tracing::warn!(
            reactor = "dispatcher",
            zone = name,
            "no time zone `{name}` is known here: a job of it goes by the usual clock"
        );
        usual.clone()
    })
}

/// Any number.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
