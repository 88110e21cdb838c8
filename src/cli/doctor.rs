//! `tallyman doctor`: diagnoses the installation, and advises.

mod kept;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use eventlog::{Filter, PageLimit, Position};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::arguments::Global;
use super::client;
use super::{Exit, Failure, output};
use crate::app::modules::Findings;
use crate::app::outside::answer_to;
use crate::app::storage;
use crate::app::{self, Modules};
use crate::config::{Config, Flags, load};

const COLUMNS: [output::Column; 3] = [("CHECK", "/check"), ("RESULT", "/result"), ("", "/detail")];

/// Free space below which an operator should act, in bytes.
const FREE_BYTES_MIN: u64 = 2 << 30;

/// The flush time above which every acknowledgement is slow.
const SYNC_MAX: Duration = Duration::from_millis(10);

/// How many flushes are measured.
const SYNCS: u32 = 50;

/// How far the clock may be behind the last event.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn run(flags: &Flags, global: &Global) -> Result<(), Failure> {
    let mut findings = Findings::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if let Some(known) = client::named(flags, global)? {
        // Only the named server is checked: it may run on another machine.
        runtime.block_on(server(&known.server, &mut findings));
    } else {
        let loaded = load(flags, &std::env::vars().collect())?;
        let config = loaded.config;
        findings.good("configuration", format!("{} values", loaded.origins.len()));
        directory(&config.data.dir, &mut findings);
        match app::running_at(&config.data.dir) {
            Some(base) => runtime.block_on(server(&base, &mut findings)),
            None => runtime.block_on(log(&config, &mut findings)),
        }
        runtime.block_on(kept::check(&config, &mut findings));
        match Modules::new(&config) {
            Ok(modules) => runtime.block_on(modules.check(&mut findings)),
            Err(error) => findings.bad("modules", format!("{error:#}")),
        }
    }
    output::rows(global.output, &COLUMNS, &findings.rows)?;
    if findings.bad {
        return Err(Failure::message(
            Exit::Failed,
            "a check failed: see the rows marked ERROR",
        ));
    }
    Ok(())
}

fn directory(dir: &Path, findings: &mut Findings) {
    if !dir.is_dir() {
        findings.warn(
            "data directory",
            format!(
                "{} does not exist yet; the first start creates it",
                dir.display()
            ),
        );
        return;
    }
    match syncs(dir) {
        Ok(each) if each > SYNC_MAX => findings.warn(
            "disk",
            format!("a flush takes {each:.1?}: every acknowledgement waits for one"),
        ),
        Ok(each) => findings.good("disk", format!("a flush takes {each:.1?}")),
        Err(error) => {
            findings.bad(
                "data directory",
                format!("{} cannot be written: {error}", dir.display()),
            );
        }
    }
    match rustix::fs::statvfs(dir) {
        Ok(space) => {
            let free = space.f_bavail * space.f_frsize;
            let detail = format!("{:.1} GB free", free as f64 / 1e9);
            if free < FREE_BYTES_MIN {
                findings.warn(
                    "space",
                    format!("{detail}: the log stops when the disk is full"),
                );
            } else {
                findings.good("space", detail);
            }
        }
        Err(error) => findings.warn("space", format!("cannot query free space: {error}")),
    }
    kept::modes(dir, findings);
}

fn syncs(dir: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    let begun = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        file.as_file().sync_data()?;
    }
    Ok(begun.elapsed() / SYNCS)
}

async fn log(config: &Config, findings: &mut Findings) {
    if let Err(error) = app::history::require_log_or_no_traces(&config.data) {
        findings.bad("log", error.to_string());
        return;
    }
    let (dir, record) = (config.data.log_dir(), config.data.head_record());
    if !dir.is_dir() && !record.is_file() {
        return;
    }
    match storage::read_log_as_far_as_views(&config.data) {
        Ok(log) => {
            let (head, found) = (log.head(), log.describe());
            let id = found
                .log_id
                .map_or_else(|| "none".to_owned(), |id| id.to_string());
            let detail = format!(
                "backend {}, layout {}, id {id}, head at {head}; `tallyman replay verify` walks all of it",
                found.backend, found.layout
            );
            findings.good("log", detail);
            let all = Filter::all();
            let last = log.read_all_back(Position(head.0 + 1), &all, PageLimit::events(1));
            let last = last
                .await
                .ok()
                .and_then(|page| page.events.into_iter().next());
            if let Some(last) = last {
                clock(last.recorded_at, Timestamp::now(), findings);
            }
        }
        Err(error) => findings.bad("log", error.to_string()),
    }
}

