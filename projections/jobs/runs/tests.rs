mod kills_and_logs;
mod lists;

use std::sync::Arc;

use domain::Event;
use domain::jobs::run::{self, RunEvent, Scheduled, Share};
use eventlog::{EventLog, Filter, PageLimit, Position};
use tables::{MemoryTables, Overlay, Tables};

use crate::Views;
use crate::engine::history;
use crate::engine::{Envelope, Fold, Rows};
use crate::jobs::runs::{RunQuery, RunRow, RunState, Runs, RunsFold};
use crate::testing::job_runner::{
    asked_to_kill, claimed, counted, registered_worker, returned, schedule, scheduled, started,
    written,
};
use crate::testing::{App, PATIENCE, at, config, memory_log, tell_all};

/// The numbers of runs, in the order of a list.
#[track_caller]
fn numbers(rows: &[Arc<RunRow>]) -> Vec<u64> {
    rows.iter().map(|row| row.number).collect()
}

#[track_caller]
fn listed(runs: &Runs, query: &RunQuery) -> Vec<u64> {
    numbers(&runs.list(query, 0, 100).unwrap().rows)
}

fn in_state(state: RunState) -> RunQuery {
    RunQuery {
        state: Some(state),
        ..RunQuery::default()
    }
}

impl App {
    async fn tell_of_run(&self, number: u64, event: RunEvent) -> Position {
        self.tell(&format!("run-{number}"), event).await
    }

    /// Schedules a run for `second`, which a worker claims, starts and returns one second after the other.
    async fn tell_of_whole_run(&self, number: u64, job: u64, second: i64) -> Position {
        let run = |event: RunEvent| (format!("run-{number}"), Event::from(event));
        let story = [
            run(scheduled(number, job, second)),
            run(claimed(1, second + 1)),
            run(started(second + 2)),
            run(returned(second + 3, Some(true))),
        ];
        let last = tell_all(&*self.log, story).await;
        self.views.wait_for_all(last, PATIENCE).await.unwrap();
        last
    }
}

#[tokio::test]
async fn a_run_goes_from_list_to_list() {
    let app = App::new();
    let runs = || app.views.of::<Runs>().unwrap();
    let steps = [
        (scheduled(1, 7, 5), RunState::Scheduled),
        (claimed(3, 6), RunState::InQueue),
        (started(7), RunState::Started),
        (returned(9, Some(false)), RunState::Completed),
        (
            RunEvent::Reopened(run::Reopened { at: at(10) }),
            RunState::Started,
        ),
        (
            RunEvent::Reset(run::Reset { at: at(11) }),
            RunState::Scheduled,
        ),
    ];
    for (event, expected) in steps {
        let position = app.tell_of_run(1, event).await;
        let row = runs().get(1).unwrap().unwrap();
        assert_eq!((row.state(), row.position), (expected, position));
        for state in RunState::ALL {
            let expected = if state == expected { vec![1] } else { vec![] };
            assert_eq!(listed(&runs(), &in_state(state)), expected, "{state:?}");
        }
        assert_eq!(runs().count(&RunQuery::default()).unwrap(), 1);
    }
    let row = runs().get(1).unwrap().unwrap();
    assert_eq!((row.worker, row.success), (Some(3), Some(false)), "stay");
}

/// A worker that was silent says in the end how it went, or a person does.
#[tokio::test]
async fn a_run_was_given_up_until_its_end_is_reported() {
    let patched = |change: fn(&mut run::Patched)| {
        let mut patched = run::Patched::nothing(at(30));
        change(&mut patched);
        RunEvent::Patched(patched)
    };
    let app = App::new();
    for (number, event, stays) in [
        (1, patched(|data| data.success = Some(Some(true))), false),
        (
            2,
            patched(|data| data.returned_at = Some(Some(at(29)))),
            false,
        ),
        (3, patched(|data| data.pid = Some(Some(17))), true),
        (4, RunEvent::Reopened(run::Reopened { at: at(30) }), false),
    ] {
        app.tell_of_run(number, scheduled(number, 7, 5)).await;
        app.tell_of_run(number, claimed(3, 6)).await;
        let reason = "worker does not respond to ping".to_owned();
        let given_up = run::GivenUp { reason, at: at(20) };
        app.tell_of_run(number, RunEvent::GivenUp(given_up)).await;
        let row = app
            .views
            .of::<Runs>()
            .unwrap()
            .get(number)
            .unwrap()
            .unwrap();
        assert!(row.given_up.is_some() && row.success == Some(false));
        app.tell_of_run(number, event).await;
        let row = app
            .views
            .of::<Runs>()
            .unwrap()
            .get(number)
            .unwrap()
            .unwrap();
        assert_eq!(row.given_up.is_some(), stays, "run {number}");
        assert_eq!(row.given_up_earlier.is_some(), !stays, "run {number}");
    }
}

