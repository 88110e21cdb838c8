//! Reads and decodes the next page of the log while this one is folded.
//!
//! Decoding costs about half of what folding costs, and knows nothing of any view: on a second core it costs
//! nothing.

use std::sync::Arc;

use eventlog::{EventLog, Filter, PageLimit, Position, ReadError, Recorded};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::fault::FoldFault;
use super::page::DecodedPage;

/// The page that is being read ahead.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Option<Begun>>);

/// A page that is being read, and after which position.
type Begun = (Position, JoinHandle<Result<ReadPage, ReadError>>);

/// A page, and what in it could not be read.
pub(super) struct ReadPage {
    pub(super) page: DecodedPage,
    pub(super) faults: Vec<FoldFault>,
}

impl Ahead {
    /// Begins to read the page after a position.
    pub(super) fn begin(
        &self,
        log: &Arc<dyn EventLog>,
        after: Position,
        events: usize,
        wanted: impl Fn(&Recorded) -> bool + Send + 'static,
    ) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let log = Arc::clone(log);
        let waiting = runtime.clone();
        let reading =
            runtime.spawn_blocking(move || waiting.block_on(read(&*log, after, events, wanted)));
        *self.0.lock() = Some((after, reading));
    }

    /// The page after this position, if it was being read and is not the last one: the log may have
    /// grown behind the last page.
    pub(super) async fn take(&self, after: Position) -> Option<ReadPage> {
        let (begun, reading) = self.0.lock().take()?;
        // Also of no use it is waited for, so that never more than one is under way.
        let read = reading.await.ok()?.ok()?;
        (begun == after && !read.page.end).then_some(read)
    }

    /// Waits until nothing is read any more.
    pub(super) async fn end(&self) {
        let _ = self.take(Position::START).await;
    }
}

/// Reads and decodes the page after a position.
pub(super) async fn read(
    log: &dyn EventLog,
    after: Position,
    events: usize,
    wanted: impl Fn(&Recorded) -> bool,
) -> Result<ReadPage, ReadError> {
    let limit = PageLimit::events(events);
    let page = log.read_all(after, &Filter::all(), limit).await?;
    let mut faults = Vec::new();
    let page = DecodedPage::decode(after, page, wanted, |fault| faults.push(fault));
    Ok(ReadPage { page, faults })
}
