//! What is to be done in one round: which runs go to whom, and which occasions come next. Pure.

use std::collections::{BTreeMap, BTreeSet};

use domain::schedule::{
    FollowUp, JobFacts, Rhythm, Round, Target, Waiting, choose, follow_up, target,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::farm::{Farm, Terms};

/// For how many rounds a run is offered to the same worker before another may be asked. A worker that is
/// busy or was away for a moment finds it again; one that is deaf does not keep it for ever.
pub const ROUNDS_KEPT: u32 = 12;

/// A run that no worker has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// The run.
    pub run: u64,
    /// Its job.
    pub job: u64,
    /// Which occasion of the job it belongs to.
    pub schedule_id: u64,
    /// When it is due.
    pub schedule_at: Timestamp,
    /// Whether somebody asked for it by hand.
    pub is_manual: bool,
    /// The worker that has or had it, or is to have it.
    pub worker: Option<u64>,
    /// Whether its occasion had a run before, which was followed when that was sent.
    pub is_retry: bool,
}

/// What is known of the occasions of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occasions {
    /// The schedule ids of its runs that have not returned.
    pub open: BTreeSet<u64>,
    /// For when its newest run was scheduled, of those that nobody asked for by hand.
    pub reference: Option<Timestamp>,
}

/// What is to be done about one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The run.
    pub run: u64,
    /// When its job is due again. To be settled before the run is sent: a run that is claimed is not
    /// looked at any more.
    pub next: FollowUp,
    /// Who is told.
    pub to: Recipient,
}

/// Who is told about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// This worker.
    Worker(u64),
    /// Each of these, about a run of its own.
    Each(Vec<u64>),
    /// Nobody is there.
    Nobody,
}

/// Who was told about which run, and how often. In memory only: after a restart everybody is told anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told(BTreeMap<u64, Mention>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mention {
    worker: u64,
    rounds: u32,
}

impl Told {
    /// Takes note that a worker was told about a run.
    pub fn note(&mut self, run: u64, worker: u64) {
        let mention = self.0.entry(run).or_insert(Mention { worker, rounds: 0 });
        if mention.worker != worker {
            *mention = Mention { worker, rounds: 0 };
        }
        mention.rounds = mention.rounds.saturating_add(1);
    }

    /// Forgets the runs that are not among these.
    pub fn retain(&mut self, waiting: &BTreeSet<u64>) {
        self.0.retain(|run, _| waiting.contains(run));
    }

    /// Whether anybody was told about a run.
    #[must_use]
    pub fn contains(&self, run: u64) -> bool {
        self.0.contains_key(&run)
    }

    /// One of these: the one who was told before, for a while; then one of the others.
    fn choose(&self, run: u64, among: &[u64], chance: u64) -> Option<u64> {
        match self.0.get(&run) {
            Some(mention) if mention.rounds >= ROUNDS_KEPT => {
                let others: Vec<u64> = among
                    .iter()
                    .copied()
                    .filter(|worker| *worker != mention.worker)
                    .collect();
                choose(&others, None, chance).or_else(|| choose(among, None, chance))
            }
            mention => choose(among, mention.map(|mention| mention.worker), chance),
        }
    }
}

/// What a plan is made of.
pub struct Facts<'a> {
    /// The farm.
    pub farm: &'a Farm,
    /// Runs that nobody has claimed.
    pub unclaimed: Vec<Unclaimed>,
    /// Runs that are with workers, as (job, schedule id). Taken down after `unclaimed`: a run that was
    /// claimed in between is then in both, and blocks others rather than being forgotten.
    pub active: BTreeSet<(u64, u64)>,
    /// The time.
    pub now: Timestamp,
    /// By whose clock a job goes that names this zone, or none.
    pub zone: &'a dyn Fn(Option<&str>) -> TimeZone,
}

/// What is to be done, in order. `again` is whether those who were told before are told again; `occasions`
/// is asked only about jobs whose runs are sent.
///
/// # Errors
/// When `occasions` does not answer.
pub fn plan<E>(
    facts: Facts<'_>,
    told: &Told,
    again: bool,
    mut chance: impl FnMut() -> u64,
    mut occasions: impl FnMut(u64) -> Result<Occasions, E>,
) -> Result<Vec<Errand>, E> {
    let Facts {
        farm,
        unclaimed,
        active,
        now,
        zone,
    } = facts;
    let workers: BTreeMap<u64, Option<u64>> =
        unclaimed.iter().map(|run| (run.run, run.worker)).collect();
    let retries = unclaimed.iter().filter(|run| run.is_retry);
    let retries: BTreeSet<u64> = retries.map(|run| run.run).collect();
    let mut waiting: Vec<Waiting> = unclaimed
        .iter()
        .filter_map(|run| Some(run.waiting(farm.jobs.get(&run.job)?)))
        .collect();
    Round::order(&mut waiting);
    let mut round = Round::new(active);
    let mut errands = Vec::new();
    let mut settled = BTreeSet::new();
    for run in &waiting {
        if !round.allows(run, now) {
            continue;
        }
        let Some(terms) = farm.jobs.get(&run.job) else {
            continue;
        };
        let pool = farm.pools.get(&terms.pool).map_or(&[][..], Vec::as_slice);
        let worker = workers.get(&run.run).copied().flatten();
        let to = match target(worker, terms.run_on_all_workers, pool) {
            Target::Known(worker) => Recipient::Worker(worker),
            Target::One(among) => told
                .choose(run.run, &among, chance())
                .map_or(Recipient::Nobody, Recipient::Worker),
            Target::Each(all) => Recipient::Each(all),
            Target::Nobody => Recipient::Nobody,
        };
        if to != Recipient::Nobody {
            round.take(run);
        }
        if !again && told.contains(run.run) {
            continue;
        }
        // What is decided about one run is not known to the view yet when the next is looked at.
        let next = if !retries.contains(&run.run) && settled.insert(run.job) {
            let Occasions { open, reference } = occasions(run.job)?;
            let rhythm = Rhythm::of(terms.interval, terms.cron.as_deref());
            let job = JobFacts {
                rhythm: rhythm.as_ref(),
                excluded: &terms.excluded,
                open,
                reference,
            };
            follow_up(&job, now, &zone(terms.time_zone.as_deref()))
        } else {
            FollowUp::AnotherIsOpen
        };
        let run = run.run;
        errands.push(Errand { run, next, to });
    }
    Ok(errands)
}

impl Unclaimed {
    fn waiting(&self, terms: &Terms) -> Waiting {
        Waiting {
            run: self.run,
            job: self.job,
            schedule_id: self.schedule_id,
            schedule_at: self.schedule_at,
            is_manual: self.is_manual,
            enabled: terms.enabled,
        }
    }
}

#[cfg(test)]
mod tests;