/// Checks that the clock is not behind the last event.
fn clock(recorded_at: Timestamp, now: Timestamp, findings: &mut Findings) {
    let ahead = recorded_at.duration_since(now);
    if ahead > CLOCK_AHEAD_MAX {
        let ahead = SignedDuration::from_secs(ahead.as_secs());
        findings.warn(
            "clock",
            format!(
                "the clock shows {now:.0}, but the last event was written at {recorded_at:.0}, {ahead:#} later: one of the two was wrong. \
                 Set the clock before the next start; runs that were scheduled while it was ahead are then rescheduled by the rules of their jobs"
            ),
        );
    } else {
        findings.good("clock", format!("the clock shows {now:.0}"));
    }
}

async fn server(base: &str, findings: &mut Findings) {
    let url = format!("{}/readyz", base.trim_end_matches('/'));
    match answer_to(reqwest::Client::new().get(url)).await {
        Ok((200, text)) => {
            findings.good("server", format!("{base} is ready"));
            server_log(&text, findings);
            details(&text, findings);
        }
        Ok((status, text)) => {
            findings.bad("server", format!("{base} is not ready ({status}): {text}"));
        }
        Err(error) => findings.bad("server", format!("no answer from {base}: {error}")),
    }
    let url = format!("{}/v1/info", base.trim_end_matches('/'));
    if let Ok((200, text)) = answer_to(reqwest::Client::new().get(url)).await {
        ports(&text, findings);
    }
}

/// A server's report of its log.
fn server_log(readiness: &str, findings: &mut Findings) {
    let readiness: Value = serde_json::from_str(readiness).unwrap_or_default();
    let log = &readiness["log"];
    let text = |field: &str| log[field].as_str().unwrap_or("unknown").to_owned();
    if let Some(lag) = log["lag"].as_u64() {
        let (backend, layout, id) = (text("backend"), text("layout"), text("log_id"));
        findings.good(
            "log",
            format!("backend {backend}, layout {layout}, id {id}, {lag} events behind"),
        );
    }
}

/// The details of a ready server that need attention all the same.
fn details(readiness: &str, findings: &mut Findings) {
    let readiness: Value = serde_json::from_str(readiness).unwrap_or_default();
    for (name, detail) in readiness["details"].as_object().into_iter().flatten() {
        findings.warn(name, detail.as_str().unwrap_or_default());
    }
}

/// The state of a server's other ports.
fn ports(info: &str, findings: &mut Findings) {
    let info: Value = serde_json::from_str(info).unwrap_or_default();
    for (port, address) in info["ports"].as_object().into_iter().flatten() {
        match address.as_str() {
            Some(address) => findings.good(port, address),
            None => findings.warn(
                port,
                "the port is in use by another process and is retried; job runner workers cannot connect",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_clock_that_is_behind_the_log_is_named() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (ahead, result) in [
            (-60, "ok"),
            (0, "ok"),
            (5, "ok"),
            (6, "warning"),
            (100_000, "warning"),
        ] {
            let mut findings = Findings::default();
            clock(now + SignedDuration::from_secs(ahead), now, &mut findings);
            assert_eq!(findings.rows[0]["check"], "clock");
            assert_eq!(findings.rows[0]["result"], result, "{ahead} s");
            assert!(!findings.bad);
        }
    }

    #[test]
    fn details_of_a_ready_server_are_warnings() {
        let mut findings = Findings::default();
        let readiness =
            r#"{"ready": true, "unready": {}, "details": {"clock": "it was set back"}}"#;
        details(readiness, &mut findings);
        let expected = json!({"check": "clock", "result": "warning", "detail": "it was set back"});
        assert_eq!(findings.rows, [expected]);
        details(r#"{"ready": true, "unready": {}}"#, &mut findings);
        assert_eq!(findings.rows.len(), 1);
        let log = r#"{"log": {"backend": "file", "layout": "segments", "log_id": "0a", "lag": 0}}"#;
        server_log(log, &mut findings);
        let expected = json!({"check": "log", "result": "ok",
            "detail": "backend file, layout segments, id 0a, 0 events behind"});
        assert_eq!(findings.rows[1], expected);
        server_log("{}", &mut findings);
        assert_eq!(findings.rows.len(), 2, "an older server says nothing of it");
    }
}
