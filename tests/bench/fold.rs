//! How fast are builds folded and read?
//!
//! A synthetic history of builds (four reports and a usage record each, several builds under way at once) is
//! folded into all views. From a tenth of the history on, a page of a list is read every 20 ms; afterwards
//! pages of several lists are read without pause. The log generates its events as they are read, so the resident
//! memory is that of the views.

mod history;

use std::sync::Arc;
use std::time::{Duration, Instant};

use eventlog::{EventLog, Filter, PageLimit, Position};
use jiff::Timestamp;
use projections::allocation::{AllocationFold, AllocationSettings};
use projections::builds::build::{BuildFilter, BuildOrder};
use projections::engine::{Engine, Kind};
use projections::{Builds, Cursor, Views, ViewsConfig};
use tables::{MemoryTables, Tables};
use tables_lsm::{LsmConfig, LsmTables};

use crate::process::{cpu_seconds, peak_resident_mb, resident_mb};
use crate::synthetic_log::SyntheticLog;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Everything
    All,
    /// The allocation model alone
    Model,
    /// All views, and pages of their lists
    Views,
    /// All views, without reading pages
    Fold,
}

const PATIENCE: Duration = Duration::from_secs(3600);
const PAGES: usize = 2000;

pub(crate) async fn run(builds: u64, part: Part, commit_events: Option<u64>) -> anyhow::Result<()> {
    let mut config = ViewsConfig::new(Timestamp::now);
    config.engine.commit_events = commit_events.unwrap_or(config.engine.commit_events);
    let log = Arc::new(history::of(builds));
    let head = log.head();
    println!(
        "{builds} builds, {} events; at rest {} MB",
        head.0,
        resident_mb()
    );
    let cpu_before = cpu_seconds();
    let rate = read_all(&log).await?;
    let reading_cpu = cpu_seconds() - cpu_before;
    println!(
        "reading alone: {:.0} k events/s, {:.2} us of CPU per event",
        rate / 1e3,
        reading_cpu * 1e6 / head.0 as f64
    );
    if matches!(part, Part::All | Part::Model) {
        model_alone(&log, config.clone(), reading_cpu).await?;
    }
    if part != Part::Model {
        all_views(&log, config, builds, part != Part::Fold).await?;
    }
    Ok(())
}

async fn read_all(log: &SyntheticLog) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut at = Position::START;
    while at < log.head() {
        at = log
            .read_all(at, &Filter::all(), PageLimit::default())
            .await?
            .next;
    }
    Ok(at.0 as f64 / began.elapsed().as_secs_f64())
}

/// The allocation model alone: only what it learns from is decoded.
async fn model_alone(
    log: &Arc<SyntheticLog>,
    config: ViewsConfig,
    reading_cpu: f64,
) -> anyhow::Result<()> {
    let head = log.head();
    let followed: Arc<dyn EventLog> = log.clone();
    let kinds = vec![Kind::of(move || {
        AllocationFold::new(&AllocationSettings::default(), Arc::clone(&followed))
    })];
    let tables = Arc::new(MemoryTables::new());
    let engine = Engine::open(log.clone(), tables, kinds, config.engine).await?;
    let (began, cpu_before) = (Instant::now(), cpu_seconds());
    engine.catch_up().await?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - cpu_before;
    println!(
        "allocation model alone: {:.0} k events/s with making them up, {:.2} us of CPU per event; decode and fold \
         without that: {:.0} k events per second of CPU",
        head.0 as f64 / seconds / 1e3,
        cpu * 1e6 / head.0 as f64,
        head.0 as f64 / (cpu - reading_cpu).max(0.01) / 1e3
    );
    Ok(())
}

