//! How fast are the views of runs?
//!
//! A synthetic history of runs that are over (seven events each, with a log and a tally) and of some that are
//! not is folded into all views; then the reads of workers and dashboards are measured. The log
//! is made up as it is read, so that the resident memory is that of the views.

mod history;

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventlog::EventLog;
use history::{CLAIMED, JOBS, STARTED, WAITING};
use jiff::Timestamp;
use projections::jobs::runs::{RunQuery, RunState, Runs, WorkerIs};
use projections::{Views, ViewsConfig};
use tables::Tables;
use tables_lsm::{LsmConfig, LsmTables};

use crate::process::{cpu_seconds, peak_resident_mb, resident_mb};

const PATIENCE: Duration = Duration::from_secs(3600);

pub(crate) async fn run(finished: u64) -> anyhow::Result<()> {
    let log = Arc::new(history::of(finished));
    let head = log.head();
    println!(
        "{finished} finished runs of {JOBS} jobs, {WAITING} waiting, {CLAIMED} claimed, {STARTED} started: {} \
         events; at rest {} MB",
        head.0,
        resident_mb()
    );
    let directory = tempfile::tempdir()?;
    let opened = LsmTables::open(directory.path(), &LsmConfig::default())?;
    let tables = Arc::new(opened.tables);
    let (began, cpu_before) = (Instant::now(), cpu_seconds());
    let views = Views::start(log.clone(), tables.clone(), config())?;
    views.wait_for_all(head, PATIENCE).await?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "all views: {:.0} k events/s, {:.1} us of CPU per event",
        head.0 as f64 / seconds / 1e3,
        (cpu_seconds() - cpu_before) * 1e6 / head.0 as f64
    );
    println!(
        "resident {} MB, at most {} MB; tables {} MB",
        resident_mb(),
        peak_resident_mb(),
        tables.size_bytes() / 1_000_000
    );
    ask(&views).await;
    println!("resident after reading {} MB", resident_mb());
    views.shutdown();
    drop(views);
    drop(tables);
    let began = Instant::now();
    let opened = LsmTables::open(directory.path(), &LsmConfig::default())?;
    let views = Views::start(log.clone(), Arc::new(opened.tables), config())?;
    views.wait_for_all(head, PATIENCE).await?;
    println!(
        "views ready again in {:.2} s",
        began.elapsed().as_secs_f64()
    );
    views.shutdown();
    Ok(())
}

async fn ask(views: &Views) {
    for (name, query, offset, limit) in queries() {
        let (times, page) = views
            .ask(move |views| {
                let mut times = Vec::new();
                let began = Instant::now();
                loop {
                    let one = Instant::now();
                    let page = views
                        .of::<Runs>()
                        .expect("they are at the head")
                        .list(&query, offset, limit)
                        .expect("the tables are whole");
                    times.push(one.elapsed());
                    if times.len() >= 200 || began.elapsed() > Duration::from_secs(3) {
                        return (times, page);
                    }
                }
            })
            .await;
        report(
            name,
            times,
            &format!("{} of {} runs", page.rows.len(), page.total),
        );
    }
    for (name, jobs, offset) in [
        ("logs, the newest", None, 0),
        (
            "logs of a twentieth of the jobs (looks at the others)",
            Some(some_jobs()),
            0,
        ),
        ("logs from 100 000 on (looks at all before)", None, 100_000),
    ] {
        let (times, count) = views
            .ask(move |views| {
                let mut times = Vec::new();
                let mut count = 0;
                for _ in 0..50 {
                    let one = Instant::now();
                    let page = runs_of(views).run_logs(jobs.as_ref(), offset, 200);
                    count = page.expect("the tables are whole").0.len();
                    times.push(one.elapsed());
                }
                (times, count)
            })
            .await;
        report(name, times, &format!("{count} logs"));
    }
    sending_round(views).await;
}

/// A twentieth of the jobs.
fn some_jobs() -> BTreeSet<u64> {
    (1..=JOBS).filter(|job| job % 20 == 0).collect()
}

/// Lists of runs: a name, the query, from where on, and how many.
fn queries() -> Vec<(&'static str, RunQuery, usize, usize)> {
    use RunState::{Completed, InQueue, Scheduled, Started};

    let state = |state| RunQuery {
        state: Some(state),
        ..RunQuery::default()
    };
    let of_jobs = |jobs: BTreeSet<u64>, query: RunQuery| RunQuery {
        jobs: Some(jobs),
        ..query
    };
    // What a worker sees that belongs to a few projects, and all that a user of many sees.
    let some = some_jobs();
    let most: BTreeSet<u64> = (1..=JOBS).filter(|job| job % 20 != 0).collect();
    let of_worker = |query: RunQuery| RunQuery {
        worker: Some(WorkerIs::OneOf([7].into())),
        ..query
    };
    let late = Timestamp::new(1_600_000_000 + 100_000, 0).expect("it is within range");
    let due = RunQuery {
        due_from: Bound::Included(late),
        ..state(Completed)
    };
    let last = RunQuery {
        last_completed: true,
        ..RunQuery::default()
    };
    let failed = RunQuery {
        success: Some(false),
        ..state(Completed)
    };
    vec![
        ("in_queue", state(InQueue), 0, 200),
        (
            "in_queue of a worker, its jobs",
            of_jobs(some.clone(), of_worker(state(InQueue))),
            0,
            200,
        ),
        (
            "started of a worker, its jobs",
            of_jobs(some.clone(), of_worker(state(Started))),
            0,
            200,
        ),
        (
            "scheduled, most jobs",
            of_jobs(most.clone(), state(Scheduled)),
            0,
            200,
        ),
        ("completed, newest", state(Completed), 0, 200),
        (
            "completed, most jobs",
            of_jobs(most.clone(), state(Completed)),
            0,
            200,
        ),
        (
            "completed, a twentieth of the jobs",
            of_jobs(some.clone(), state(Completed)),
            0,
            200,
        ),
        (
            "completed of one job",
            of_jobs([17].into(), state(Completed)),
            0,
            100,
        ),
        ("failed", failed, 0, 200),
        ("completed of a worker", of_worker(state(Completed)), 0, 200),
        ("last completed", last, 0, 200),
        ("all runs", RunQuery::default(), 0, 200),
        (
            "all runs, most jobs",
            of_jobs(most, RunQuery::default()),
            0,
            200,
        ),
        ("completed from 100 000 on", state(Completed), 100_000, 200),
        ("completed and due late (looks at all)", due, 0, 200),
    ]
}

async fn sending_round(views: &Views) {
    let now = Timestamp::new(1_600_000_000 + 10_000_000, 0).expect("it is within range");
    let (times, count) = views
        .ask(move |views| {
            let mut times = Vec::new();
            let mut count = 0;
            for job in 0..500 {
                let one = Instant::now();
                count = runs_of(views).waiting(now, 1000).len();
                runs_of(views).reference(job).expect("the tables are whole");
                times.push(one.elapsed());
            }
            (times, count)
        })
        .await;
    report(
        "a round of sending: waiting, one reference",
        times,
        &format!("{count} runs"),
    );
}

fn report(name: &str, mut times: Vec<Duration>, what: &str) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{name}: p50 {:?}, p99 {:?}, {what}", at(0.5), at(0.99));
}

fn config() -> ViewsConfig {
    ViewsConfig::new(Timestamp::now)
}

fn runs_of(views: &Views) -> Runs {
    views
        .of::<Runs>()
        .expect("the view is at the head of the log")
}