/// The order of old clients: what returned last comes first, then what runs, then what is in a queue, then what
/// is due soonest.
#[tokio::test]
async fn runs_are_ordered_by_what_happened_to_them_last() {
    let app = App::new();
    app.tell_of_whole_run(1, 7, 10).await;
    app.tell_of_whole_run(2, 7, 20).await;
    for (number, second) in [(3, 31), (4, 30), (5, 30), (6, 40), (7, 41), (8, 41)] {
        app.tell_of_run(number, scheduled(number, 7, second)).await;
    }
    for (number, second) in [(6, 50), (7, 50), (8, 51)] {
        app.tell_of_run(number, claimed(1, second)).await;
    }
    app.tell_of_run(6, started(60)).await;
    let runs = app.views.of::<Runs>().unwrap();
    assert_eq!(
        listed(&runs, &RunQuery::default()),
        [2, 1, 6, 8, 7, 4, 5, 3]
    );
    let page = runs.list(&RunQuery::default(), 3, 2).unwrap();
    assert_eq!((numbers(&page.rows), page.total), (vec![8, 7], 8));
    let past_the_end = runs.list(&RunQuery::default(), 8, 2).unwrap();
    assert_eq!((past_the_end.rows.len(), past_the_end.total), (0, 8));
}

#[tokio::test]
async fn a_run_that_was_spread_is_no_more_and_its_parts_are_of_its_occasion() {
    let app = App::new();
    app.tell_of_run(1, scheduled(1, 7, 5)).await;
    let into = vec![Share { run: 2, worker: 1 }, Share { run: 3, worker: 2 }];
    let spread = run::Spread {
        into: into.clone(),
        at: at(6),
    };
    app.tell_of_run(1, RunEvent::Spread(spread)).await;
    for share in &into {
        let sibling = Scheduled {
            schedule_id: 1,
            worker: Some(share.worker),
            ..schedule(share.run, 7, 5)
        };
        app.tell_of_run(share.run, RunEvent::Scheduled(sibling))
            .await;
    }
    let runs = app.views.of::<Runs>().unwrap();
    assert_eq!(runs.get(1).unwrap(), None);
    assert_eq!(runs.spread_into(1).unwrap(), Some(into));
    assert_eq!(runs.spread_into(2).unwrap(), None);
    assert_eq!(listed(&runs, &RunQuery::default()), [2, 3]);
    assert_eq!(runs.open_schedule_ids(7), [1].into());
    let of_occasion = RunQuery {
        schedule_ids: Some([1].into()),
        ..RunQuery::default()
    };
    assert_eq!(listed(&runs, &of_occasion), [2, 3]);

    // The occasion is over when its last run is: both are what was completed last.
    for (number, second) in [(2, 10), (3, 20)] {
        app.tell_of_run(number, claimed(1, second)).await;
        app.tell_of_run(number, started(second + 1)).await;
        app.tell_of_run(number, returned(second + 2, Some(true)))
            .await;
        app.tell("job-tally:7", counted(number, 1)).await;
    }
    let last = RunQuery {
        last_completed: true,
        ..RunQuery::default()
    };
    assert_eq!(listed(&app.views.of::<Runs>().unwrap(), &last), [3, 2]);
    app.tell_of_whole_run(4, 7, 30).await;
    assert_eq!(
        listed(&app.views.of::<Runs>().unwrap(), &last),
        [3, 2],
        "not counted yet"
    );
    app.tell("job-tally:7", counted(4, 4)).await;
    assert_eq!(listed(&app.views.of::<Runs>().unwrap(), &last), [4]);
}

/// Two jobs can only share an occasion when a run was patched; neither takes it from the other.
#[tokio::test]
async fn an_occasion_is_the_last_as_long_as_it_is_of_any_job() {
    let app = App::new();
    app.tell_of_whole_run(1, 7, 10).await;
    app.tell_of_whole_run(2, 7, 20).await;
    let last = RunQuery {
        last_completed: true,
        ..RunQuery::default()
    };
    for (job, run, expected) in [
        (7, 1, vec![1]),
        (8, 1, vec![1]),
        (7, 2, vec![2, 1]),
        (8, 2, vec![2]),
    ] {
        app.tell(&format!("job-tally:{job}"), counted(run, run))
            .await;
        let found = listed(&app.views.of::<Runs>().unwrap(), &last);
        assert_eq!(found, expected, "job {job} completed {run}");
    }
}

