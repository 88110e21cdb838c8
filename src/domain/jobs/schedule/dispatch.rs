//! Which runs are sent to workers in one round, and to which.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// A run that no worker has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub run: u64,
    pub job: u64,
    /// Which occasion of the job it belongs to.
    pub schedule_id: u64,
    pub schedule_at: Timestamp,
    /// Whether a user requested it.
    pub is_manual: bool,
    /// Whether its job, template, project and pool all let runs be sent.
    pub enabled: bool,
}

/// One round of sending: at most one occasion of each job.
///
/// Call it in the order of [`Round::order`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    active: BTreeMap<u64, BTreeSet<u64>>,
    taken: BTreeMap<u64, u64>,
}

impl Round {
    /// A round while these runs are with workers, as (job, schedule id): claimed and not returned.
    #[must_use]
    pub fn new(active: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut round = Self::default();
        for (job, schedule_id) in active {
            round.active.entry(job).or_default().insert(schedule_id);
        }
        round
    }

    /// The order in which runs are looked at: those due first come first, older ones before
    /// younger.
    pub fn order(runs: &mut [Waiting]) {
        runs.sort_by_key(|run| (run.schedule_at, run.run));
    }

    /// Whether a run may be sent in this round.
    ///
    /// A run by hand ignores all switches. A job runs one occasion at a time; runs of the same
    /// occasion do not wait for each other.
    #[must_use]
    pub fn allows(&self, run: &Waiting, now: Timestamp) -> bool {
        let others = |ids: &BTreeSet<u64>| ids.iter().any(|id| *id != run.schedule_id);
        run.schedule_at <= now
            && (run.is_manual || run.enabled)
            && !self.active.get(&run.job).is_some_and(others)
            && self
                .taken
                .get(&run.job)
                .is_none_or(|id| *id == run.schedule_id)
    }

    /// Records that a run is sent. A run without a worker is not sent and blocks no other.
    pub fn take(&mut self, run: &Waiting) {
        self.taken.insert(run.job, run.schedule_id);
    }
}

/// A worker of the pool of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub worker: u64,
    /// Whether it takes new work.
    pub enabled: bool,
    /// Whether it answers pings.
    pub responsive: bool,
}

/// To whom a run is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To this one, which has or had it.
    Known(u64),
    One(Vec<u64>),
    /// To each of these, in a run of its own; the run itself is spread into those and no more.
    Each(Vec<u64>),
    NoWorker,
}

/// To whom a run is sent: to its worker when it has one, even if that takes no new work; else into
/// the pool.
#[must_use]
pub fn target(worker: Option<u64>, run_on_all_workers: bool, pool: &[Member]) -> Target {
    if let Some(worker) = worker {
        return Target::Known(worker);
    }
    let enabled = || pool.iter().filter(|member| member.enabled);
    let all: Vec<u64> = enabled().map(|member| member.worker).collect();
    if all.is_empty() {
        return Target::NoWorker;
    }
    if run_on_all_workers {
        return Target::Each(all);
    }
    let answering: Vec<u64> = enabled()
        .filter(|member| member.responsive)
        .map(|member| member.worker)
        .collect();
    // The fault may be on our side: when no worker answers, any of them is tried.
    Target::One(if answering.is_empty() { all } else { answering })
}

/// One of several workers: the one from before as long as it is among them, else one by chance.
/// `chance` is any number, drawn by the caller.
#[must_use]
pub fn choose(among: &[u64], before: Option<u64>, chance: u64) -> Option<u64> {
    let again = before.filter(|worker| among.contains(worker));
    let count = u64::try_from(among.len()).ok()?;
    again.or_else(|| {
        let index = usize::try_from(chance.checked_rem(count)?).ok()?;
        among.get(index).copied()
    })
}

#[cfg(test)]
mod tests;
