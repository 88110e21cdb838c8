//! The farm as far as sending runs is concerned, taken down in one look at the roster.

use std::collections::{BTreeMap, BTreeSet};

use domain::jobs::schedule::{Interval, Member, Window};
use projections::jobs::roster::{Roster, WorkerEntry};

use super::offers;

/// The facts of jobs and workers that decide where runs go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Farm {
    pub jobs: BTreeMap<u64, Terms>,
    pub pools: BTreeMap<u64, Vec<Member>>,
    /// What workers are called when they are spoken to.
    pub keys: BTreeMap<u64, String>,
    /// How many runs are offered at once to workers that reported how many they execute at once.
    pub windows: BTreeMap<u64, u32>,
}

/// On which terms the runs of a job are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether job, template, project and pool all let runs be sent.
    pub enabled: bool,
    /// The pool whose workers execute it.
    pub pool: u64,
    /// Whether each of them does.
    pub run_on_all_workers: bool,
    /// How far apart its occasions are.
    pub interval: Option<Interval>,
    /// When they are, by the calendar; instead of an interval.
    pub cron: Option<String>,
    /// Whose clock it goes by, when it is not the job runner's.
    pub time_zone: Option<String>,
    /// When it does not run.
    pub excluded: Vec<Window>,
}

impl Farm {
    /// The farm now, as far as these jobs are concerned.
    #[must_use]
    pub fn of(
        roster: &Roster,
        jobs: &BTreeSet<u64>,
        answers: impl Fn(&WorkerEntry) -> bool,
    ) -> Self {
        let workers = roster.workers();
        let member = |number: &u64| {
            let worker = workers.get(number)?;
            Some(Member {
                worker: worker.number,
                enabled: worker.enqueue_is_enabled,
                responsive: answers(worker),
            })
        };
        let pools = roster.worker_pools().values().map(|pool| {
            let members = pool.workers.iter().filter_map(member);
            (pool.number, members.collect())
        });
        let jobs = jobs.iter().filter_map(|job| roster.job(*job)).map(|job| {
            let terms = Terms {
                enabled: roster.is_enqueue_enabled(job.number),
                pool: job.worker_pool,
                run_on_all_workers: job.run_on_all_workers,
                interval: Interval::of(job.interval_count, job.interval_unit),
                cron: job.cron.clone(),
                time_zone: job.time_zone.clone(),
                excluded: job.excluded.clone(),
            };
            (job.number, terms)
        });
        let keys = workers
            .values()
            .map(|worker| (worker.number, worker.api_key.clone()));
        let windows = workers
            .values()
            .map(|worker| (worker.number, offers::window(worker.concurrent_jobs)));
        Self {
            jobs: jobs.collect(),
            pools: pools.collect(),
            keys: keys.collect(),
            windows: windows.collect(),
        }
    }

    /// How much a worker is offered at once.
    #[must_use]
    pub fn window(&self, worker: u64) -> u32 {
        let window = self.windows.get(&worker).copied();
        window.unwrap_or_else(|| offers::window(None))
    }
}
