//! One round: look, send what is urgent, settle what follows, offer.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use commands::runs::{Next, RunsRejection};
use commands::{CommandError, Transaction, runs, time_zone};
use domain::jobs::run::Share;
use domain::jobs::schedule::FollowUp;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::jobs::roster::{RosterView, WorkerEntry};
use projections::jobs::runs::{RunRow, Runs};
use projections::{TableError, Views};
use tokio_util::sync::CancellationToken;

use super::connected::Connected;
use super::farm::Farm;
use super::offers::Offers;
use super::overdue::{Overdue, Timed, overdue};
use super::plan::{Errand, Facts, Occasions, Recipient, Unclaimed, plan};
use super::run_times::{RunTimes, Start};
use super::set_back::SetBack;
use super::stats::{add, count, show};
use super::{Inner, messages, metadata};
use crate::caught_up::caught_up;
use zmtp::Urgency;

/// How many next occasions are one append. When another append changes one of their runs meanwhile,
/// all of them are decided again.
const FOLLOWED_AT_ONCE: usize = 256;

/// How many runs are spread in one append.
const SPREAD_AT_ONCE: usize = 32;

/// How many runs that took too long are one append.
const TIMED_OUT_AT_ONCE: usize = 64;

/// How many kill requests a worker is sent at once that it has not taken note of.
const KILLS_AT_ONCE: u32 = 16;

/// What a dispatcher remembers from one round to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) offers: Offers,
    /// The kill requests that were sent.
    pub(super) kills: Offers,
    /// For how long runs have been executed.
    pub(super) times: RunTimes,
    pub(super) connected: Connected,
    /// What is to be done because the clock was set back.
    pub(super) set_back: SetBack,
}

/// What a look at the views shows.
struct Glance {
    farm: Farm,
    errands: Vec<Errand>,
    unclaimed: BTreeSet<u64>,
    active: usize,
    executed: Vec<Executed>,
    kills: Vec<Kill>,
}

/// A run that is executed, and how long its job allows.
struct Executed {
    start: Start,
    limit_seconds: Option<u32>,
}

struct Kill {
    number: u64,
    worker: u64,
}

impl Inner {
    /// Pings every worker, also those that take no work. Returns whether that was possible.
    pub(super) async fn ping(&self, memory: &mut Memory) -> bool {
        if let Err(error) = self.catch_up().await {
            tracing::warn!(
                reactor = "dispatcher",
                error,
                "workers cannot be pinged: {error}"
            );
            self.liveness.excuse();
            return false;
        }
        let Ok(roster) = self.views.of::<RosterView>() else {
            // While they are unknown, no worker counts as silent.
            self.liveness.excuse();
            return false;
        };
        // All of them are pinged now, those that have just connected included.
        let _ = self.publisher.take_subscribed();
        let workers: Vec<(u64, String)> = roster.read(|roster| {
            let workers = roster.workers().values();
            workers
                .map(|worker| (worker.number, worker.api_key.clone()))
                .collect()
        });
        let numbers: BTreeSet<u64> = workers.iter().map(|(number, _)| *number).collect();
        memory.connected.settle(&numbers);
        for (number, key) in &workers {
            let is_delivered = self.send_ping(key);
            memory.connected.note(*number, is_delivered);
        }
        if self.publisher.is_served() {
            self.liveness.pinged(&numbers);
        } else {
            // While another process has our port, no worker can answer.
            self.liveness.excuse();
        }
        true
    }

    pub(super) fn send_ping(&self, key: &str) -> bool {
        count(&self.stats.pings);
        self.say(key, &messages::ping(), Urgency::Urgent)
    }