async fn all_views(
    log: &Arc<SyntheticLog>,
    config: ViewsConfig,
    builds: u64,
    reads_pages: bool,
) -> anyhow::Result<()> {
    let head = log.head();
    let directory = tempfile::tempdir()?;
    let opened = LsmTables::open(directory.path(), &LsmConfig::default())?;
    let tables = Arc::new(opened.tables);
    let (began, cpu_before) = (Instant::now(), cpu_seconds());
    // Views answer once they are as far as the log was at the start.
    log.head.send_replace(Position(head.0 / 10));
    let views = Views::start(log.clone(), tables.clone(), config.clone())?;
    let while_folding = tokio::spawn(pages_while_folding(
        views.clone(),
        log.clone(),
        head,
        reads_pages,
    ));
    let (mut at_before, mut cpu_at) = (0, cpu_before);
    while views
        .wait_for_all(head, Duration::from_secs(5))
        .await
        .is_err()
    {
        let seconds = began.elapsed().as_secs_f64();
        let at = views.position();
        println!(
            "  {seconds:5.1} s: {at} events, {:.0} k/s, {} MB, lately {:.1} us of CPU per event",
            at.0 as f64 / seconds / 1e3,
            resident_mb(),
            (cpu_seconds() - cpu_at) * 1e6 / (at.0 - at_before).max(1) as f64
        );
        (at_before, cpu_at) = (at.0, cpu_seconds());
    }
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
    print_times("while folding", builds, while_folding.await?);
    if reads_pages {
        read_pages(&views, builds).await;
        println!("resident after reading {} MB", resident_mb());
    }
    let began = Instant::now();
    views.shutdown();
    println!("shutdown {:.2} s", began.elapsed().as_secs_f64());
    drop(views);
    drop(tables);
    let began = Instant::now();
    let opened = LsmTables::open(directory.path(), &LsmConfig::default())?;
    println!("tables reopened in {:.2} s", began.elapsed().as_secs_f64());
    let views = Views::start(log.clone(), Arc::new(opened.tables), config)?;
    views.wait_for_all(head, PATIENCE).await?;
    println!("views ready in {:.2} s", began.elapsed().as_secs_f64());
    views.shutdown();
    Ok(())
}

/// Lets the log grow to its end, and reads a page every 20 ms until the views are there.
async fn pages_while_folding(
    views: Views,
    log: Arc<SyntheticLog>,
    head: Position,
    reads_pages: bool,
) -> Vec<Duration> {
    let mut times = Vec::new();
    if views.wait_for_all(log.head(), PATIENCE).await.is_err() {
        return times;
    }
    log.head.send_replace(head);
    while reads_pages && views.position() < head {
        tokio::time::sleep(Duration::from_millis(20)).await;
        times.extend(
            views
                .ask(|views| page_times(views, &BuildFilter::default(), 1))
                .await,
        );
    }
    times
}

fn print_times(name: &str, builds: u64, mut times: Vec<Duration>) {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else {
        return;
    };
    let at = |share: f64| times[(last as f64 * share) as usize];
    println!(
        "page of 100 by {name} at {builds} builds: p50 {:?}, p99 {:?}, {} pages",
        at(0.5),
        at(0.99),
        times.len()
    );
}

async fn read_pages(views: &Views, builds: u64) {
    let cases = [
        ("newest", BuildFilter::default()),
        (
            "updated",
            BuildFilter {
                order: BuildOrder::Updated,
                ..BuildFilter::default()
            },
        ),
        (
            "package",
            BuildFilter {
                package: Some("package-17".to_owned()),
                ..BuildFilter::default()
            },
        ),
        (
            "package+status+ref",
            BuildFilter {
                package: Some("package-17".to_owned()),
                status: Some("success".to_owned()),
                git_ref: Some("develop".to_owned()),
                ..BuildFilter::default()
            },
        ),
    ];
    for (name, filter) in cases {
        let times = views
            .ask(move |views| page_times(views, &filter, PAGES))
            .await;
        print_times(name, builds, times);
    }
}

fn page_times(views: &Views, filter: &BuildFilter, pages: usize) -> Vec<Duration> {
    let mut cursor = Cursor::start();
    let mut times = Vec::new();
    while times.len() < pages {
        let began = Instant::now();
        let page = views
            .of::<Builds>()
            .expect("they are at the head")
            .list(filter, &cursor, 100)
            .expect("the tables are whole");
        times.push(began.elapsed());
        // Jumps about: a page deep in the list costs what the first one costs.
        cursor = page.next.unwrap_or_default();
    }
    times
}
