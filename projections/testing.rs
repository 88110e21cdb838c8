//! Stories that the tests of views tell, and the app they tell them in.

pub(crate) mod job_runner;
mod lists;

use domain::{BuildsEvent, JobsEvent};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use domain::builds::allocation::{
    AllocationEvent, Answered, ModelEvaluation, ModelPromoted, ModelRolledBack, ModelTrained,
};
use domain::builds::build::{
    BuildEvent, BuildKey, BuiltSpec, CollectionAbandoned, CollectionAttempted, CollectionFailed,
    CollectionFault, CollectionRequeued, CollectionSkipped, OutOfMemory, Reported, ResourceUsage,
    Runner, SkipReason, UsageRecorded,
};
use domain::builds::node::{Described, NodeEvent};
use domain::core::audit::{AuditEvent, BodyRefused, BodyResubmitted};
use domain::core::token::{Issued, Revoked, Role, TokenEvent};
use domain::jobs::job::JobEvent;
use domain::{BlobRef, Event, Metadata, Verbatim};
use eventlog::{Append, EventLog, EventType, Expected, MemoryLog, NewEvent, Position, StreamName};
use jiff::Timestamp;
use proptest::prelude::*;
use tables::MemoryTables;
use uuid::Uuid;

use crate::{Views, ViewsConfig};

/// Longer than any test may wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A log, tables and the views over them.
pub(crate) struct App {
    pub(crate) log: Arc<MemoryLog>,

    pub(crate) views: Views,
}

impl App {
    pub(crate) fn new() -> Self {
        let log = Arc::new(memory_log());
        let tables = Arc::new(MemoryTables::new());
        let views = Views::start(log.clone(), tables, config()).unwrap();
        Self { log, views }
    }

    pub(crate) fn log_head(&self) -> Position {
        self.log.head()
    }

    /// Appends and waits until every view has seen it.
    pub(crate) async fn tell(&self, stream: &str, event: impl Into<Event>) -> Position {
        let position = tell(&*self.log, stream, event).await;
        self.views.wait_for_all(position, PATIENCE).await.unwrap();
        position
    }