    /// One round. `again` is whether earlier messages are repeated. Returns how long until the time
    /// of the next run is up.
    pub(super) async fn round(
        &self,
        memory: &mut Memory,
        again: bool,
    ) -> Result<Option<Duration>, String> {
        self.catch_up().await?;
        self.mend_future(&mut memory.set_back).await;
        let glance = self.look(&memory.offers, again).await?;
        memory.offers.retain(&glance.unclaimed);
        show(&self.stats.unclaimed, glance.unclaimed.len());
        show(&self.stats.active, glance.active);
        show(&self.stats.kills_pending, glance.kills.len());
        let of = |to: &Recipient| {
            glance
                .errands
                .iter()
                .filter(|errand| errand.to == *to)
                .count()
        };
        if again {
            show(&self.stats.without_worker, of(&Recipient::NoWorker));
        }
        // A worker with a pending kill request gets nothing else.
        self.kill(&glance, &mut memory.kills, again);

        let unsettled = self.settle(&glance.errands).await;
        self.config.faults.reached("followed").await;
        let ready = |errand: &&Errand| !unsettled.contains(&errand.run);
        let errands: Vec<&Errand> = glance.errands.iter().filter(ready).collect();
        for errand in &errands {
            match errand.to {
                Recipient::Worker(worker) => {
                    self.offer(&glance.farm, errand.run, worker, &mut memory.offers);
                }
                Recipient::Held => memory.offers.hold(errand.run),
                Recipient::Each(_) | Recipient::NoWorker => {}
            }
        }
        let mut trouble = !unsettled.is_empty();
        for errands in errands.chunks(SPREAD_AT_ONCE) {
            match self.spread(errands).await {
                Ok(shares) => {
                    self.config.faults.reached("spread").await;
                    for share in shares {
                        let outstanding = memory.offers.outstanding();
                        let outstanding = outstanding.get(&share.worker).copied();
                        // The others are offered by the rounds to come, like any run of a worker.
                        if outstanding.unwrap_or_default() < glance.farm.window(share.worker) {
                            self.offer(&glance.farm, share.run, share.worker, &mut memory.offers);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(reactor = "dispatcher", %error, "runs for all workers of a pool cannot be created: {error}");
                    trouble = true;
                }
            }
        }
        let overdue = self.measure(&glance.executed, &mut memory.times);
        trouble |= !self.time_out(&overdue).await;
        self.config.faults.reached("timed_out").await;
        self.config.faults.reached("sent").await;
        if trouble {
            return Err("some runs are delayed".to_owned());
        }
        Ok(overdue.next)
    }

    /// Waits until the views know what was in the log at the start, however long they take to be
    /// made, or until it is over: then this is false.
    pub(super) async fn knows_what_was(&self, stop: &CancellationToken) -> bool {
        let head = self.commands.head();
        let reached = self
            .views
            .wait_for::<(RosterView, Runs)>(head, Duration::MAX);
        tokio::select! {
            () = stop.cancelled() => false,
            _ = reached => true,
        }
    }

    async fn catch_up(&self) -> Result<(), String> {
        caught_up(&self.commands, &self.views, self.config.views_within).await
    }

    async fn look(&self, offers: &Offers, again: bool) -> Result<Glance, String> {
        let (now, mut offers) = (self.commands.clock().now(), offers.clone());
        let (zone, liveness) = (self.config.zone.clone(), self.liveness.clone());
        let look = move |views: &Views| {
            let not_ready = |error: TableError| error.to_string();
            let runs = views.of::<Runs>().map_err(not_ready)?;
            let roster = views.of::<RosterView>().map_err(not_ready)?;
            let waiting = runs.waiting(now, usize::MAX);
            let unclaimed: BTreeSet<u64> = waiting.iter().map(|run| run.number).collect();
            // Claimed runs allow further offers.
            offers.retain(&unclaimed);
            let jobs = waiting.iter().map(|run| run.job).collect();
            // A worker that has never answered comes after those that have.
            let answers = |worker: &WorkerEntry| {
                let answering = liveness.of(worker.number);
                let is_known = answering.is_heard || worker.ping_response_at.is_some();
                is_known && !answering.is_silent
            };
            let farm = roster.read(|roster| Farm::of(roster, &jobs, answers));
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
            let errands = plan(facts, &offers, again, chance, |job| {
                let open = runs.open_schedule_ids(job);
                let reference = runs.reference(job).map_err(|error| error.to_string())?;
                Ok::<_, String>(Occasions { open, reference })
            })?;
            Ok(Glance {
                errands,
                unclaimed,
                active: active.len(),
                executed: executed(&roster, &active),
                kills: kills(&runs, now),
                farm,
            })
        };
        self.views.ask(look).await
    }

    /// Writes down what follows from sending these runs. Answers those for which that was not
    /// possible: they are not sent, because a run that is claimed is not looked at any more.
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

    /// Spreads those of these runs that go to each worker. A run that was claimed meanwhile is
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

    /// Requests the kill of overdue runs. Returns whether the requests are in the log; the view
    /// shows them to the next round, which they wake.
    async fn time_out(&self, overdue: &Overdue) -> bool {
        let mut done = true;
        for runs in overdue.runs.chunks(TIMED_OUT_AT_ONCE) {
            let work = |unit: Transaction| async move {
                let mut asked = Vec::new();
                for ((run, started), limit_seconds) in runs {
                    let request = runs::time_out(&unit, *run, *started, *limit_seconds).await?;
                    asked.extend(request.map(|_| *run));
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
                            "run {run} exceeded its time limit and will be killed"
                        );
                    }
                }
                Err(error) => {
                    tracing::warn!(reactor = "dispatcher", %error, "runs over their time limit cannot be killed: {error}");
                    done = false;
                }
            }
        }
        done
    }

