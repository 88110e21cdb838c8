//! Logs that behave badly, and facts to tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::Metadata;
use domain::builds::build::{CollectionSkipped, Reported, SkipReason};
use eventlog::{
    Append, AppendError, Appended, EventLog, Filter, MemoryLog, Page, PageLimit, Position,
    ReadError, Recorded, Revision, StreamName,
};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Clock, Commands};

/// A memory log that lets others run before each of its answers, and whose appends may be answered
/// otherwise.
pub(crate) struct TestLog {
    inner: MemoryLog,
    /// How many appends will find that somebody else was faster.
    pub(crate) conflicts: AtomicU32,
    /// What appends are answered with instead.
    pub(crate) append_fails: Option<AppendError>,
    /// What reads are answered with instead.
    pub(crate) read_fails: Option<ReadError>,
}

impl TestLog {
    pub(crate) fn new(clock: &Clock) -> Self {
        let clock = clock.clone();
        Self {
            inner: MemoryLog::new(move || clock.now()),
            conflicts: AtomicU32::new(0),
            append_fails: None,
            read_fails: None,
        }
    }

    async fn before_reading(&self) -> Result<(), ReadError> {
        tokio::task::yield_now().await;
        self.read_fails.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl EventLog for TestLog {
    async fn append(&self, batch: Vec<Append>) -> Result<Appended, AppendError> {
        tokio::task::yield_now().await;
        if let Some(error) = &self.append_fails {
            return Err(error.clone());
        }
        let less = |left: u32| left.checked_sub(1);
        if self
            .conflicts
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
        {
            return Err(AppendError::Conflict {
                stream: batch[0].stream.clone(),
                expected: batch[0].expected,
                actual: None,
            });
        }
        let appended = self.inner.append(batch).await;
        tokio::task::yield_now().await;
        appended
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        self.before_reading().await?;
        self.inner.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.before_reading().await?;
        self.inner.read_all(after, filter, limit).await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.before_reading().await?;
        self.inner.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        self.before_reading().await?;
        self.inner.stream_head(stream).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        self.before_reading().await?;
        self.inner.find(id).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.inner.watch_head()
    }

    fn stopped(&self) -> Option<AppendError> {
        self.append_fails.clone()
    }
}

/// Commands on a log that was prepared, and the log.
pub(crate) fn commands_on(prepare: impl FnOnce(&mut TestLog)) -> (Commands, Arc<TestLog>) {
    let clock = Clock::fixed(noon());
    let mut log = TestLog::new(&clock);
    prepare(&mut log);
    let log = Arc::new(log);
    (
        Commands::new(Arc::clone(&log) as Arc<dyn EventLog>, clock),
        log,
    )
}

pub(crate) fn commands() -> (Commands, Arc<TestLog>) {
    commands_on(|_| ())
}

/// Everything in the log.
pub(crate) async fn everything(log: &TestLog) -> Vec<Recorded> {
    let page = log
        .read_all(
            Position::START,
            &Filter::all(),
            PageLimit::events(1_000_000),
        )
        .await;
    page.unwrap().events
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn nobody() -> Metadata {
    Metadata::default()
}

pub(crate) fn reported(status: &str, delivery: &str) -> Reported {
    Reported {
        source: "default".to_owned(),
        build_id: 7,
        status: status.to_owned(),
        stage: "stage-1".to_owned(),
        name: None,
        git_ref: "develop".to_owned(),
        created_at: None,
        started_at: None,
        finished_at: None,
        runner: None,
        pipeline_id: None,
        project_id: None,
        project: None,
        failure_reason: None,
        retries_count: None,
        instance: None,
        delivery: delivery.to_owned(),
        body: None,
        body_blob: None,
        at: noon(),
    }
}

pub(crate) fn skipped(collection: u32) -> CollectionSkipped {
    CollectionSkipped {
        collection,
        reason: SkipReason::Ghost,
        detail: String::new(),
        at: noon(),
    }
}
