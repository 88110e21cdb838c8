//! A log that generates its events as they are read, so that the memory of the process is that of the views.

use async_trait::async_trait;
use bytes::Bytes;
use domain::Event;
use eventlog::{
    Append, AppendError, Appended, Description, EventLog, EventType, Filter, Page, PageLimit,
    Position, ReadError, Recorded, Revision, StreamName,
};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// A log whose events are generated from their indexes, starting at 0.
pub(crate) struct SyntheticLog {
    /// Where the log ends; it may be moved while the log is read.
    pub(crate) head: watch::Sender<Position>,
    made_up: Box<dyn Fn(u64) -> MadeUp + Send + Sync>,
}

/// The event at an index.
pub(crate) struct MadeUp {
    pub(crate) stream: StreamName,
    pub(crate) revision: u64,
    pub(crate) event: Event,
    pub(crate) metadata: &'static [u8],
}

impl SyntheticLog {
    pub(crate) fn new(
        events: u64,
        made_up: impl Fn(u64) -> MadeUp + Send + Sync + 'static,
    ) -> Self {
        Self {
            head: watch::Sender::new(Position(events)),
            made_up: Box::new(made_up),
        }
    }

    fn recorded(&self, position: u64) -> Recorded {
        let made_up = (self.made_up)(position - 1);
        let encoded = made_up.event.encode();
        Recorded {
            position: Position(position),
            stream: made_up.stream,
            revision: Revision(made_up.revision),
            id: Uuid::from_u64_pair(1, position),
            event_type: EventType::parse(encoded.event_type).expect("it is a type"),
            version: encoded.version,
            recorded_at: at(position / 50),
            metadata: Bytes::from_static(made_up.metadata),
            data: encoded.data.into(),
        }
    }
}

/// So many seconds after the beginning of all stories.
pub(crate) fn at(second: u64) -> Timestamp {
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

    fn describe(&self) -> Description {
        Description {
            backend: "memory",
            layout: "synthetic",
            log_id: None,
            lag: 0,
            damage: None,
        }
    }
}
