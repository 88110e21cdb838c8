use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use eventlog::{Append, EventType, Expected, NewEvent, Position, StreamName};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use super::*;
use crate::app::{self, Metered, Opened};
use crate::config::{self, Flags};
use crate::telemetry::{Exporters, Requests};

const TOKEN: &str = "sesame";

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// An app whose meters are read.
struct Read {
    opened: Opened,
    exporters: Exporters,
    _stop: tokio_util::sync::DropGuard,
    _dir: tempfile::TempDir,
}

impl Read {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let flags = Flags {
            data_dir: Some(dir.path().join("data")),
            ..Flags::default()
        };
        let environment = [
            ("GITLAB_WEBHOOK_TOKEN", TOKEN),
            ("TALLYMAN__JOBRUNNER__BROADCASTER_PORT", "0"),
            ("TALLYMAN__JOBRUNNER__EVENT_PORT", "0"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = config::load(&flags, &BTreeMap::from(environment));
        let config = config.unwrap_or_else(|error| panic!("{error}")).config;
        let exporters = Exporters::new(&config.telemetry).unwrap();
        let metered = Metered {
            registry: exporters.registry(),
            requests: Arc::new(Requests::new(exporters.meters(), false)),
        };
        let stop = CancellationToken::new();
        let mut modules = Modules::new(&config).unwrap();
        modules.bind(modules.peers_max(), &stop).unwrap();
        let opened = app::open_to_serve(config, modules, metered, &stop)
            .await
            .unwrap();
        let meter = exporters.meter();
        opened
            .modules
            .observe(&meter, &opened.services, &opened.app);
        Self {
            opened,
            exporters,
            _stop: stop.drop_guard(),
            _dir: dir,
        }
    }

    async fn send(&self, request: Request<Body>) -> u16 {
        let response = self.opened.router().oneshot(request).await;
        response.unwrap().status().as_u16()
    }

    async fn get(&self, target: &str) -> u16 {
        self.send(Request::get(target).body(Body::empty()).unwrap())
            .await
    }

    /// A value by its name and labels in the text; none when it is missing.
    fn value(&self, wanted: &str) -> Option<f64> {
        let (name, labels) = parsed(wanted);
        let text = self.exporters.registry().text();
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.find_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (known, all) = parsed(series);
            // A scope of instruments has its own labels, which are ignored.
            let same = known == name && labels.iter().all(|label| all.contains(label));
            same.then(|| value.parse().unwrap())
        })
    }
}

/// The name of a series and its labels, verbatim.
fn parsed(series: &str) -> (&str, BTreeSet<&str>) {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').split(',');
    (name, labels.filter(|label| !label.is_empty()).collect())
}

fn batch(id: u128, events: u128, expected: Expected) -> Vec<Append> {
    let event = |id| NewEvent {
        id: Uuid::from_u128(id),
        event_type: EventType::from_static("pebble.thrown"),
        version: 1,
        metadata: Bytes::from_static(b"{}"),
        data: Bytes::from_static(b"{}"),
        recorded_at: None,
    };
    vec![Append {
        stream: StreamName::parse("pebble-1".to_owned()).unwrap(),
        expected,
        events: (id..id + events).map(event).collect(),
    }]
}

