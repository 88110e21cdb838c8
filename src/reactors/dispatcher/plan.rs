//! What is to be done in one round: which runs go to whom, and which occasions come next. Pure.

use std::collections::{BTreeMap, BTreeSet};

use domain::jobs::schedule::{
    FollowUp, JobFacts, Rhythm, Round, Target, Waiting, choose, follow_up, target,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::farm::{Farm, Terms};
use super::offers::Offers;

/// A run that no worker has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    pub run: u64,
    pub job: u64,
    /// Which occasion of the job it belongs to.
    pub schedule_id: u64,
    pub schedule_at: Timestamp,
    /// Whether it was requested by hand.
    pub is_manual: bool,
    pub worker: Option<u64>,
    /// Whether its occasion had a run before, which was followed when that was sent.
    pub is_retry: bool,
}

/// What is known of the occasions of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occasions {
    /// The schedule ids of its runs that have not returned.
    pub open: BTreeSet<u64>,
    /// The due time of its newest run that was not requested by hand.
    pub reference: Option<Timestamp>,
}

/// What is to be done about one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    pub run: u64,
    /// When its job is due again. To be settled before the run is sent: a run that is claimed is
    /// not looked at any more.
    pub next: FollowUp,
    pub to: Recipient,
}

/// The receiver of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    Worker(u64),
    /// Each of these, about a run of its own.
    Each(Vec<u64>),
    /// None for now: the possible workers have enough offers.
    Held,
    NoWorker,
}

/// What a plan is made of.
pub struct Facts<'a> {
    pub farm: &'a Farm,
    pub unclaimed: Vec<Unclaimed>,
    /// Runs that are with workers, as (job, schedule id). Taken down after `unclaimed`: a run that
    /// was claimed in between is then in both, and blocks others rather than being forgotten.
    pub active: BTreeSet<(u64, u64)>,
    pub now: Timestamp,
    /// By whose clock a job goes that names this zone, or none.
    pub zone: &'a dyn Fn(Option<&str>) -> TimeZone,
}

/// What is to be done, in order. `again` is whether offers that have not been taken are repeated
/// when it is time; `occasions` is only used for jobs whose runs are sent.
///
/// # Errors
/// When `occasions` does not answer.
pub fn plan<E>(
    facts: Facts<'_>,
    offers: &Offers,
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
    let mut windows = Windows::new(farm, offers);
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
            Target::Known(worker) => windows.choose(run.run, &[worker], again, &mut chance),
            Target::One(among) => windows.choose(run.run, &among, again, &mut chance),
            Target::Each(all) => Some(Recipient::Each(all)),
            Target::NoWorker => Some(Recipient::NoWorker),
        };
        // A run that is held keeps its turn: the next occasion of its job does not overtake it.
        if to != Some(Recipient::NoWorker) {
            round.take(run);
        }
        let Some(to) = to else {
            continue;
        };
        // What is decided about one run is not known to the view yet when the next is looked at.
        let is_settled = retries.contains(&run.run) || offers.is_held(run.run);
        let next = if !is_settled && settled.insert(run.job) {
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

/// How much more each worker is offered in this round.
struct Windows<'a> {
    farm: &'a Farm,
    offers: &'a Offers,
    outstanding: BTreeMap<u64, u32>,
}

impl<'a> Windows<'a> {
    fn new(farm: &'a Farm, offers: &'a Offers) -> Self {
        Self {
            farm,
            offers,
            outstanding: offers.outstanding(),
        }
    }

    /// The worker that gets an offer now: the previous one, for some rounds and when it is due;
    /// else one that can take more. None when there is no offer in this round.
    fn choose(
        &mut self,
        run: u64,
        among: &[u64],
        again: bool,
        chance: &mut impl FnMut() -> u64,
    ) -> Option<Recipient> {
        let before = self.offers.get(run);
        if before.is_some() && !again {
            return None;
        }
        let kept = before.filter(|offer| among.contains(&offer.worker));
        if let Some(offer) = kept.filter(|offer| !offer.is_stale()) {
            return offer
                .is_repeated()
                .then_some(Recipient::Worker(offer.worker));
        }
        let is_other = |worker: &&u64| kept.is_none_or(|offer| offer.worker != **worker);
        let others = among.iter().filter(is_other).copied();
        let open: Vec<u64> = others.filter(|worker| self.is_open(*worker)).collect();
        if let Some(worker) = choose(&open, None, chance()) {
            *self.outstanding.entry(worker).or_default() += 1;
            return Some(Recipient::Worker(worker));
        }
        match kept {
            Some(offer) => offer
                .is_repeated()
                .then_some(Recipient::Worker(offer.worker)),
            None if self.offers.is_held(run) => None,
            None => Some(Recipient::Held),
        }
    }

    fn is_open(&self, worker: u64) -> bool {
        let outstanding = self.outstanding.get(&worker).copied().unwrap_or_default();
        outstanding < self.farm.window(worker)
    }
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