    /// The same with metadata of its own.
    pub(crate) async fn tell_as(&self, stream: &str, event: Event, metadata: &Metadata) {
        let metadata = serde_json::to_vec(metadata).unwrap();
        let position = append(&*self.log, stream.to_owned(), &event, metadata.into()).await;
        self.views.wait_for_all(position, PATIENCE).await.unwrap();
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
pub(crate) fn config() -> ViewsConfig {
    let mut config = ViewsConfig::new(|| at(1_000_000)).pages_of(7);
    config.engine.commit_events = 20;
    config.engine.commit_interval = Duration::from_secs(3600);
    config
}

pub(crate) async fn tell(log: &dyn EventLog, stream: &str, event: impl Into<Event>) -> Position {
    tell_all(log, [(stream.to_owned(), event.into())]).await
}

/// Appends each event as a batch of its own; the ids count up, so that a story has the same bytes every time.
pub(crate) async fn tell_all(
    log: &dyn EventLog,
    story: impl IntoIterator<Item = (String, Event)>,
) -> Position {
    let metadata = br#"{"actor":{"kind":"token","id":"t1"},"dialect":"api"}"#;
    let mut last = log.head();
    for (stream, event) in story {
        last = append(log, stream, &event, Bytes::from_static(metadata)).await;
    }
    last
}

async fn append(log: &dyn EventLog, stream: String, event: &Event, metadata: Bytes) -> Position {
    let encoded = event.encode();
    let new = NewEvent {
        id: Uuid::from_u64_pair(1, log.head().0 + 1),
        event_type: EventType::parse(encoded.event_type).unwrap(),
        version: encoded.version,
        metadata,
        data: encoded.data.into(),
        recorded_at: None,
    };
    let append = Append {
        stream: StreamName::parse(stream).unwrap(),
        expected: Expected::Any,
        events: vec![new],
    };
    log.append(vec![append]).await.unwrap().last()
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

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// Stories of a few builds and a small job runner that know nothing of order: what comes may be early, late,
/// repeated or absurd, and of any shape that was ever released.
pub(crate) fn any_story() -> impl Strategy<Value = Vec<(String, Event)>> {
    let of_builds = (0_usize..23, 1_i64..7).prop_map(|(kind, number)| event_of(kind, number));
    let archived = (0..ARCHIVED.len(), 1_u64..5);
    let archived = archived.prop_map(|(row, number)| of(&ARCHIVED[row], number));
    let job_runner = job_runner::any_event;
    let event = prop_oneof![of_builds, job_runner(), job_runner(), archived];
    prop::collection::vec(event, 0..180)
}

/// One event of each kind, builds first, and then of every shape that was ever released.
pub(crate) fn every_kind_of_event() -> Vec<(String, Event)> {
    let of_builds = (0..23).map(|kind| event_of(kind, 1));
    let archived = ARCHIVED.iter().map(|event| of(event, 1));
    let job_runner = job_runner::every_kind_of_event();
    of_builds.chain(job_runner).chain(archived).collect()
}

/// What was ever released, one event per shape.
static ARCHIVED: LazyLock<Vec<Event>> = LazyLock::new(|| {
    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(rename = "type")]
        event_type: String,
        version: u16,
        data: Box<serde_json::value::RawValue>,
    }
    let archive = include_str!("../tests/archive/events.jsonl");
    let rows = archive.lines().map(serde_json::from_str::<Row>);
    let events = rows.map(|row| {
        let row = row.unwrap();
        Event::decode(&row.event_type, row.version, row.data.get().as_bytes()).unwrap()
    });
    events.collect()
});

/// An event, as one about the thing of its kind with this number.
fn of(event: &Event, number: u64) -> (String, Event) {
    let key = match event {
        Event::Builds(BuildsEvent::Build(_)) => format!("default:{number}"),
        Event::Jobs(JobsEvent::Job(JobEvent::RunCounted(_))) => format!("tally:{number}"),
        _ => number.to_string(),
    };
    (format!("{}-{key}", event.category()), event.clone())
}

fn event_of(kind: usize, number: i64) -> (String, Event) {
    let build = |event: BuildEvent| (format!("build-default:{number}"), Event::from(event));
    let collection = 1 + u32::try_from(kind % 2).unwrap();
    let now = at(number * 100);
    let detail = "because".to_owned();
    match kind {
        0 => build(reported(number, "created")),
        1 => build(reported(number, "pending")),
        2 => build(reported(number, "running")),
        3 => build(reported(number, "success")),
        4 => build(reported(number, "failed")),
        5 => build(reported(number, "something_new")),
        6 => build(used(number, package(number))),
        7 => build(skipped(number, SkipReason::Ghost)),
        8 => build(requeued(number, 2)),
        9 => build(BuildEvent::CollectionAttempted(CollectionAttempted {
            collection,
            attempt: 1,
            error: "no route".to_owned(),
            retry_at: at(number * 200),
            at: now,
        })),
        10 => build(BuildEvent::CollectionFailed(CollectionFailed {
            collection,
            fault: CollectionFault::PodMissing,
            detail,
            at: now,
        })),
        11 => build(BuildEvent::CollectionAbandoned(CollectionAbandoned {
            collection,
            attempts: 5,
            error: "no route".to_owned(),
            at: now,
        })),
        12 => build(BuildEvent::OutOfMemory(killed(number, collection))),
        13 => (
            format!("node-uuid-{number}"),
            NodeEvent::Described(node(number)).into(),
        ),
        14 => (
            format!("token-t{number}"),
            TokenEvent::Issued(token(number)).into(),
        ),
        15 => (
            format!("token-t{number}"),
            TokenEvent::Revoked(Revoked { at: now }).into(),
        ),
        16 => (
            format!("audit-body:{number:064}"),
            AuditEvent::BodyRefused(refused(number)).into(),
        ),
        17 => (
            format!("audit-body:{number:064}"),
            AuditEvent::BodyResubmitted(BodyResubmitted {
                accepted: number % 2 == 0,
                errors: vec![],
                at: now,
            })
            .into(),
        ),
        18 => of_models(AllocationEvent::ModelTrained(model(number))),
        19 => of_models(AllocationEvent::ModelPromoted(ModelPromoted {
            model: model(number).model,
            instead_of: None,
            at: now,
        })),
        20 => of_models(AllocationEvent::ModelRolledBack(ModelRolledBack {
            model: model(number).model,
            back_to: None,
            at: now,
        })),
        _ => answered(number, kind == 22),
    }
}

/// An answer about what some build of this number is, told before it began.
fn answered(number: i64, shadow: bool) -> (String, Event) {
    let package = package(number);
    let usage = usage(number, package);
    let told = Answered {
        spec: format!(
            "{package}@{} +shared arch={}%gcc@12.3.0",
            usage.spec.version, usage.spec.arch
        ),
        strategy: if shadow { "ladder" } else { "gantry" }.to_owned(),
        model: None,
        shadow,
        cpu_request: 1.0,
        memory_request: 2e9,
        memory_limit: None,
        level: "defaults".to_owned(),
        learnt_to: 0,
        at: at(number * 10),
    };
    let event = AllocationEvent::Answered(told);
    (format!("allocation-{package}"), event.into())
}

/// What the builds of a number are of.
fn package(number: i64) -> &'static str {
    ["zlib", "hdf5", "llvm"][usize::try_from(number % 3).unwrap()]
}

