//! Stories of a small job runner: a few groups, projects, pools, workers, jobs and runs.

mod parts;

use std::collections::BTreeSet;

use domain::core::group::GroupEvent;
use domain::core::user::UserEvent;
use domain::jobs::job::{JobEvent, RunCounted, Suspension};
use domain::jobs::job_template::JobTemplateEvent;
use domain::jobs::kill_request::{KillReason, KillRequestEvent};
use domain::jobs::project::ProjectEvent;
use domain::jobs::run::{Origin, RunEvent, Scheduled, Share};
use domain::jobs::run_log::RunLogEvent;
use domain::jobs::worker::WorkerEvent;
use domain::jobs::worker_pool::WorkerPoolEvent;
use domain::{
    Event, LongText, PasswordHash, Sealed,
    core::{group, user},
    jobs::{job, job_template, kill_request, project, run, run_log, worker, worker_pool},
};
use proptest::prelude::*;

use super::at;

pub(crate) use parts::*;

/// What may happen to a small job runner, early, late, repeated or absurd.
pub(crate) fn any_event() -> impl Strategy<Value = (String, Event)> {
    prop_oneof![
        (0..ROSTER_KINDS, 1_u64..5, 1_u64..5).prop_map(|(kind, a, b)| roster_event(kind, a, b)),
        (0..RUN_KINDS, 1_u64..7, 1_u64..5).prop_map(|(kind, a, b)| run_event(kind, a, b)),
    ]
}

/// What may happen to who works on what.
pub(crate) fn any_roster_event() -> impl Strategy<Value = (String, Event)> {
    (0..ROSTER_KINDS, 1_u64..5, 1_u64..5).prop_map(|(kind, a, b)| roster_event(kind, a, b))
}

/// One event of each kind, about things with the number 1.
pub(crate) fn every_kind_of_event() -> impl Iterator<Item = (String, Event)> {
    (0..ROSTER_KINDS)
        .map(|kind| roster_event(kind, 1, 1))
        .chain((0..RUN_KINDS).map(|kind| run_event(kind, 1, 1)))
}

const ROSTER_KINDS: u8 = 32;

fn roster_event(kind: u8, number: u64, other: u64) -> (String, Event) {
    let now = at(i64::from(kind));
    let (on_group, on_user) = (format!("group-{number}"), format!("user-{number}"));
    let (on_project, on_pool) = (format!("project-{number}"), format!("worker_pool-{number}"));
    let (on_worker, on_job) = (format!("worker-{number}"), format!("job-{number}"));
    let on_template = format!("job_template-{number}");
    match kind {
        0 => (on_group, created_group(number).into()),
        1 => {
            let name = Some(format!("group {other}"));
            let edited = group::Edited { name, at: now };
            (on_group, GroupEvent::Edited(edited).into())
        }
        2 => (on_user, created_user(number, [other]).into()),
        3 => {
            let password = password(other);
            let changed = user::PasswordChanged { password, at: now };
            (on_user, UserEvent::PasswordChanged(changed).into())
        }
        4 => (
            on_user,
            UserEvent::Disabled(user::Disabled { at: now }).into(),
        ),
        5 => (
            on_user,
            UserEvent::Enabled(user::Enabled { at: now }).into(),
        ),
        6 => {
            let joined = user::GroupJoined {
                group: other,
                at: now,
            };
            (on_user, UserEvent::GroupJoined(joined).into())
        }
        7 => {
            let left = user::GroupLeft {
                group: other,
                at: now,
            };
            (on_user, UserEvent::GroupLeft(left).into())
        }
        8 | 9 => (on_project, created_project(number, [other], [other]).into()),
        10 => {
            let title = Some(format!("project {other}"));
            let edited = project::Edited {
                title,
                ..project::Edited::nothing(now)
            };
            (on_project, ProjectEvent::Edited(edited).into())
        }
        11 => {
            let added = project::PoolAdded {
                worker_pool: other,
                at: now,
            };
            (on_project, ProjectEvent::PoolAdded(added).into())
        }
        12 => {
            let removed = project::PoolRemoved {
                worker_pool: other,
                at: now,
            };
            (on_project, ProjectEvent::PoolRemoved(removed).into())
        }
        13 => {
            let admitted = project::ViewersAdmitted {
                group: other,
                at: now,
            };
            (on_project, ProjectEvent::ViewersAdmitted(admitted).into())
        }
        14 => {
            let admitted = project::AdminsAdmitted {
                group: other,
                at: now,
            };
            (on_project, ProjectEvent::AdminsAdmitted(admitted).into())
        }
        15 | 16 => (on_pool, created_pool(number, [other]).into()),
        17 => {
            let added = worker_pool::WorkerAdded {
                worker: other,
                at: now,
            };
            (on_pool, WorkerPoolEvent::WorkerAdded(added).into())
        }
        18 => {
            let removed = worker_pool::WorkerRemoved {
                worker: other,
                at: now,
            };
            (on_pool, WorkerPoolEvent::WorkerRemoved(removed).into())
        }
        19 | 20 => (on_worker, registered_worker(number).into()),
        21 => {
            let edited = worker::Edited {
                title: Some(format!("worker {other}")),
                api_key: Some(format!("key{other}")),
                ..worker::Edited::nothing(now)
            };
            (on_worker, WorkerEvent::Edited(edited).into())
        }
        22 => {
            let reported = reported(i64::from(kind), Some(format!("2.1.{other}")));
            (format!("worker-reports:{number}"), reported.into())
        }
        23 | 24 => (on_template, created_template(number, other).into()),
        25 => {
            let edited = job_template::Edited {
                project: Some(other),
                ..job_template::Edited::nothing(now)
            };
            (on_template, JobTemplateEvent::Edited(edited).into())
        }
        26 | 27 => {
            let parent = Some(other).filter(|other| *other != number);
            (on_job, created_job(number, other, other, parent).into())
        }
        28 => {
            let edited = job::Edited {
                parent: Some((other > 2).then_some(other)),
                title: Some(format!("job {other}")),
                cron: Some((other > 2).then(|| "@daily".to_owned())),
                retries: Some(Some(3)),
                ..job::Edited::nothing(now)
            };
            (on_job, JobEvent::Edited(edited).into())
        }
        29 => {
            let because = Suspension::Asked;
            let suspended = job::EnqueueSuspended { because, at: now };
            (on_job, JobEvent::EnqueueSuspended(suspended).into())
        }
        30 => (format!("job-tally:{number}"), counted(other, other).into()),
        _ => {
            let expelled = project::ViewersExpelled {
                group: other,
                at: now,
            };
            (on_project, ProjectEvent::ViewersExpelled(expelled).into())
        }
    }
}