/// Whether it is known before or after that the occasion is the last.
#[tokio::test]
async fn of_several_attempts_the_last_is_what_a_job_has_completed() {
    let app = App::new();
    let ends = async |number, schedule_id, second, success| {
        let planned = Scheduled {
            schedule_id,
            ..schedule(number, 7, second)
        };
        for event in [
            RunEvent::Scheduled(planned),
            claimed(1, second + 1),
            started(second + 2),
            returned(second + 3, Some(success)),
        ] {
            app.tell_of_run(number, event).await;
        }
    };
    let is_tried_again = async |number, by| {
        let retried = run::Retried {
            by,
            attempt: 2,
            at: at(90),
        };
        app.tell_of_run(number, RunEvent::Retried(retried)).await;
    };
    let completed = || {
        let last = RunQuery {
            last_completed: true,
            ..RunQuery::default()
        };
        listed(&app.views.of::<Runs>().unwrap(), &last)
    };
    ends(1, 1, 10, true).await;
    app.tell("job-tally:7", counted(1, 1)).await;
    ends(2, 1, 20, false).await;
    is_tried_again(2, 3).await;
    assert_eq!(completed(), [1]);
    ends(3, 1, 30, true).await;
    assert_eq!(completed(), [3, 1]);

    ends(4, 4, 40, false).await;
    is_tried_again(4, 5).await;
    ends(5, 4, 50, true).await;
    app.tell("job-tally:7", counted(5, 4)).await;
    assert_eq!(completed(), [5]);
}

/// Memory hears of a page a moment before the table shows it. In between a run is in memory, wherever it goes.
#[tokio::test]
async fn a_run_is_never_nowhere() {
    let log = memory_log();
    let run = |event: RunEvent| ("run-1".to_owned(), Event::from(event));
    let story = [
        run(scheduled(1, 7, 10)),
        run(claimed(1, 11)),
        run(started(12)),
        run(returned(13, Some(true))),
        run(RunEvent::Reopened(run::Reopened { at: at(14) })),
        run(returned(15, Some(true))),
    ];
    tell_all(&log, story).await;
    let all = Filter::all();
    let page = log.read_all(Position::START, &all, PageLimit::default());
    let overlay = Overlay::new(MemoryTables::new().open("runs").unwrap());
    let mut fold = RunsFold::default();
    for recorded in page.await.unwrap().events {
        let (event, _) = history::decode(&recorded).unwrap();
        let mut rows = Rows::new(overlay.rows());
        Fold::apply(&mut fold, &Envelope::new(&recorded, &event), &mut rows);
        Fold::flush(&mut fold, &mut rows);
        let held = {
            let model = fold.model.read();
            let held = model.open.get(&1).or_else(|| model.settled.get(&1));
            held.cloned()
        };
        let position = held.map(|row| row.position);
        assert_eq!(position, Some(recorded.position), "{event:?}");
        rows.publish().unwrap();
    }
}

#[tokio::test]
async fn what_waits_is_due_in_the_order_of_its_times() {
    let app = App::new();
    for (number, second) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
        app.tell_of_run(number, scheduled(number, number, second))
            .await;
    }
    let runs = app.views.of::<Runs>().unwrap();
    assert_eq!(numbers(&runs.waiting(at(20), 9)), [2, 4, 3]);
    assert_eq!(numbers(&runs.waiting(at(20), 2)), [2, 4]);
    assert_eq!(
        runs.next_due(at(20)),
        Some(at(30)),
        "not what is due already"
    );
    assert_eq!(runs.next_due(at(30)), None);
    app.tell_of_run(2, claimed(5, 12)).await;
    assert_eq!(numbers(&runs.waiting(at(20), 9)), [4, 3]);
    assert_eq!(numbers(&runs.active()), [2]);
    assert_eq!(numbers(&runs.open_of_worker(5)), [2]);
    app.tell_of_run(2, RunEvent::Reset(run::Reset { at: at(13) }))
        .await;
    assert_eq!(numbers(&runs.waiting(at(20), 9)), [2, 4, 3]);
    assert_eq!(
        numbers(&runs.open_of_worker(5)),
        [2],
        "it is still that worker's"
    );
    assert_eq!(numbers(&runs.active()), [0; 0]);
}