    /// For how long runs have been executed, and which of them for too long.
    fn measure(&self, executed: &[Executed], times: &mut RunTimes) -> Overdue {
        let awake = self.liveness.awake().now();
        let starts: Vec<Start> = executed.iter().map(|run| run.start).collect();
        times.see(&starts, awake);
        let timed = executed.iter().filter_map(|run| {
            Some(Timed {
                start: run.start,
                executed: times.of(run.start, awake),
                limit_seconds: run.limit_seconds?,
            })
        });
        overdue(timed)
    }

    /// Sends kill requests, a few at once to each worker, and repeats them less and less often.
    fn kill(&self, glance: &Glance, sent: &mut Offers, again: bool) {
        sent.retain(&glance.kills.iter().map(|kill| kill.number).collect());
        let mut outstanding = sent.outstanding();
        for kill in &glance.kills {
            let outstanding = outstanding.entry(kill.worker).or_default();
            match sent.get(kill.number) {
                Some(before) if before.worker == kill.worker => {
                    if !again || !before.is_repeated() {
                        continue;
                    }
                }
                _ if *outstanding >= KILLS_AT_ONCE => continue,
                _ => *outstanding += 1,
            }
            sent.note(kill.number, kill.worker);
            if let Some(key) = glance.farm.keys.get(&kill.worker) {
                self.say(key, &messages::kill(kill.number), Urgency::Urgent);
                count(&self.stats.kills_sent);
            }
        }
    }

    fn offer(&self, farm: &Farm, run: u64, worker: u64, offers: &mut Offers) {
        offers.note(run, worker);
        if let Some(key) = farm.keys.get(&worker) {
            self.say(key, &messages::enqueue(run), Urgency::Ordinary);
            count(&self.stats.runs_sent);
        }
    }

    fn say(&self, key: &str, message: &[u8], urgency: Urgency) -> bool {
        let address = messages::address(key);
        let delivered = self.publisher.publish(&address, message, urgency);
        if delivered == 0 {
            count(&self.stats.unheard);
        }
        delivered > 0
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
fn executed(roster: &RosterView, active: &[Arc<RunRow>]) -> Vec<Executed> {
    roster.read(|roster| {
        let executed = |run: &Arc<RunRow>| {
            Some(Executed {
                start: (run.number, run.time_runs_since()?),
                limit_seconds: roster.job(run.job)?.run_timeout_seconds,
            })
        };
        active.iter().filter_map(executed).collect()
    })
}

fn kills(runs: &Runs, now: Timestamp) -> Vec<Kill> {
    let due = runs.kills_due(now).into_iter();
    let kill = |(kill, run): (projections::jobs::runs::KillRequestRow, Arc<RunRow>)| {
        let (number, worker) = (kill.number, run.worker?);
        Some(Kill { number, worker })
    };
    due.filter_map(kill).collect()
}

/// The zone of this name; the usual one without a name. A job whose zone this machine does not know
/// must not stop: it uses the default zone until an operator corrects it.
pub(super) fn zone_of(name: Option<&str>, usual: &TimeZone) -> TimeZone {
    let Some(name) = name else {
        return usual.clone();
    };
    time_zone(name).unwrap_or_else(|| {
        tracing::warn!(
            reactor = "dispatcher",
            zone = name,
            "unknown time zone `{name}`: its jobs use `jobrunner.time_zone`"
        );
        usual.clone()
    })
}

fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
