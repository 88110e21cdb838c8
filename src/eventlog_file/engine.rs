//! How batches reach the writer: directly when it is idle, else through the queue.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use eventlog::{Append, AppendError, LogLimits};
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use crate::queue::{Answer, Outcome, Queue, Request, closed, lost};
use crate::shared::Shared;
use crate::stats::add;
use crate::writer::Writer;

/// How long the last flush may have taken for the next one to be waited for on a thread of a
/// runtime.
const FLUSH_ON_RUNTIME_MAX: Duration = Duration::from_micros(200);

/// How often a log that has stopped for now looks whether it can go on.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The writing half of a log.
pub(crate) struct Engine {
    shared: Arc<Shared>,
    pub(crate) queue: Queue,
    writer: Mutex<Writer>,
    /// How many batches the last group had. More than one means that there are concurrent writers,
    /// and the next one should join a group instead of committing alone.
    last_group: AtomicUsize,
}

impl Engine {
    pub(crate) fn new(shared: Arc<Shared>, writer: Writer) -> Self {
        let config = &shared.config;
        Self {
            queue: Queue::new(config.queue_max, config.queue_bytes_max),
            shared,
            writer: Mutex::new(writer),
            last_group: AtomicUsize::new(0),
        }
    }

    /// Starts the thread that serves the queue.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<JoinHandle<()>> {
        let engine = self.clone();
        std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || engine.serve())
    }

    fn serve(&self) {
        let mut group = Vec::new();
        while self.queue.wait(LOOK_INTERVAL) {
            let mut writer = self.writer.lock();
            self.queue.drain(&mut group);
            if group.is_empty() {
                writer.look_again();
                continue;
            }
            writer.commit(group.iter().map(|(request, _)| request));
            let mut outcomes = std::mem::take(&mut writer.outcomes);
            drop(writer);
            self.last_group.store(group.len(), Ordering::Relaxed);
            for ((_, answer), outcome) in group.drain(..).zip(outcomes.drain(..)) {
                answer.send(outcome);
            }
        }
    }

    /// Commits on this thread if the queue is empty and the writer idle; gives the batch back
    /// otherwise.
    fn commit_now(&self, request: Request) -> Result<Outcome, Request> {
        if self.queue.depth() > 0 || self.last_group.load(Ordering::Relaxed) > 1 {
            return Err(request);
        }
        let Some(mut writer) = self.writer.try_lock() else {
            return Err(request);
        };
        if self.queue.is_closed() {
            return Ok(Err(closed()));
        }
        writer.commit(std::iter::once(&request));
        Ok(writer.outcomes.pop().unwrap_or_else(|| Err(lost())))
    }

    fn push(&self, request: Request, answer: Answer) -> Result<(), AppendError> {
        let pushed = self.queue.push(request, answer);
        if matches!(pushed, Err(AppendError::Busy)) {
            add(&self.shared.counters.busy, 1);
        }
        pushed
    }

    /// Appends a batch; this thread waits.
    pub(crate) fn append_blocking(&self, batch: Vec<Append>) -> Outcome {
        eventlog::append::check(&batch, LogLimits::LEAST)?;
        match self.commit_now(Request::new(batch)) {
            Ok(outcome) => outcome,
            Err(request) => {
                let (sender, receiver) = sync_channel(1);
                self.push(request, Answer::Thread(sender))?;
                receiver.recv().unwrap_or_else(|_| Err(lost()))
            }
        }
    }

    /// Appends a batch; this task waits.
    pub(crate) async fn append(&self, batch: Vec<Append>) -> Outcome {
        eventlog::append::check(&batch, LogLimits::LEAST)?;
        let mut request = Request::new(batch);
        if self.may_wait_here() {
            match self.commit_now(request) {
                Ok(outcome) => return outcome,
                Err(back) => request = back,
            }
        }
        let (sender, receiver) = oneshot::channel();
        self.push(request, Answer::Task(sender))?;
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Whether a thread of an async runtime may wait for a flush itself, which saves two
    /// hand-overs: when there are other threads, and flushes take no longer than a hand-over or
    /// two. Of all threads at most one waits, because the others find the writer busy.
    fn may_wait_here(&self) -> bool {
        self.shared.counters.last_sync() <= FLUSH_ON_RUNTIME_MAX
            && Handle::try_current()
                .is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
    }

    /// Takes no more batches; those that wait are still served.
    pub(crate) fn close(&self) {
        self.queue.close();
    }

    /// Ends the log with a mark. The queue is closed and served.
    pub(crate) fn finish(&self) {
        let mut writer = self.writer.lock();
        if let Err(error) = writer.mark() {
            tracing::warn!(%error, "the log could not be marked as closed; that costs nothing but a check");
        }
        writer.keeper.finish();
        if let Some(recorder) = &mut writer.recorder {
            recorder.finish();
        }
    }
}