fn of_models(event: AllocationEvent) -> (String, Event) {
    ("allocation-model:registry".to_owned(), event.into())
}

/// A model of one of a few kinds: of both strategies, from the beginning or later, of all builds or few.
pub(crate) fn model(number: i64) -> ModelTrained {
    let parameters = match number % 4 {
        0 => r#"{"settings":{"strategy":"gantry","refs":"All"},"after":0}"#,
        1 => {
            r#"{"settings":{"strategy":"ladder","learning":{"refs":"All"},"policy":{"mixed":8}},"after":9}"#
        }
        2 => {
            r#"{"settings":{"strategy":"ladder","learning":{},"policy":{}},"only":{"packages":["zlib"]}}"#
        }
        _ => r#"{"settings":{"strategy":"oracle"}}"#,
    };
    ModelTrained {
        model: format!("model{}", number % 4),
        strategy: "ladder".to_owned(),
        parameters: Verbatim::parse(parameters.to_owned()).unwrap(),
        position: 1,
        learnt: 1,
        flawed: 0,
        digest: format!("{number:064}"),
        evaluation: ModelEvaluation::default(),
        incumbent: ModelEvaluation::default(),
        at: at(number),
    }
}

pub(crate) fn killed(number: i64, collection: u32) -> OutOfMemory {
    let usage = usage(number, "llvm");
    OutOfMemory {
        collection,
        pod: usage.pod,
        hostname: usage.hostname,
        spec: usage.spec,
        stack: usage.stack,
        build_jobs: usage.build_jobs,
        retry_count: 0,
        git_ref: usage.git_ref,
        started_at: usage.started_at,
        finished_at: usage.finished_at,
        memory_request: Some(2e9),
        memory_limit: 4e9,
        memory_peak: None,
        evidence: "container_status".to_owned(),
        at: usage.at,
    }
}

pub(crate) fn node(number: i64) -> Described {
    Described {
        uuid: format!("uuid-{number}"),
        hostname: format!("ip-{}", number % 2),
        cores: 16.0,
        memory: 64e9,
        arch: "amd64".to_owned(),
        os: "linux".to_owned(),
        instance_type: "m5.4xlarge".to_owned(),
        at: at(number),
    }
}

pub(crate) fn token(number: i64) -> Issued {
    Issued {
        name: format!("token {number}"),
        hash: format!("{number:064}"),
        role: Role::Operator,
        scopes: vec![],
        expires_at: None,
        at: at(number),
    }
}

pub(crate) fn refused(number: i64) -> BodyRefused {
    BodyRefused {
        dialect: "gantry".to_owned(),
        source: "default".to_owned(),
        errors: vec!["`ref` is missing".to_owned()],
        body: BlobRef {
            digest: format!("{number:064}"),
            size: 9,
        },
        headers: vec![],
        at: at(number),
    }
}