const RUN_KINDS: u8 = 29;

fn run_event(kind: u8, number: u64, other: u64) -> (String, Event) {
    let second = i64::from(kind) + i64::try_from(other).unwrap();
    let now = at(second);
    let on_run = format!("run-{number}");
    let on_kill = format!("kill_request-{number}");
    match kind {
        0..=3 => (on_run, scheduled(number, other, second).into()),
        4 => {
            let sibling = Scheduled {
                schedule_id: 1,
                worker: Some(other),
                origin: Origin::Sibling { run: 1 },
                ..schedule(number, other, second)
            };
            (on_run, RunEvent::Scheduled(sibling).into())
        }
        5 | 6 => (on_run, claimed(other, second).into()),
        7 | 8 => (on_run, started(second).into()),
        9 | 10 => (on_run, returned(second, Some(other != 1)).into()),
        11 => (on_run, returned(second, None).into()),
        12 => {
            let reason = "silent".to_owned();
            let given_up = run::GivenUp { reason, at: now };
            (on_run, RunEvent::GivenUp(given_up).into())
        }
        13 => (on_run, RunEvent::Reopened(run::Reopened { at: now }).into()),
        14 => (on_run, RunEvent::Reset(run::Reset { at: now }).into()),
        15 => {
            let patched = run::Patched {
                job: Some(other),
                is_manual: Some(number.is_multiple_of(2)),
                schedule_id: Some(other),
                ..run::Patched::nothing(now)
            };
            (on_run, RunEvent::Patched(patched).into())
        }
        16 => {
            let patched = run::Patched {
                returned_at: Some(Some(now)),
                schedule_at: Some(now),
                enqueued_at: Some((other > 2).then_some(now)),
                ..run::Patched::nothing(now)
            };
            (on_run, RunEvent::Patched(patched).into())
        }
        17 => {
            let into = vec![Share {
                run: number + 1,
                worker: other,
            }];
            (
                on_run,
                RunEvent::Spread(run::Spread { into, at: now }).into(),
            )
        }
        18 => (on_kill, asked_to_kill(number, other, second).into()),
        19 => {
            let enqueued = kill_request::Enqueued {
                enqueued_at: now,
                at: now,
            };
            (on_kill, KillRequestEvent::Enqueued(enqueued).into())
        }
        20 => {
            let patched = kill_request::Patched {
                run: Some(other),
                ..kill_request::Patched::nothing(now)
            };
            (on_kill, KillRequestEvent::Patched(patched).into())
        }
        21 => (
            format!("run_log-{number}"),
            written(number + 100, number, &format!("says {other}")).into(),
        ),
        22 => {
            let content = Some(LongText::Inline(format!("says {other} instead")));
            let replaced = run_log::Replaced { content, at: now };
            (
                format!("run_log-{number}"),
                RunLogEvent::Replaced(replaced).into(),
            )
        }
        23 => {
            let timed_out = run::TimedOut {
                limit_seconds: 60,
                kill_request: other,
                at: now,
            };
            (on_run, RunEvent::TimedOut(timed_out).into())
        }
        24 => {
            let requested = kill_request::Requested {
                number,
                run: other,
                reason: Some(KillReason::TimedOut { limit_seconds: 60 }),
                at: now,
            };
            (on_kill, KillRequestEvent::Requested(requested).into())
        }
        25 => {
            let retry = Scheduled {
                schedule_id: other,
                origin: Origin::Retry {
                    run: other,
                    attempt: 2,
                },
                ..schedule(number, other, second)
            };
            (on_run, RunEvent::Scheduled(retry).into())
        }
        26 => {
            let retried = run::Retried {
                by: other,
                attempt: 2,
                at: now,
            };
            (on_run, RunEvent::Retried(retried).into())
        }
        27 => {
            let requested = run::KillRequested {
                kill_request: other,
                at: now,
            };
            (on_run, RunEvent::KillRequested(requested).into())
        }
        _ => (format!("job-tally:{other}"), counted(number, number).into()),
    }
}
