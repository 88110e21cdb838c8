//! Stories that the tests of views tell, and the house they tell them in.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::Event;
use domain::build::{
    BuildEvent, BuildKey, BuiltSpec, CollectionRequeued, CollectionSkipped, Reported,
    ResourceUsage, Runner, SkipReason, UsageRecorded,
};
use eventlog::{Append, EventLog, EventType, Expected, MemoryLog, NewEvent, Position, StreamName};
use jiff::Timestamp;
use tables::MemoryTables;
use uuid::Uuid;

use crate::{ProjectorConfig, Views};

/// Longer than any test may wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A log, tables and the views over them.
pub(crate) struct House {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) views: Views,
}

impl House {
    pub(crate) fn new() -> Self {
        let log = Arc::new(memory_log());
        let tables = Arc::new(MemoryTables::new());
        let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
        Self { log, tables, views }
    }

    /// Appends and waits until every view has seen it.
    pub(crate) async fn tell(&self, stream: &str, event: impl Into<Event>) -> Position {
        let position = tell(&*self.log, stream, event).await;
        self.views.wait_for(position, PATIENCE).await.unwrap();
        position
    }

    pub(crate) async fn tell_of_build(&self, number: i64, event: BuildEvent) -> Position {
        self.tell(&format!("build-default:{number}"), event).await
    }
}

/// A log whose clock moves on by one second with every batch.
pub(crate) fn memory_log() -> MemoryLog {
    let seconds = std::sync::atomic::AtomicI64::new(0);
    MemoryLog::new(move || at(seconds.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
}

/// Small pages, so that stories span several, and no commit by time.
pub(crate) fn config() -> ProjectorConfig {
    ProjectorConfig {
        page_events: 7,
        commit_events: 20,
        commit_interval: Duration::from_secs(3600),
        ..ProjectorConfig::new(|| at(1_000_000))
    }
}

pub(crate) async fn tell(log: &dyn EventLog, stream: &str, event: impl Into<Event>) -> Position {
    tell_all(log, [(stream.to_owned(), event.into())]).await
}

/// Appends each event as a batch of its own; the ids count up, so that a story has the same bytes every time.
pub(crate) async fn tell_all(
    log: &dyn EventLog,
    story: impl IntoIterator<Item = (String, Event)>,
) -> Position {
    let mut last = log.head();
    for (stream, event) in story {
        let encoded = event.encode();
        let new = NewEvent {
            id: Uuid::from_u64_pair(1, log.head().0 + 1),
            event_type: EventType::parse(encoded.event_type).unwrap(),
            version: encoded.version,
            metadata: Bytes::from_static(
                br#"{"actor":{"kind":"token","id":"t1"},"dialect":"api"}"#,
            ),
            data: encoded.data.into(),
            recorded_at: None,
        };
        let append = Append {
            stream: StreamName::parse(stream).unwrap(),
            expected: Expected::Any,
            events: vec![new],
        };
        last = log.append(vec![append]).await.unwrap().last();
    }
    last
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + second, 0).unwrap()
}

pub(crate) fn key(number: i64) -> BuildKey {
    BuildKey::new("default", number).unwrap()
}

/// A report as GitLab would send it: times that the status implies, seconds apart.
pub(crate) fn report(number: i64, status: &str) -> Reported {
    let begun = number * 10;
    let over = matches!(status, "success" | "failed" | "canceled");
    let running = over || status == "running";
    Reported {
        source: "default".to_owned(),
        build_id: number,
        status: status.to_owned(),
        stage: "stage-1".to_owned(),
        name: Some(format!("build {number}")),
        git_ref: "develop".to_owned(),
        created_at: Some(at(begun)),
        started_at: running.then(|| at(begun + 3)),
        finished_at: over.then(|| at(begun + 8)),
        runner: running.then(|| Runner {
            id: Some(7),
            description: "uo-runner".to_owned(),
        }),
        pipeline_id: Some(33),
        project_id: Some(2),
        project: Some("spack/spack".to_owned()),
        failure_reason: None,
        retries_count: None,
        instance: Some("https://gitlab.example".to_owned()),
        delivery: format!("{number}-{status}"),
        body: None,
        body_blob: None,
        at: at(begun + 9),
    }
}

pub(crate) fn reported(number: i64, status: &str) -> BuildEvent {
    BuildEvent::Reported(report(number, status))
}

pub(crate) fn usage(number: i64, package: &str) -> UsageRecorded {
    let begun = number * 10;
    let resource = |mean: f64| ResourceUsage {
        request: Some(mean * 2.0),
        limit: Some(mean * 4.0),
        mean,
        median: mean,
        max: mean * 1.5,
        min: mean / 2.0,
        stddev: mean / 10.0,
    };
    UsageRecorded {
        collection: 1,
        origin: "prometheus".to_owned(),
        pod: format!("runner-{number}"),
        node: Some("uuid-1".to_owned()),
        hostname: Some("ip-10-0-0-1".to_owned()),
        spec: BuiltSpec {
            name: package.to_owned(),
            version: format!("1.{}", number % 5),
            variants: r#"{"shared": true}"#.to_owned(),
            compiler_name: "gcc".to_owned(),
            compiler_version: "12.3.0".to_owned(),
            arch: "linux-ubuntu22.04-x86_64_v3".to_owned(),
        },
        stack: "e4s".to_owned(),
        build_jobs: 16,
        retry_count: 0,
        git_ref: "develop".to_owned(),
        status: "success".to_owned(),
        started_at: at(begun + 3),
        finished_at: at(begun + 8),
        cpu: resource(1.0 + (number % 7) as f64),
        memory: resource(1e9 * (1.0 + (number % 11) as f64)),
        memory_series: 1,
        cpu_series: 1,
        at: at(begun + 10),
    }
}

pub(crate) fn used(number: i64, package: &str) -> BuildEvent {
    BuildEvent::UsageRecorded(usage(number, package))
}

pub(crate) fn skipped(number: i64, reason: SkipReason) -> BuildEvent {
    BuildEvent::CollectionSkipped(CollectionSkipped {
        collection: 1,
        reason,
        detail: "because".to_owned(),
        at: at(number * 10 + 10),
    })
}

pub(crate) fn requeued(number: i64, collection: u32) -> BuildEvent {
    BuildEvent::CollectionRequeued(CollectionRequeued {
        collection,
        at: at(number * 10 + 20),
    })
}
