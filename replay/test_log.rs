//! Logs for the tests of this crate.

use bytes::Bytes;
use domain::builds::build::{BuildEvent, CollectionSkipped, Reported, Runner, SkipReason};
use domain::core::audit::{AuditEvent, BodyRefused};
use domain::{Actor, BlobRef, Event, Metadata};
use eventlog::{
    Append, EventLog, EventType, Expected, Filter, MemoryLog, NewEvent, PageLimit, Position,
    Recorded, StreamName,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Noon of the first day of these logs; one event a second from then on.
pub(crate) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// This many seconds after [`noon`].
pub(crate) fn second(seconds: u64) -> Timestamp {
    noon() + SignedDuration::from_secs(i64::try_from(seconds).unwrap())
}

/// An empty log whose clock shows [`noon`].
pub(crate) fn empty() -> MemoryLog {
    MemoryLog::new(noon)
}

/// A build's report as its source would send it.
pub(crate) fn report(number: i64, status: &str, at: Timestamp) -> Reported {
    Reported {
        source: "default".to_owned(),
        build_id: number,
        status: status.to_owned(),
        stage: "stage-1".to_owned(),
        name: Some(format!("zlib {number}")),
        git_ref: "develop".to_owned(),
        created_at: Some(noon()),
        started_at: Some(noon()),
        finished_at: (status == "success").then_some(at),
        runner: Some(Runner {
            id: Some(1),
            description: "uo-runner".to_owned(),
        }),
        pipeline_id: Some(7),
        project_id: Some(2),
        project: None,
        failure_reason: None,
        retries_count: None,
        instance: None,
        delivery: format!("{number}:{status}"),
        body: None,
        body_blob: None,
        at,
    }
}

/// A build's report whose body is in the blob store.
pub(crate) fn report_with_blob(number: i64, blob: BlobRef) -> Event {
    let body_blob = Some(blob);
    let reported = Reported {
        body_blob,
        ..report(number, "created", noon())
    };
    BuildEvent::Reported(reported).into()
}

/// A webhook's body that was refused and kept for a while.
pub(crate) fn refused(source: &str, body: BlobRef) -> Event {
    AuditEvent::BodyRefused(BodyRefused {
        dialect: "gantry".to_owned(),
        source: source.to_owned(),
        errors: Vec::new(),
        body,
        headers: Vec::new(),
        at: noon(),
    })
    .into()
}

/// An event that is ready to be appended; its id follows from `number`.
pub(crate) fn new_event(number: u64, event: &Event) -> NewEvent {
    let encoded = event.encode();
    let metadata = Metadata {
        actor: Some(Actor::system("test")),
        ..Metadata::default()
    };
    NewEvent {
        id: Uuid::from_u128(u128::from(number) + 1),
        event_type: EventType::from_static(encoded.event_type),
        version: encoded.version,
        metadata: Bytes::from(serde_json::to_vec(&metadata).unwrap()),
        data: Bytes::from(encoded.data),
        recorded_at: Some(second(number)),
    }
}

/// The stream of a build of the default source.
pub(crate) fn stream_of(number: i64) -> StreamName {
    StreamName::new("build", &format!("default:{number}")).unwrap()
}

/// Appends `count` events of builds that are running, succeed and are skipped, a hundred at a time.
pub(crate) async fn fill(log: &dyn EventLog, count: u64) {
    let begun = log.head().0;
    let builds = i64::try_from(count / 3 + 1).unwrap();
    for number in begun..begun + count {
        let turn = i64::try_from(number).unwrap();
        let (build, round) = (turn % builds, turn / builds);
        let at = second(number);
        let event = match round {
            0 => BuildEvent::Reported(report(build, "running", at)),
            1 => BuildEvent::Reported(report(build, "success", at)),
            _ => BuildEvent::CollectionSkipped(CollectionSkipped {
                collection: 1,
                reason: SkipReason::Ghost,
                detail: "No need to rebuild".to_owned(),
                at,
            }),
        };
        append(
            log,
            stream_of(build),
            vec![new_event(number, &event.into())],
        )
        .await;
    }
}

pub(crate) async fn append(log: &dyn EventLog, stream: StreamName, events: Vec<NewEvent>) {
    let expected = Expected::Any;
    let part = Append {
        stream,
        expected,
        events,
    };
    log.append(vec![part]).await.unwrap();
}

/// A log of `count` events.
pub(crate) async fn filled(count: u64) -> MemoryLog {
    let log = empty();
    fill(&log, count).await;
    log
}

/// Everything in a log.
pub(crate) async fn all_of(log: &dyn EventLog) -> Vec<Recorded> {
    let limit = PageLimit {
        events: usize::MAX,
        examined: usize::MAX,
        bytes: usize::MAX,
    };
    let all = Filter::all();
    let page = log.read_all(Position::START, &all, limit).await.unwrap();
    page.events
}

/// A place in memory to write to, and to look at afterwards.
#[derive(Clone, Default)]
pub(crate) struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
