mod sight;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::Event;
use domain::core::user::{self, UserEvent};
use domain::jobs::job::{self, JobEvent};
use domain::jobs::job_template::{self, JobTemplateEvent};
use domain::jobs::project::{self, ProjectEvent};
use domain::jobs::worker::{self, WorkerEvent};
use domain::jobs::worker_pool::{self, WorkerPoolEvent};
use proptest::prelude::*;
use tables::MemoryTables;

use crate::testing::job_runner::{
    any_roster_event, counted, created_group, created_job, created_pool, created_project,
    created_template, created_user, password, registered_worker, reported,
};
use crate::testing::{App, PATIENCE, at, block_on, config, memory_log, tell_all};
use crate::{RosterView, Views};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The memory depends on the rows alone, not on their history.
    #[test]
    fn a_roster_that_was_taken_up_again_is_the_same(
        story in prop::collection::vec(any_roster_event(), 0..150),
    ) {
        block_on(async {
            let log = Arc::new(memory_log());
            let tables = Arc::new(MemoryTables::new());
            let live = Views::start(log.clone(), tables.clone(), config()).unwrap();
            for event in story {
                let position = tell_all(&*log, [event]).await;
                live.wait_for_all(position, PATIENCE).await.unwrap();
            }
            live.shutdown();
            let seen = live.of::<RosterView>().unwrap().read(|roster| format!("{roster:#?}"));
            let again = Views::start(log, tables, config()).unwrap();
            again.wait_for_all(live.position(), PATIENCE).await.unwrap();
            prop_assert_eq!(again.of::<RosterView>().unwrap().read(|roster| format!("{roster:#?}")), seen);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_row_has_what_memory_leaves_out() {
    let app = App::new();
    app.tell("job-1", created_job(1, 2, 3, None)).await;
    let script = domain::LongText::Inline("echo again".to_owned());
    let edited = job::Edited {
        script: Some(script.clone()),
        ..job::Edited::nothing(at(1))
    };
    let position = app.tell("job-1", JobEvent::Edited(edited)).await;
    let roster = app.views.of::<RosterView>().unwrap();
    let row = roster.job(1).unwrap().unwrap();
    assert_eq!((row.facts.script, row.position), (script, position));
    assert_eq!(roster.job(2).unwrap(), None);
    app.tell("user-1", created_user(1, [7])).await;
    let user = roster.user(1).unwrap().unwrap().facts.user;
    assert_eq!((user.password, user.groups), (password(1), [7].into()));
}

#[tokio::test]
async fn a_name_is_found_as_long_as_a_record_has_it() {
    let app = App::new();
    app.tell("worker-1", registered_worker(1)).await;
    app.tell("worker-2", registered_worker(2)).await;
    let edited = worker::Edited {
        api_key: Some("other".to_owned()),
        ..worker::Edited::nothing(at(1))
    };
    app.tell("worker-1", WorkerEvent::Edited(edited)).await;
    app.tell("group-1", created_group(1)).await;
    app.tell("user-4", created_user(4, [1])).await;
    app.tell("job_template-1", created_template(1, 9)).await;
    app.tell("job-1", created_job(1, 1, 3, None)).await;
    app.views.of::<RosterView>().unwrap().read(|roster| {
        let of_key = |key| roster.worker_by_key(key).map(|worker| worker.number);
        for (key, expected) in [
            ("other", Some(1)),
            ("key1", None),
            ("key2", Some(2)),
            ("key", None),
            ("key22", None),
            ("", None),
        ] {
            assert_eq!(of_key(key), expected, "{key}");
        }
        assert_eq!(roster.worker_by_title("worker 1").unwrap().number, 1);
        assert_eq!(roster.group_by_name("group 1").unwrap().number, 1);
        assert_eq!(roster.user_by_name("user 4").unwrap().number, 4);
        let template = |project| roster.job_template_by_title(project, "template 1");
        assert_eq!(template(9).unwrap().number, 1);
        assert_eq!(template(1), None, "within another project");
        assert_eq!(roster.job_by_title(1, "job 1").unwrap().number, 1);
        assert_eq!(roster.job_by_title(2, "job 1"), None);
        assert_eq!(roster.project_of_job(1), Some(9));
    });
}

#[tokio::test]
async fn a_child_is_known_by_its_parent_and_leaves_it() {
    let app = App::new();
    let children = |job: u64| {
        let roster = app.views.of::<RosterView>().unwrap();
        roster.read(|roster| roster.job(job).unwrap().children.clone())
    };
    app.tell("job-2", created_job(2, 1, 1, Some(1))).await;
    app.tell("job-1", created_job(1, 1, 1, None)).await;
    app.tell("job-3", created_job(3, 1, 1, Some(1))).await;
    assert_eq!(
        children(1),
        BTreeSet::from([2, 3]),
        "also the one before it"
    );
    let edited = job::Edited {
        parent: Some(Some(3)),
        ..job::Edited::nothing(at(1))
    };
    app.tell("job-2", JobEvent::Edited(edited)).await;
    assert_eq!((children(1), children(3)), ([3].into(), [2].into()));
    let orphaned = job::Edited {
        parent: Some(None),
        ..job::Edited::nothing(at(2))
    };
    app.tell("job-3", JobEvent::Edited(orphaned)).await;
    assert_eq!((children(1), children(3)), ([].into(), [2].into()));
}

#[tokio::test]
async fn what_a_worker_does_not_speak_of_stays() {
    let app = App::new();
    app.tell("worker-1", registered_worker(1)).await;
    let first = reported(5, Some("2.1.2".to_owned()));
    app.tell("worker-reports:1", first).await;
    let second = WorkerEvent::Reported(worker::Reported {
        worker_version: None,
        concurrent_jobs: Some(Some(4)),
        ping_response_at: Some(Some(at(9))),
        at: at(10),
    });
    app.tell("worker-reports:1", second).await;
    // A worker is edited: its reports are still known.
    let edited = worker::Edited {
        title: Some("renamed".to_owned()),
        ..worker::Edited::nothing(at(11))
    };
    app.tell("worker-1", WorkerEvent::Edited(edited)).await;
    let worker = app
        .views
        .of::<RosterView>()
        .unwrap()
        .read(|roster| roster.worker(1).cloned())
        .unwrap();
    assert_eq!(worker.title, "renamed");
    assert_eq!(worker.worker_version.as_deref(), Some("2.1.2"));
    assert_eq!(
        (worker.ping_response_at, worker.concurrent_jobs),
        (Some(at(9)), Some(4))
    );
    assert_eq!(worker.reported_at, Some(at(10)));
}

#[tokio::test]
async fn a_job_knows_what_was_completed_last_also_after_an_edit() {
    let app = App::new();
    app.tell("job-1", created_job(1, 1, 1, None)).await;
    app.tell("job-tally:1", counted(8, 7)).await;
    let edited = job::Edited {
        title: Some("renamed".to_owned()),
        ..job::Edited::nothing(at(1))
    };
    app.tell("job-1", JobEvent::Edited(edited)).await;
    let roster = app.views.of::<RosterView>().unwrap();
    let job = roster.read(|roster| roster.job(1).cloned()).unwrap();
    assert_eq!((job.fails, job.last_completed_schedule_id), (2, Some(7)));
}

#[tokio::test]
async fn a_password_is_as_old_as_the_event_that_set_it() {
    let app = App::new();
    let credential = || {
        let roster = app.views.of::<RosterView>().unwrap();
        roster.read(|roster| roster.user(1).unwrap().credential_position)
    };
    let created = app.tell("user-1", created_user(1, [1])).await;
    let disabled = UserEvent::Disabled(user::Disabled { at: at(1) });
    app.tell("user-1", disabled).await;
    assert_eq!(credential(), created);
    let changed = UserEvent::PasswordChanged(user::PasswordChanged {
        password: password(2),
        at: at(2),
    });
    let changed = app.tell("user-1", changed).await;
    assert_eq!(credential(), changed);
}

#[tokio::test]
async fn jobs_are_listed_by_the_titles_of_project_and_template_and_their_own() {
    let app = App::new();
    for (number, project) in [(1, 2), (2, 1), (3, 1)] {
        let template = created_template(number, project);
        app.tell(&format!("job_template-{number}"), template).await;
        let project_event = created_project(number, [], []);
        app.tell(&format!("project-{number}"), project_event).await;
    }
    for (number, template) in [(1, 1), (2, 3), (3, 2), (4, 2)] {
        let job = created_job(number, template, 1, None);
        app.tell(&format!("job-{number}"), job).await;
    }
    app.tell("worker_pool-1", created_pool(1, [])).await;
    let jobs = || {
        let roster = app.views.of::<RosterView>().unwrap();
        roster.read(|roster| {
            let jobs: Vec<u64> = roster.jobs_by_title().map(|job| job.number).collect();
            let templates = roster.job_templates_by_title();
            let templates: Vec<u64> = templates.map(|template| template.number).collect();
            (jobs, templates)
        })
    };
    assert_eq!(jobs(), (vec![3, 4, 2, 1], vec![2, 3, 1]));
    // What they belong to is called otherwise, and they move with it.
    let edited = project::Edited {
        title: Some("a".to_owned()),
        ..project::Edited::nothing(at(1))
    };
    app.tell("project-2", ProjectEvent::Edited(edited)).await;
    assert_eq!(jobs(), (vec![1, 3, 4, 2], vec![1, 2, 3]));
}

#[tokio::test]
async fn runs_are_sent_only_while_all_four_switches_are_on() {
    let app = App::new();
    let enabled = || {
        let roster = app.views.of::<RosterView>().unwrap();
        roster.read(|roster| roster.is_enqueue_enabled(1))
    };
    app.tell("job-1", created_job(1, 1, 1, None)).await;
    assert!(!enabled(), "without a template");
    app.tell("job_template-1", created_template(1, 1)).await;
    app.tell("project-1", created_project(1, [1], [])).await;
    app.tell("worker_pool-1", created_pool(1, [1])).await;
    assert!(enabled());
    let at = at(1);
    let because = job::Suspension::Asked;
    let switches: [(&str, Event, Event); 4] = [
        (
            "project-1",
            ProjectEvent::EnqueueSuspended(project::EnqueueSuspended { at }).into(),
            ProjectEvent::EnqueueResumed(project::EnqueueResumed { at }).into(),
        ),
        (
            "job_template-1",
            JobTemplateEvent::EnqueueSuspended(job_template::EnqueueSuspended { at }).into(),
            JobTemplateEvent::EnqueueResumed(job_template::EnqueueResumed { at }).into(),
        ),
        (
            "worker_pool-1",
            WorkerPoolEvent::EnqueueSuspended(worker_pool::EnqueueSuspended { at }).into(),
            WorkerPoolEvent::EnqueueResumed(worker_pool::EnqueueResumed { at }).into(),
        ),
        (
            "job-1",
            JobEvent::EnqueueSuspended(job::EnqueueSuspended { because, at }).into(),
            JobEvent::EnqueueResumed(job::EnqueueResumed { at }).into(),
        ),
    ];
    for (stream, off, on) in switches {
        app.tell(stream, off).await;
        assert!(!enabled(), "while {stream} is off");
        app.tell(stream, on).await;
        assert!(enabled(), "{stream} is on again");
    }
}
