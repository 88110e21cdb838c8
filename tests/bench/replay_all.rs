//! Scans, decoding and folding of a log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Event;
use eventlog::{EventLog, Filter, PageLimit, Position};
use eventlog_file::{FileLog, FileLogConfig, bench as log_bench};
use projections::{Views, ViewsConfig};
use tables_lsm::{LsmConfig, LsmTables};
use tallyman::bench::{Folder, fill_with_sample, line, resident};

/// How long the views may take.
const PATIENCE: Duration = Duration::from_secs(3600);

pub(crate) fn run(events: u64) -> anyhow::Result<()> {
    let folder = Folder::create()?;
    let data = folder.path().join("data");
    // Every build of the sample has two events.
    fill_with_sample(&data, events / 2)?;
    let log_dir = data.join("log");
    // The second scan finds the files in memory, as a replay on a running server does.
    log_bench::replay(&log_dir)?;
    let scan = log_bench::replay(&log_dir)?;
    let log = Arc::new(FileLog::open(&log_dir, FileLogConfig::default())?);
    line(
        "scan, every checksum checked",
        &rate(scan.count, scan.took),
        &format!(
            "{} bytes an event; `tallyman bench append` scans those of 600 bytes",
            log.stats().disk_bytes / scan.count.max(1)
        ),
    );

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let begun = Instant::now();
    let decoded = runtime.block_on(decode(log.as_ref()))?;
    line(
        "typed decoding of every event",
        &rate(decoded, begun.elapsed()),
        "",
    );

    let opened = LsmTables::open(folder.path().join("views"), &LsmConfig::default())?;
    let begun = Instant::now();
    let config = ViewsConfig::new(jiff::Timestamp::now);
    let views = Views::start(
        Arc::clone(&log) as Arc<dyn EventLog>,
        Arc::new(opened.tables),
        config,
    )?;
    runtime.block_on(views.wait_for_all(log.head(), PATIENCE))?;
    let took = begun.elapsed();
    line(
        "all views",
        &rate(log.head().0, took),
        "at least 100 k/s is wanted",
    );
    if let Some(bytes) = resident(std::process::id()) {
        line("resident", &format!("{:.0} MB", bytes as f64 / 1e6), "");
    }
    views.shutdown();
    Ok(())
}

async fn decode(log: &dyn EventLog) -> anyhow::Result<u64> {
    let (mut after, mut count) = (Position::START, 0);
    loop {
        let page = log
            .read_all(after, &Filter::all(), PageLimit::events(4096))
            .await?;
        for event in &page.events {
            std::hint::black_box(Event::decode(
                event.event_type.as_str(),
                event.version,
                &event.data,
            )?);
            count += 1;
        }
        after = page.next;
        if page.end {
            return Ok(count);
        }
    }
}

fn rate(count: u64, took: Duration) -> String {
    format!("{:.2} M events/s", count as f64 / took.as_secs_f64() / 1e6)
}
