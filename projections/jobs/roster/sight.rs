//! Who sees what, and who changes it.

use std::collections::BTreeSet;

use super::Roster;

/// The caller of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The app itself, or a user who may see everything.
    All,
    /// On a worker's, by its number.
    Worker(u64),
    /// On a user's, by their number.
    User(u64),
}

/// What a caller sees. Only [`Scope::All`] sees records that do not exist, and nothing is seen
/// twice.
#[derive(Clone, Debug)]
pub struct Sight<'r> {
    roster: &'r Roster,
    scope: Scope,
    projects: BTreeSet<u64>,
    worker_pools: BTreeSet<u64>,
}

impl Roster {
    /// What a caller sees now.
    #[must_use]
    pub fn sight(&self, scope: Scope) -> Sight<'_> {
        let (projects, worker_pools) = match scope {
            Scope::All => (
                self.projects().keys().copied().collect(),
                self.worker_pools().keys().copied().collect(),
            ),
            Scope::Worker(worker) => self.around_worker(worker),
            Scope::User(user) => self.around_user(user),
        };
        Sight {
            roster: self,
            scope,
            projects,
            worker_pools,
        }
    }

    /// Whether a user changes the jobs and runs of a project. Who does not see it does not.
    #[must_use]
    pub fn may_write_project(&self, user: u64, project: u64) -> bool {
        let admins = self.project(project).map(|project| &project.admins);
        let user_groups = self.groups_of(user);
        let is_admin = admins.is_some_and(|admins| !admins.is_disjoint(&user_groups));
        is_admin && self.sees_project_through(&user_groups, project)
    }

    /// Whether a user changes a worker: it is in a pool of a project that they change.
    #[must_use]
    pub fn may_write_worker(&self, user: u64, worker: u64) -> bool {
        let pools = self.pools_of_worker(worker);
        let mut projects = self.projects().values();
        projects.any(|project| {
            !project.worker_pools.is_disjoint(&pools)
                && self.may_write_project(user, project.number)
        })
    }

    fn around_worker(&self, worker: u64) -> (BTreeSet<u64>, BTreeSet<u64>) {
        if self.worker(worker).is_none() {
            return Default::default();
        }
        let pools = self.pools_of_worker(worker);
        let projects = self.projects().values();
        let projects = projects.filter(|project| !project.worker_pools.is_disjoint(&pools));
        (projects.map(|project| project.number).collect(), pools)
    }

    fn around_user(&self, user: u64) -> (BTreeSet<u64>, BTreeSet<u64>) {
        let groups = self.groups_of(user);
        let projects: Vec<_> = self
            .projects()
            .values()
            .filter(|project| !project.viewers.is_disjoint(&groups))
            .collect();
        let pools = projects
            .iter()
            .flat_map(|project| project.worker_pools.iter().copied())
            .filter(|pool| self.worker_pool(*pool).is_some())
            .collect();
        (
            projects.iter().map(|project| project.number).collect(),
            pools,
        )
    }

    fn pools_of_worker(&self, worker: u64) -> BTreeSet<u64> {
        let pools = self.worker_pools().values();
        let pools = pools.filter(|pool| pool.workers.contains(&worker));
        pools.map(|pool| pool.number).collect()
    }

    /// The groups of an enabled user. Other users belong to none.
    fn groups_of(&self, user: u64) -> BTreeSet<u64> {
        let user = self.user(user).filter(|user| user.is_enabled);
        user.map(|user| user.groups.clone()).unwrap_or_default()
    }

    fn sees_project_through(&self, groups: &BTreeSet<u64>, project: u64) -> bool {
        let project = self.project(project);
        project.is_some_and(|project| !project.viewers.is_disjoint(groups))
    }
}

impl Sight<'_> {
    /// Whether a project is seen.
    #[must_use]
    pub fn sees_project(&self, number: u64) -> bool {
        self.projects.contains(&number)
    }

    /// Whether a pool is seen.
    #[must_use]
    pub fn sees_worker_pool(&self, number: u64) -> bool {
        self.worker_pools.contains(&number)
    }

    /// Whether a worker is seen. A worker sees only itself.
    #[must_use]
    pub fn sees_worker(&self, number: u64) -> bool {
        let exists = self.roster.worker(number).is_some();
        exists
            && match self.scope {
                Scope::All => true,
                Scope::Worker(worker) => worker == number,
                Scope::User(_) => {
                    let pools = self.worker_pools.iter();
                    let mut pools = pools.filter_map(|pool| self.roster.worker_pool(*pool));
                    pools.any(|pool| pool.workers.contains(&number))
                }
            }
    }

    /// Whether a group is seen: a user sees their own, a worker the viewers of the projects it sees.
    #[must_use]
    pub fn sees_group(&self, number: u64) -> bool {
        let exists = self.roster.group(number).is_some();
        exists
            && match self.scope {
                Scope::All => true,
                Scope::User(user) => self.roster.groups_of(user).contains(&number),
                Scope::Worker(_) => {
                    let projects = self.projects.iter();
                    let mut projects = projects.filter_map(|project| self.roster.project(*project));
                    projects.any(|project| project.viewers.contains(&number))
                }
            }
    }

    /// Whether a template is seen.
    #[must_use]
    pub fn sees_job_template(&self, number: u64) -> bool {
        let template = self.roster.job_template(number);
        template
            .is_some_and(|template| self.scope == Scope::All || self.sees_project(template.project))
    }

    /// Whether a job is seen, whatever pool it uses.
    #[must_use]
    pub fn sees_job(&self, number: u64) -> bool {
        let project = self.roster.project_of_job(number);
        match self.scope {
            Scope::All => self.roster.job(number).is_some(),
            Scope::Worker(_) | Scope::User(_) => {
                project.is_some_and(|project| self.sees_project(project))
            }
        }
    }

    /// Whether the runs of a job are seen.
    #[must_use]
    pub fn sees_run(&self, job: u64) -> bool {
        self.scope == Scope::All || self.sees_job(job)
    }

    /// Whether kill requests for and logs of the runs of a job are seen. A worker sees those of its own pools,
    /// also of a project that it does not see otherwise.
    #[must_use]
    pub fn sees_kill_or_log(&self, job: u64) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::User(_) => self.sees_job(job),
            Scope::Worker(_) => {
                let job = self.roster.job(job);
                job.is_some_and(|job| self.worker_pools.contains(&job.worker_pool))
            }
        }
    }

    /// The jobs whose runs are seen; none when all are.
    #[must_use]
    pub fn jobs_of_runs(&self) -> Option<BTreeSet<u64>> {
        self.jobs(|job| self.sees_run(job))
    }

    /// The jobs whose kill requests and logs are seen; none when all are.
    #[must_use]
    pub fn jobs_of_kills_and_logs(&self) -> Option<BTreeSet<u64>> {
        self.jobs(|job| self.sees_kill_or_log(job))
    }

    fn jobs(&self, sees: impl Fn(u64) -> bool) -> Option<BTreeSet<u64>> {
        let all = || self.roster.jobs().keys().copied();
        (self.scope != Scope::All).then(|| all().filter(|job| sees(*job)).collect())
    }
}