/// One case per promised meter: what was done, and its value then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_meter_says_what_its_name_says() {
    let read = Read::new().await;
    let log = Arc::clone(&read.opened.services.log);
    let views = &read.opened.services.views;
    // The first event is the token of the data directory.
    log.append(batch(10, 3, Expected::Empty)).await.unwrap();
    log.append(batch(10, 3, Expected::Empty)).await.unwrap();
    log.append(batch(20, 1, Expected::Empty)).await.unwrap_err();
    let spec = "/v1/allocation?spec=emacs@29.2%20%2Bjson%20arch=x86_64%25gcc@12.3.0";
    for (target, status) in [
        (spec, 200),
        (spec, 200),
        ("/v1/allocation?spec=hi", 400),
        ("/nowhere", 404),
    ] {
        assert_eq!(read.get(target).await, status, "{target}");
    }
    let hook = r#"{"build_id": 1, "build_status": "success", "build_stage": "deploy", "ref": "develop",
        "build_started_at": null, "build_finished_at": null, "runner": null}"#;
    let posted = Request::post("/v1/collect").header("x-gitlab-token", TOKEN);
    let posted = posted.header("x-gitlab-event", "Job Hook");
    assert_eq!(read.send(posted.body(Body::from(hook)).unwrap()).await, 200);
    // One event of the token, three pebbles, a report and what came of its collection.
    let collected = async {
        // It is counted once the views know.
        views.wait_for_all(Position(6), PATIENCE).await.unwrap();
        let skipped = r#"tallyman_collector_outcomes_total{outcome="skipped"}"#;
        while read.value(skipped).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, collected).await.unwrap();

    for (series, expected) in [
        ("tallyman_log_batches_total", 4.0),
        ("tallyman_log_events_total", 6.0),
        ("tallyman_log_head", 6.0),
        ("tallyman_log_conflicts_total", 1.0),
        ("tallyman_log_repeated_total", 1.0),
        ("tallyman_log_busy_total", 0.0),
        (r#"tallyman_log_batch_within_total{le="1"}"#, 3.0),
        (r#"tallyman_log_batch_within_total{le="2"}"#, 3.0),
        (r#"tallyman_log_batch_within_total{le="4"}"#, 4.0),
        (r#"tallyman_log_batch_within_total{le="+Inf"}"#, 4.0),
        ("tallyman_log_syncs_total", 4.0),
        (r#"tallyman_log_sync_within_total{le="+Inf"}"#, 4.0),
        ("tallyman_log_queue_depth", 0.0),
        ("tallyman_log_segments", 1.0),
        ("tallyman_log_stopped", 0.0),
        // The token, the report and the outcome.
        (r#"tallyman_commands_total{outcome="given"}"#, 3.0),
        (r#"tallyman_commands_total{outcome="conflict"}"#, 0.0),
        (r#"tallyman_commands_total{outcome="failed"}"#, 0.0),
        ("tallyman_collector_attempts_total", 1.0),
        (
            r#"tallyman_collector_outcomes_total{outcome="skipped"}"#,
            1.0,
        ),
        (
            r#"tallyman_collector_outcomes_total{outcome="abandoned"}"#,
            0.0,
        ),
        ("tallyman_collector_retries_total", 0.0),
        (
            r#"tallyman_allocation_answers_total{strategy="gantry",level="none"}"#,
            2.0,
        ),
        ("tallyman_allocation_unrecorded_total", 0.0),
        ("tallyman_http_response_bytes", 0.0),
        ("tallyman_http_responses_refused_total", 0.0),
        (
            r#"tallyman_http_request_duration_seconds_count{route="/v1/allocation",method="GET",status="200"}"#,
            2.0,
        ),
        (
            r#"tallyman_http_request_duration_seconds_count{route="/v1/allocation",method="GET",status="400"}"#,
            1.0,
        ),
        (
            r#"tallyman_http_request_duration_seconds_count{route="unmatched",method="GET",status="404"}"#,
            1.0,
        ),
    ] {
        assert_eq!(read.value(series), Some(expected), "{series}");
    }
    for series in [
        "tallyman_log_bytes_total",
        "tallyman_log_disk_bytes",
        "tallyman_log_sync_time_seconds_total",
        "tallyman_log_sync_longest_seconds",
        "tallyman_views_disk_bytes",
    ] {
        assert!(
            read.value(series) > Some(0.0),
            "{series}: {:?}",
            read.value(series)
        );
    }
    for series in [
        "tallyman_collector_in_flight",
        "tallyman_collector_queue_length",
        r#"tallyman_jobrunner_queue_length{kind="unclaimed"}"#,
        r#"tallyman_jobrunner_rounds_total{outcome="failed"}"#,
        r#"tallyman_jobrunner_mails_total{outcome="sent"}"#,
    ] {
        assert!(read.value(series).is_some(), "{series}");
    }
    // Every view reports its lag.
    for status in views.statuses() {
        for meter in ["lag_events", "lag_seconds", "faults"] {
            let series = format!(
                r#"tallyman_projection_{meter}{{projection="{}"}}"#,
                status.name
            );
            // Events of the unknown category `pebble` are unreadable; every view has skipped them.
            let expected = if meter == "faults" {
                status.faults as f64
            } else {
                0.0
            };
            assert_eq!(read.value(&series), Some(expected), "{series}");
        }
    }
}

/// A view that has stopped shows its lag, in events and in seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_that_stands_still_is_seen_to_be_behind() {
    let read = Read::new().await;
    let log = Arc::clone(&read.opened.services.log);
    read.opened.services.views.shutdown();
    log.append(batch(10, 3, Expected::Empty)).await.unwrap();
    let series = |meter| format!(r#"tallyman_projection_{meter}{{projection="builds"}}"#);
    assert!(read.value(&series("lag_events")) >= Some(3.0));
    assert!(
        read.value(&series("lag_seconds"))
            .is_some_and(|seconds| seconds > 0.0)
    );
}
