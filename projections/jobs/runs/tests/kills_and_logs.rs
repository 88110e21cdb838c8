use domain::jobs::kill_request::{self, KillReason, KillRequestEvent};
use domain::jobs::run::{self, RunEvent};
use domain::jobs::run_log::{self, RunLogEvent};
use domain::{BlobRef, LongText};

use crate::Runs;
use crate::testing::job_runner::{asked_to_kill, claimed, returned, scheduled, started, written};
use crate::testing::{App, at};

impl App {
    async fn tell_of_running(&self, number: u64, job: u64) {
        self.tell_of_run(number, scheduled(number, job, 1)).await;
        self.tell_of_run(number, claimed(4, 2)).await;
        self.tell_of_run(number, started(3)).await;
        let pid = run::PidReported { pid: 99, at: at(4) };
        self.tell_of_run(number, RunEvent::PidReported(pid)).await;
    }

    async fn tell_of_kill(&self, number: u64, event: KillRequestEvent) {
        self.tell(&format!("kill_request-{number}"), event).await;
    }

    fn kills_due(&self, second: i64) -> Vec<u64> {
        let due = self.views.of::<Runs>().unwrap().kills_due(at(second));
        due.iter().map(|(kill, _)| kill.number).collect()
    }
}

#[tokio::test]
async fn a_kill_is_due_while_its_run_has_a_process_and_it_is_unacknowledged() {
    let app = App::new();
    app.tell_of_run(1, scheduled(1, 7, 1)).await;
    app.tell_of_kill(1, asked_to_kill(1, 1, 5)).await;
    assert_eq!(app.kills_due(10), [0; 0], "there is nothing to kill");
    app.tell_of_run(1, claimed(4, 2)).await;
    app.tell_of_run(1, started(3)).await;
    assert_eq!(app.kills_due(10), [0; 0], "without a process");
    let pid = run::PidReported { pid: 99, at: at(4) };
    app.tell_of_run(1, RunEvent::PidReported(pid)).await;
    assert_eq!(app.kills_due(10), [1]);
    assert_eq!(app.kills_due(4), [0; 0], "before it is due");
    app.tell_of_kill(2, asked_to_kill(2, 1, 6)).await;
    let enqueued = kill_request::Enqueued {
        enqueued_at: at(7),
        at: at(7),
    };
    app.tell_of_kill(1, KillRequestEvent::Enqueued(enqueued))
        .await;
    assert_eq!(app.kills_due(10), [2]);
    // A worker may carry out what it never took note of.
    app.tell_of_kill(3, asked_to_kill(3, 1, 6)).await;
    let executed = kill_request::Executed {
        executed_at: at(8),
        at: at(8),
    };
    app.tell_of_kill(3, KillRequestEvent::Executed(executed))
        .await;
    assert_eq!(app.kills_due(10), [2]);
    app.tell_of_run(1, returned(8, Some(false))).await;
    assert_eq!(app.kills_due(10), [0; 0], "it is over");

    let runs = app.views.of::<Runs>().unwrap();
    let of_run = runs.kill_requests_of_run(1).unwrap();
    assert_eq!(of_run.len(), 3);
    assert_eq!(runs.get(1).unwrap().unwrap().kill_requests, 3);
    assert_eq!(
        runs.kill_request(1).unwrap().unwrap().enqueued_at,
        Some(at(7))
    );
}

/// A timed-out run whose worker died and started it again before it received the kill has its full
/// time again.
#[tokio::test]
async fn no_run_is_killed_for_the_duration_of_an_earlier_start() {
    let app = App::new();
    app.tell_of_running(1, 7).await;
    let reason = Some(KillReason::TimedOut { limit_seconds: 5 });
    let kill = |number, run| {
        KillRequestEvent::Requested(kill_request::Requested {
            number,
            run,
            reason,
            at: at(8),
        })
    };
    let timed_out = |kill_request| {
        RunEvent::TimedOut(run::TimedOut {
            limit_seconds: 5,
            kill_request,
            at: at(8),
        })
    };
    app.tell_of_kill(1, kill(1, 1)).await;
    app.tell_of_run(1, timed_out(1)).await;
    assert_eq!(app.kills_due(10), [1]);
    let row = app.views.of::<Runs>().unwrap().get(1).unwrap().unwrap();
    assert_eq!(row.timed_out.map(|data| data.kill_request), Some(1));
    app.tell_of_run(1, RunEvent::Reset(run::Reset { at: at(9) }))
        .await;
    app.tell_of_run(1, claimed(4, 10)).await;
    app.tell_of_run(1, started(11)).await;
    let pid = run::PidReported {
        pid: 100,
        at: at(12),
    };
    app.tell_of_run(1, RunEvent::PidReported(pid)).await;
    assert_eq!(app.kills_due(20), [0; 0]);
    let row = app.views.of::<Runs>().unwrap().get(1).unwrap().unwrap();
    assert_eq!(row.start_heard_at, Some(at(11)));
    app.tell_of_kill(2, kill(2, 1)).await;
    app.tell_of_run(1, timed_out(2)).await;
    assert_eq!(app.kills_due(20), [2]);
}