#[tokio::test]
async fn the_next_occasion_is_counted_from_the_youngest_run_that_is_not_manual() {
    let app = App::new();
    let reference = || app.views.of::<Runs>().unwrap().reference(7).unwrap();
    assert_eq!(reference(), None);
    app.tell_of_whole_run(1, 7, 100).await;
    app.tell_of_whole_run(2, 7, 50).await;
    assert_eq!(reference(), Some(at(50)), "by number, not by time");
    let manual = Scheduled {
        is_manual: true,
        ..schedule(3, 7, 500)
    };
    app.tell_of_run(3, RunEvent::Scheduled(manual)).await;
    assert_eq!(reference(), Some(at(50)));
    app.tell_of_whole_run(4, 8, 700).await;
    assert_eq!(reference(), Some(at(50)), "of another job");
    let patched = run::Patched {
        is_manual: Some(true),
        ..run::Patched::nothing(at(800))
    };
    app.tell_of_run(2, RunEvent::Patched(patched)).await;
    assert_eq!(reference(), Some(at(100)));
}

#[tokio::test]
async fn who_waits_for_runs_is_woken_by_them_and_by_nothing_else() {
    let app = App::new();
    let mut changed = app.views.changed::<Runs>();
    app.tell("worker-1", registered_worker(1)).await;
    assert!(!changed.has_changed().unwrap());
    app.tell_of_run(1, scheduled(1, 7, 5)).await;
    tokio::time::timeout(PATIENCE, changed.changed())
        .await
        .unwrap()
        .unwrap();
}

/// The newest run is over, or was spread: after a restart it is known nevertheless, and not taken for a new one.
#[tokio::test]
async fn after_a_restart_the_newest_run_is_not_taken_for_new() {
    let log = Arc::new(memory_log());
    let tables = Arc::new(MemoryTables::new());
    let run = |number: u64, event: RunEvent| (format!("run-{number}"), Event::from(event));
    let restarted = || Views::start(log.clone(), tables.clone(), config()).unwrap();
    let tell = async |views: &Views, story: Vec<(String, Event)>| {
        let last = tell_all(&*log, story).await;
        views.wait_for_all(last, PATIENCE).await.unwrap();
    };
    let views = restarted();
    let whole = [
        scheduled(1, 7, 10),
        claimed(1, 11),
        started(12),
        returned(13, Some(true)),
    ];
    tell(&views, whole.map(|event| run(1, event)).into()).await;
    views.shutdown();

    let views = restarted();
    let log_of_it = ("run_log-1".to_owned(), written(5, 1, "hello").into());
    tell(&views, vec![log_of_it]).await;
    assert_eq!(
        views.of::<Runs>().unwrap().get(1).unwrap().unwrap().run_log,
        Some(5)
    );
    let into = vec![Share { run: 3, worker: 1 }];
    let spread = RunEvent::Spread(run::Spread { into, at: at(20) });
    tell(&views, vec![run(2, scheduled(2, 7, 20)), run(2, spread)]).await;
    views.shutdown();

    let views = restarted();
    tell(&views, vec![run(2, scheduled(2, 7, 30))]).await;
    assert_eq!(
        views.of::<Runs>().unwrap().get(2).unwrap(),
        None,
        "it is no more"
    );
}

#[tokio::test]
async fn after_a_restart_everything_is_where_it_was() {
    let log = Arc::new(memory_log());
    let tables = Arc::new(MemoryTables::new());
    let run = |number: u64, event: RunEvent| (format!("run-{number}"), Event::from(event));
    let mut story = Vec::new();
    for number in 1..=9 {
        story.push(run(number, scheduled(number, number % 3, 10)));
        story.push(run(number, claimed(1, 20)));
    }
    for number in 1..=6 {
        story.push(run(number, started(30)));
        story.push(run(
            number,
            returned(40 + i64::try_from(number).unwrap(), Some(true)),
        ));
        let job = number % 3;
        story.push((format!("job-tally:{job}"), counted(number, number).into()));
    }
    story.push(("kill_request-1".to_owned(), asked_to_kill(1, 9, 50).into()));
    story.push(("run_log-1".to_owned(), written(5, 1, "hello").into()));
    let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
    let last = tell_all(&*log, story).await;
    views.wait_for_all(last, PATIENCE).await.unwrap();
    views.shutdown();
    let again = Views::start(log, tables, config()).unwrap();
    again.wait_for_all(last, PATIENCE).await.unwrap();
    let last_completed = RunQuery {
        last_completed: true,
        ..RunQuery::default()
    };
    for runs in [views.of::<Runs>().unwrap(), again.of::<Runs>().unwrap()] {
        assert_eq!(
            listed(&runs, &RunQuery::default()),
            [6, 5, 4, 3, 2, 1, 7, 8, 9]
        );
        assert_eq!(listed(&runs, &last_completed), [6, 5, 4]);
        assert_eq!(numbers(&runs.active()), [7, 8, 9]);
        assert_eq!(runs.kill_requests(None, 0, 9).unwrap().1, 1);
        assert_eq!(runs.run_logs(Some(&[1].into()), 0, 9).unwrap().1, 1);
    }
}
