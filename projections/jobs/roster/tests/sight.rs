use domain::Event;
use domain::core::user::{Disabled, UserEvent};
use domain::jobs::project::{AdminsAdmitted, ProjectEvent};
use proptest::prelude::*;

use crate::RosterView;
use crate::jobs::roster::{Roster, Scope, Sight};
use crate::testing::job_runner::{
    any_roster_event, created_group, created_job, created_pool, created_project, created_template,
    created_user, registered_worker,
};
use crate::testing::{App, PATIENCE, at, block_on, tell_all};

/// Two projects: the first has pool 1 (workers 1 and 2) and viewers of group 1, the second pool 2 (worker 3)
/// and viewers of group 2. Job 1 belongs to the first and uses its pool; job 2 belongs to the first and uses
/// pool 2; job 3 belongs to the second.
async fn two_projects() -> App {
    let app = App::new();
    let mut story: Vec<(String, Event)> = Vec::new();
    for number in 1..=3 {
        story.push((format!("group-{number}"), created_group(number).into()));
        story.push((format!("worker-{number}"), registered_worker(number).into()));
        story.push((
            format!("user-{number}"),
            created_user(number, [number]).into(),
        ));
    }
    story.push(("user-4".to_owned(), created_user(4, []).into()));
    for number in 1..=2 {
        let workers: &[u64] = if number == 1 { &[1, 2] } else { &[3] };
        let pool = created_pool(
            number,
            workers
                .iter()
                .copied()
                .collect::<std::collections::BTreeSet<u64>>(),
        );
        story.push((format!("worker_pool-{number}"), pool.into()));
        let project = created_project(number, [number], [number]);
        story.push((format!("project-{number}"), project.into()));
        let template = created_template(number, number);
        story.push((format!("job_template-{number}"), template.into()));
    }
    for (job, template, pool) in [(1, 1, 1), (2, 1, 2), (3, 2, 2)] {
        let job_event = created_job(job, template, pool, None);
        story.push((format!("job-{job}"), job_event.into()));
    }
    let last = tell_all(&*app.log, story).await;
    app.views.wait_for_all(last, PATIENCE).await.unwrap();
    app
}

/// What is seen of the numbers 1 to 4, as lists.
fn seen(sees: impl Fn(u64) -> bool) -> Vec<u64> {
    (1..=4).filter(|number| sees(*number)).collect()
}

#[tokio::test]
async fn everybody_sees_what_section_four_of_the_contract_says() {
    let app = two_projects().await;
    app.views.of::<RosterView>().unwrap().read(|roster| {
        for (scope, workers, pools, projects, groups, templates, jobs, kills) in [
            (
                Scope::Worker(1),
                vec![1],
                vec![1],
                vec![1],
                vec![1],
                vec![1],
                vec![1, 2],
                vec![1],
            ),
            (
                Scope::Worker(2),
                vec![2],
                vec![1],
                vec![1],
                vec![1],
                vec![1],
                vec![1, 2],
                vec![1],
            ),
            // Job 2 is of a project that worker 3 does not see, and uses its pool.
            (
                Scope::Worker(3),
                vec![3],
                vec![2],
                vec![2],
                vec![2],
                vec![2],
                vec![3],
                vec![2, 3],
            ),
            (
                Scope::Worker(4),
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
            ),
            (
                Scope::User(1),
                vec![1, 2],
                vec![1],
                vec![1],
                vec![1],
                vec![1],
                vec![1, 2],
                vec![1, 2],
            ),
            (
                Scope::User(2),
                vec![3],
                vec![2],
                vec![2],
                vec![2],
                vec![2],
                vec![3],
                vec![3],
            ),
            (
                Scope::User(3),
                vec![],
                vec![],
                vec![],
                vec![3],
                vec![],
                vec![],
                vec![],
            ),
            (
                Scope::User(4),
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
            ),
            (
                Scope::User(5),
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
                vec![],
            ),
            (
                Scope::All,
                vec![1, 2, 3],
                vec![1, 2],
                vec![1, 2],
                vec![1, 2, 3],
                vec![1, 2],
                vec![1, 2, 3],
                vec![1, 2, 3, 4],
            ),
        ] {
            let sight = roster.sight(scope);
            assert_eq!(
                seen(|n| sight.sees_worker(n)),
                workers,
                "workers of {scope:?}"
            );
            assert_eq!(
                seen(|n| sight.sees_worker_pool(n)),
                pools,
                "pools of {scope:?}"
            );
            assert_eq!(
                seen(|n| sight.sees_project(n)),
                projects,
                "projects of {scope:?}"
            );
            assert_eq!(seen(|n| sight.sees_group(n)), groups, "groups of {scope:?}");
            assert_eq!(
                seen(|n| sight.sees_job_template(n)),
                templates,
                "templates of {scope:?}"
            );
            assert_eq!(seen(|n| sight.sees_job(n)), jobs, "jobs of {scope:?}");
            assert_eq!(
                seen(|n| sight.sees_kill_or_log(n)),
                kills,
                "kills of {scope:?}"
            );
        }
    });
}

#[tokio::test]
async fn an_admin_who_does_not_see_a_project_does_not_change_it() {
    let app = two_projects().await;
    let may = |user, project| {
        let roster = app.views.of::<RosterView>().unwrap();
        roster.read(|roster| roster.may_write_project(user, project))
    };
    assert!(!may(1, 1), "a viewer only looks");
    for group in [1, 3] {
        let admitted = ProjectEvent::AdminsAdmitted(AdminsAdmitted { group, at: at(1) });
        app.tell("project-1", admitted).await;
    }
    for (user, project, expected) in [(1, 1, true), (3, 1, false), (1, 2, false), (4, 1, false)] {
        assert_eq!(
            may(user, project),
            expected,
            "user {user}, project {project}"
        );
    }
    app.views.of::<RosterView>().unwrap().read(|roster| {
        assert!(roster.may_write_worker(1, 2), "through pool 1");
        assert!(!roster.may_write_worker(1, 3), "of another pool");
        assert!(!roster.may_write_worker(3, 2), "not a viewer");
    });
    let disabled = UserEvent::Disabled(Disabled { at: at(2) });
    app.tell("user-1", disabled).await;
    assert!(!may(1, 1), "no disabled user");
    app.views.of::<RosterView>().unwrap().read(|roster| {
        assert!(!roster.sight(Scope::User(1)).sees_project(1));
    });
}