#[tokio::test]
async fn kills_and_logs_are_listed_for_the_jobs_of_their_runs() {
    let app = App::new();
    for (number, job) in [(1, 7), (2, 8), (3, 7)] {
        app.tell_of_running(number, job).await;
        app.tell_of_kill(number, asked_to_kill(number, number, 5))
            .await;
        let log = written(number + 10, number, "hello");
        app.tell(&format!("run_log-{number}"), log).await;
    }
    // Of an unknown run.
    app.tell_of_kill(9, asked_to_kill(9, 99, 5)).await;
    app.tell("run_log-99", written(19, 99, "hello")).await;
    let listed = |jobs: Option<&[u64]>, offset, limit| {
        let jobs = jobs.map(|jobs| jobs.iter().copied().collect());
        let runs = app.views.of::<Runs>().unwrap();
        let (kills, kill_total) = runs.kill_requests(jobs.as_ref(), offset, limit).unwrap();
        let (logs, log_total) = runs.run_logs(jobs.as_ref(), offset, limit).unwrap();
        let kills: Vec<u64> = kills.iter().map(|kill| kill.number).collect();
        let logs: Vec<u64> = logs.iter().map(|log| log.run).collect();
        (kills, kill_total, logs, log_total)
    };
    assert_eq!(
        listed(None, 0, 9),
        (vec![1, 2, 3, 9], 4, vec![99, 3, 2, 1], 4)
    );
    assert_eq!(listed(Some(&[7]), 0, 9), (vec![1, 3], 2, vec![3, 1], 2));
    assert_eq!(listed(Some(&[7]), 1, 9), (vec![3], 2, vec![1], 2));
    assert_eq!(listed(Some(&[7]), 0, 1), (vec![1], 2, vec![3], 2));
    assert_eq!(listed(Some(&[]), 0, 9), (vec![], 0, vec![], 0));

    // A run is of another job now, and with it what belongs to it.
    let patched = run::Patched {
        job: Some(8),
        ..run::Patched::nothing(at(9))
    };
    app.tell_of_run(3, RunEvent::Patched(patched)).await;
    assert_eq!(listed(Some(&[7]), 0, 9), (vec![1], 1, vec![1], 1));
    assert_eq!(listed(Some(&[8]), 0, 9), (vec![2, 3], 2, vec![3, 2], 2));
}

#[tokio::test]
async fn a_log_is_found_by_its_number_and_says_where_its_newest_content_is() {
    let app = App::new();
    app.tell_of_running(1, 7).await;
    let first = app.tell("run_log-1", written(5, 1, "hello")).await;
    let runs = app.views.of::<Runs>().unwrap();
    assert_eq!(runs.get(1).unwrap().unwrap().run_log, Some(5));
    let log = runs.run_log(5).unwrap().unwrap();
    assert_eq!((log.run, log.job, log.size), (1, Some(7), Some(5)));
    assert_eq!(log.content_position, first);

    let blob = BlobRef {
        digest: format!("{:064}", 3),
        size: 100_000,
    };
    let replaced = RunLogEvent::Replaced(run_log::Replaced {
        content: Some(LongText::Blob(blob.clone())),
        at: at(20),
    });
    let second = app.tell("run_log-1", replaced).await;
    let log = app
        .views
        .of::<Runs>()
        .unwrap()
        .log_of_run(1)
        .unwrap()
        .unwrap();
    assert_eq!((log.number, log.size), (5, Some(100_000)));
    assert_eq!((log.content_position, log.blob), (second, Some(blob)));
    assert_eq!((log.written_at, log.updated_at), (at(0), at(20)));
}

#[tokio::test]
async fn a_kill_that_names_another_run_is_that_runs() {
    let app = App::new();
    app.tell_of_running(1, 7).await;
    app.tell_of_running(2, 8).await;
    app.tell_of_kill(1, asked_to_kill(1, 1, 5)).await;
    let patched = kill_request::Patched {
        run: Some(2),
        ..kill_request::Patched::nothing(at(9))
    };
    app.tell_of_kill(1, KillRequestEvent::Patched(patched))
        .await;
    let runs = app.views.of::<Runs>().unwrap();
    let counts = [1, 2].map(|run| runs.get(run).unwrap().unwrap().kill_requests);
    assert_eq!(counts, [0, 1]);
    assert!(runs.kill_requests_of_run(1).unwrap().is_empty());
    assert_eq!(runs.kill_requests_of_run(2).unwrap()[0].job, Some(8));
    let due = runs.kills_due(at(10));
    assert_eq!(due[0].1.number, 2, "its run is killed");
}
