//! A log of runs that makes up its events as they are read.

use async_trait::async_trait;
use bytes::Bytes;
use domain::job::{JobEvent, RunCounted};
use domain::run::{Claimed, Origin, PidReported, Returned, RunEvent, Scheduled, Started};
use domain::run_log::{RunLogEvent, Written};
use domain::{Event, LongText};
use eventlog::{
    Append, AppendError, Appended, EventLog, EventType, Filter, Page, PageLimit, Position,
    ReadError, Recorded, Revision, StreamName,
};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// How many jobs and workers there are.
pub(crate) const JOBS: u64 = 1000;
const WORKERS: u64 = 20;

/// What happens to a run that is finished.
const STEPS: u64 = 7;

/// How many runs are under way at once.
const ABREAST: u64 = 64;

/// How many runs are not over in the end: they wait for their time, and these of them are with workers.
pub(crate) const WAITING: u64 = 5000;
pub(crate) const CLAIMED: u64 = 40;
pub(crate) const STARTED: u64 = 40;

/// The histories of so many runs that are over, and of some that are not.
pub(crate) struct SyntheticLog {
    finished: u64,
    head: watch::Sender<Position>,
}

impl SyntheticLog {
    pub(crate) fn new(finished: u64) -> Self {
        let finished = finished.next_multiple_of(ABREAST);
        let open = WAITING + CLAIMED + STARTED;
        let head = finished * STEPS + open + CLAIMED + STARTED + STARTED;
        Self {
            finished,
            head: watch::Sender::new(Position(head)),
        }
    }

    fn event(&self, place: u64) -> (String, Event) {
        let of_finished = self.finished * STEPS;
        if place < of_finished {
            let (group, within) = (place / (ABREAST * STEPS), place % (ABREAST * STEPS));
            let number = group * ABREAST + within % ABREAST + 1;
            return step_of(number, within / ABREAST);
        }
        let place = place - of_finished;
        let open = WAITING + CLAIMED + STARTED;
        let number = |nth: u64| self.finished + nth + 1;
        match place {
            _ if place < open => step_of(number(place), 0),
            _ if place < open + CLAIMED + STARTED => step_of(number(place - open), 1),
            _ => step_of(number(place - open - CLAIMED - STARTED), 2),
        }
    }

    fn recorded(&self, position: u64) -> Recorded {
        let (stream, event) = self.event(position - 1);
        let encoded = event.encode();
        Recorded {
            position: Position(position),
            stream: StreamName::parse(stream).expect("it is a name"),
            revision: Revision(0),
            id: Uuid::from_u64_pair(1, position),
            event_type: EventType::parse(encoded.event_type).expect("it is a type"),
            version: encoded.version,
            recorded_at: at(position / 50),
            metadata: Bytes::from_static(
                br#"{"actor":{"kind":"worker","id":"1"},"dialect":"jobrunner"}"#,
            ),
            data: encoded.data.into(),
        }
    }
}

fn step_of(number: u64, step: u64) -> (String, Event) {
    let (job, worker) = (number % JOBS + 1, number % WORKERS + 1);
    let due = number / 4;
    let success = Some(!number.is_multiple_of(50));
    let run = |event: RunEvent| (format!("run-{number}"), Event::from(event));
    match step {
        0 => run(RunEvent::Scheduled(Scheduled {
            number,
            job,
            schedule_id: number,
            schedule_at: at(due),
            worker: None,
            is_manual: number.is_multiple_of(10),
            schedule_children: true,
            origin: Origin::FollowUp { run: number },
            at: at(due),
        })),
        1 => run(RunEvent::Claimed(Claimed {
            worker,
            enqueued_at: at(due + 1),
            taken_from: None,
            at: at(due + 1),
        })),
        2 => run(RunEvent::Started(Started {
            started_at: at(due + 2),
            at: at(due + 2),
        })),
        3 => run(RunEvent::PidReported(PidReported {
            pid: 1000 + number.cast_signed() % 30_000,
            at: at(due + 2),
        })),
        4 => {
            let written = Written {
                number,
                run: number,
                content: Some(LongText::Inline("what it printed ".repeat(20))),
                at: at(due + 60),
            };
            (
                format!("run_log-{number}"),
                RunLogEvent::Written(written).into(),
            )
        }
        5 => run(RunEvent::Returned(Returned {
            returned_at: at(due + 60),
            success,
            at: at(due + 60),
        })),
        _ => {
            let counted = RunCounted {
                run: number,
                schedule_id: number,
                success,
                fails: 0,
                too_many: false,
                at: at(due + 60),
            };
            (
                format!("job-tally:{job}"),
                JobEvent::RunCounted(counted).into(),
            )
        }
    }
}

fn at(second: u64) -> Timestamp {
    Timestamp::new(1_600_000_000 + second.cast_signed(), 0).expect("it is within range")
}

#[async_trait]
impl EventLog for SyntheticLog {
    async fn append(&self, _: Vec<Append>) -> Result<Appended, AppendError> {
        Err(AppendError::Busy)
    }

    async fn read_stream(
        &self,
        _: &StreamName,
        _: Revision,
        _: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        Ok(vec![])
    }

    async fn read_all(
        &self,
        after: Position,
        _: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let head = self.head().0;
        let last = head.min(after.0 + limit.events as u64);
        Ok(Page {
            events: (after.0 + 1..=last)
                .map(|position| self.recorded(position))
                .collect(),
            next: Position(last.max(after.0)),
            end: last >= head,
        })
    }

    async fn read_all_back(
        &self,
        _: Position,
        _: &Filter,
        _: PageLimit,
    ) -> Result<Page, ReadError> {
        Err(ReadError::Unavailable("it is read upwards only".to_owned()))
    }

    async fn stream_head(&self, _: &StreamName) -> Result<Option<Revision>, ReadError> {
        Ok(None)
    }

    async fn find(&self, _: Uuid) -> Result<Option<Position>, ReadError> {
        Ok(None)
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn stopped(&self) -> Option<AppendError> {
        None
    }
}
