//! A log in memory that fails on demand: what do callers make of it?

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, Description, EventLog, Filter, MemoryLog, Page, PageLimit,
    Position, ReadError, Recorded, Revision, StreamName,
};

/// How appends fail.
#[derive(Clone, Debug)]
pub enum AppendFault {
    /// Nothing is written, and this is the answer. [`AppendError::Stopped`] and
    /// [`AppendError::Full`] are also returned by [`EventLog::stopped`].
    Refused(AppendError),
    /// As many appends as this find that another writer was faster; then there is no fault.
    Conflicts(u32),
    /// The batch is written, and the answer gets lost.
    AnswerLost,
    /// The batch gets lost, and so does the answer.
    BatchLost,
}

#[derive(Default)]
struct Faults {
    append: Option<AppendFault>,
    read: Option<ReadError>,
    appends: u64,
}

/// A [`MemoryLog`] that lets other tasks run before each answer, and fails on demand.
pub struct FaultyLog {
    log: MemoryLog,
    faults: Mutex<Faults>,
    held: watch::Sender<bool>,
}

impl FaultyLog {
    /// An empty log without faults that takes the time from `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            log: MemoryLog::new(now),
            faults: Mutex::default(),
            held: watch::Sender::new(false),
        }
    }

    /// From now on every append fails like this; `None` mends it.
    pub fn fail_appends(&self, fault: impl Into<Option<AppendFault>>) {
        self.faults().append = fault.into();
    }

    /// From now on every read fails like this; `None` mends it.
    pub fn fail_reads(&self, error: impl Into<Option<ReadError>>) {
        self.faults().read = error.into();
    }

    /// Whether reads of the whole log from its start wait, as rebuilds of views do; what follows
    /// the log goes on.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// How many appends were tried.
    #[must_use]
    pub fn appends(&self) -> u64 {
        self.faults().appends
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that this append meets.
    fn next_append(&self) -> Option<AppendFault> {
        let mut faults = self.faults();
        faults.appends += 1;
        match &mut faults.append {
            Some(AppendFault::Conflicts(0)) => None,
            Some(AppendFault::Conflicts(left)) => {
                *left -= 1;
                Some(AppendFault::Conflicts(*left))
            }
            fault => fault.clone(),
        }
    }

    async fn before_reading(&self) -> Result<(), ReadError> {
        tokio::task::yield_now().await;
        self.faults().read.clone().map_or(Ok(()), Err)
    }

    async fn before_reading_all(&self, after: Position) -> Result<(), ReadError> {
        if after == Position::START {
            // The sender lives as long as the log, so waiting for it ends well.
            let _ = self.held.subscribe().wait_for(|held| !held).await;
        }
        self.before_reading().await
    }
}

fn unknown() -> AppendError {
    AppendError::Unknown {
        reason: "the answer was lost".to_owned(),
    }
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(&self, batch: Vec<Append>) -> Result<Appended, AppendError> {
        tokio::task::yield_now().await;
        match self.next_append() {
            None => {}
            Some(AppendFault::Refused(error)) => return Err(error),
            Some(AppendFault::BatchLost) => return Err(unknown()),
            Some(AppendFault::AnswerLost) => {
                self.log.append(batch).await?;
                return Err(unknown());
            }
            Some(AppendFault::Conflicts(_)) => {
                return Err(AppendError::Conflict {
                    stream: batch[0].stream.clone(),
                    expected: batch[0].expected,
                    actual: None,
                });
            }
        }
        let appended = self.log.append(batch).await;
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
        self.log.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.before_reading_all(after).await?;
        self.log.read_all(after, filter, limit).await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.before_reading().await?;
        self.log.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        self.before_reading().await?;
        self.log.stream_head(stream).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        self.before_reading().await?;
        self.log.find(id).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.log.watch_head()
    }

    fn stopped(&self) -> Option<AppendError> {
        match &self.faults().append {
            Some(AppendFault::Refused(
                error @ (AppendError::Stopped { .. } | AppendError::Full { .. }),
            )) => Some(error.clone()),
            _ => self.log.stopped(),
        }
    }

    fn close(&self) {
        self.log.close();
    }

    fn describe(&self) -> Description {
        self.log.describe()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conformance::fixture::{append_any, part, run};
    use crate::{Expected, conformance};

    #[tokio::test]
    async fn without_faults_it_keeps_every_promise() {
        conformance::check(|| async {
            Arc::new(FaultyLog::new(Timestamp::now)) as Arc<dyn EventLog>
        })
        .await;
    }

    #[tokio::test]
    async fn an_unknown_outcome_is_settled_by_sending_the_same_ids_again() {
        for (fault, repeated) in [
            (AppendFault::AnswerLost, true),
            (AppendFault::BatchLost, false),
        ] {
            let log = FaultyLog::new(Timestamp::now);
            let batch = vec![part(&run(1), Expected::Empty, 0..3)];
            log.fail_appends(fault);
            let error = log.append(batch.clone()).await.unwrap_err();
            assert!(matches!(error, AppendError::Unknown { .. }), "{error}");
            log.fail_appends(None);
            let settled = log.append(batch).await.unwrap();
            assert_eq!((settled.repeated, log.head()), (repeated, Position(3)));
        }
    }

    #[tokio::test]
    async fn a_stop_turns_back_when_its_cause_is_gone() {
        let log = FaultyLog::new(Timestamp::now);
        let reason = "the cluster has no leader".to_owned();
        log.fail_appends(AppendFault::Refused(AppendError::Stopped { reason }));
        assert!(log.stopped().is_some());
        log.fail_appends(None);
        assert!(log.stopped().is_none());
        append_any(&log, &run(1), [0]).await;
        assert_eq!(log.appends(), 1);
    }
}