/// Section 4, implemented again as plainly and slowly as possible.
struct Naive<'r>(&'r Roster);

impl Naive<'_> {
    fn pool_has(&self, pool: u64, worker: u64) -> bool {
        let pool = self.0.worker_pool(pool);
        self.0.worker(worker).is_some() && pool.is_some_and(|pool| pool.workers.contains(&worker))
    }

    fn project_uses(&self, project: u64, pool: u64) -> bool {
        let project = self.0.project(project);
        project.is_some_and(|project| project.worker_pools.contains(&pool))
    }

    fn sees_project(&self, scope: Scope, project: u64) -> bool {
        match scope {
            Scope::All => self.0.project(project).is_some(),
            Scope::Worker(worker) => {
                (0..9).any(|pool| self.project_uses(project, pool) && self.pool_has(pool, worker))
            }
            Scope::User(user) => {
                let user = self.0.user(user);
                let project = self.0.project(project);
                (0..9).any(|group| {
                    user.is_some_and(|user| user.is_enabled && user.groups.contains(&group))
                        && project.is_some_and(|project| project.viewers.contains(&group))
                })
            }
        }
    }

    fn sees_pool(&self, scope: Scope, pool: u64) -> bool {
        let exists = self.0.worker_pool(pool).is_some();
        exists
            && match scope {
                Scope::All => true,
                Scope::Worker(worker) => self.pool_has(pool, worker),
                Scope::User(_) => (0..9).any(|project| {
                    self.sees_project(scope, project) && self.project_uses(project, pool)
                }),
            }
    }

    fn sees_worker(&self, scope: Scope, worker: u64) -> bool {
        let exists = self.0.worker(worker).is_some();
        exists
            && match scope {
                Scope::All => true,
                Scope::Worker(itself) => worker == itself,
                Scope::User(_) => {
                    (0..9).any(|pool| self.sees_pool(scope, pool) && self.pool_has(pool, worker))
                }
            }
    }

    fn sees_group(&self, scope: Scope, group: u64) -> bool {
        let exists = self.0.group(group).is_some();
        exists
            && match scope {
                Scope::All => true,
                Scope::Worker(_) => (0..9).any(|project| {
                    let viewers = self.0.project(project).map(|project| &project.viewers);
                    self.sees_project(scope, project)
                        && viewers.is_some_and(|viewers| viewers.contains(&group))
                }),
                Scope::User(user) => {
                    let user = self.0.user(user);
                    user.is_some_and(|user| user.is_enabled && user.groups.contains(&group))
                }
            }
    }

    fn sees_job(&self, scope: Scope, job: u64) -> bool {
        let Some(job) = self.0.job(job) else {
            return false;
        };
        let template = self.0.job_template(job.job_template);
        scope == Scope::All
            || template.is_some_and(|template| self.sees_project(scope, template.project))
    }

    fn sees_kill(&self, scope: Scope, job: u64) -> bool {
        match scope {
            Scope::All => true,
            Scope::User(_) => self.sees_job(scope, job),
            Scope::Worker(worker) => {
                let job = self.0.job(job);
                job.is_some_and(|job| self.pool_has(job.worker_pool, worker))
            }
        }
    }

    fn agrees(&self, scope: Scope, sight: &Sight<'_>) {
        for n in 0..9 {
            assert_eq!(
                sight.sees_project(n),
                self.sees_project(scope, n),
                "project {n} {scope:?}"
            );
            assert_eq!(
                sight.sees_worker_pool(n),
                self.sees_pool(scope, n),
                "pool {n} {scope:?}"
            );
            assert_eq!(
                sight.sees_worker(n),
                self.sees_worker(scope, n),
                "worker {n} {scope:?}"
            );
            assert_eq!(
                sight.sees_group(n),
                self.sees_group(scope, n),
                "group {n} {scope:?}"
            );
            assert_eq!(
                sight.sees_job(n),
                self.sees_job(scope, n),
                "job {n} {scope:?}"
            );
            assert_eq!(
                sight.sees_kill_or_log(n),
                self.sees_kill(scope, n),
                "kill {n} {scope:?}"
            );
        }
        let jobs = sight.jobs_of_kills_and_logs();
        let expected = (0..9).filter(|n| self.0.job(*n).is_some() && self.sees_kill(scope, *n));
        let is_all = scope == Scope::All;
        assert_eq!(
            jobs,
            (!is_all).then(|| expected.collect()),
            "jobs of kills {scope:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_caller_sees_exactly_what_the_plain_definition_says(
        story in prop::collection::vec(any_roster_event(), 20..250),
    ) {
        block_on(async {
            let app = App::new();
            let last = tell_all(&*app.log, story).await;
            app.views.wait_for_all(last, PATIENCE).await.unwrap();
            app.views.of::<RosterView>().unwrap().read(|roster| {
                let naive = Naive(roster);
                let scopes = (0..6).flat_map(|n| [Scope::Worker(n), Scope::User(n)]);
                for scope in scopes.chain([Scope::All]) {
                    naive.agrees(scope, &roster.sight(scope));
                }
            });
        });
    }
}
