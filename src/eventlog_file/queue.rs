//! Batches that wait for the writer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use eventlog::{Append, AppendError, Appended};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::record;

/// A group takes no more batches when it has this many events.
pub(crate) const GROUP_EVENTS_MAX: usize = 1024;

/// A group takes no more batches when its frame has this many bytes.
pub(crate) const GROUP_BYTES_MAX: usize = 1024 * 1024;

pub(crate) type Outcome = Result<Appended, AppendError>;

/// Who waits for an outcome.
#[derive(Debug)]
pub(crate) enum Answer {
    Task(oneshot::Sender<Outcome>),
    Thread(SyncSender<Outcome>),
}

impl Answer {
    /// Sends the outcome to the waiting caller, if it still waits.
    pub(crate) fn send(self, outcome: Outcome) {
        match self {
            Self::Task(sender) => drop(sender.send(outcome)),
            Self::Thread(sender) => drop(sender.try_send(outcome)),
        }
    }
}

/// A batch, and the space it needs.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) batch: Vec<Append>,
    events: usize,
    /// The most bytes that its records take in a frame.
    pub(crate) bytes: usize,
}

impl Request {
    pub(crate) fn new(batch: Vec<Append>) -> Self {
        let events = batch.iter().map(|part| part.events.len()).sum();
        let bytes = batch
            .iter()
            .flat_map(|part| part.events.iter().map(|event| (&part.stream, event)))
            .map(|(stream, event)| record::encoded_bytes_max(stream, event))
            .sum();
        Self {
            batch,
            events,
            bytes,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Request, Answer)>,
    bytes: usize,
    closed: bool,
}

/// A bounded queue, first in, first out.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// How many wait; read without the lock, by those who would rather not wait.
    depth: AtomicUsize,
    requests_max: usize,
    bytes_max: usize,
}

impl Queue {
    pub(crate) fn new(requests_max: usize, bytes_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            depth: AtomicUsize::new(0),
            requests_max,
            bytes_max,
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth.load(Ordering::Acquire)
    }

    /// Puts a request at the end.
    ///
    /// # Errors
    /// [`AppendError::Busy`] when the queue is full, [`AppendError::Stopped`] when it is closed.
    pub(crate) fn push(&self, request: Request, answer: Answer) -> Result<(), AppendError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(closed());
        }
        let bytes = state.bytes + request.bytes;
        if state.waiting.len() >= self.requests_max
            || (bytes > self.bytes_max && !state.waiting.is_empty())
        {
            return Err(AppendError::Busy);
        }
        state.bytes = bytes;
        state.waiting.push_back((request, answer));
        self.depth.store(state.waiting.len(), Ordering::Release);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until something is there, or so long; false when the queue is closed and empty.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        let mut state = self.state.lock();
        if state.waiting.is_empty() && !state.closed {
            self.filled.wait_for(&mut state, patience);
        }
        !(state.waiting.is_empty() && state.closed)
    }

    /// Moves the next group to `group`: the first request, and more as long as they fit.
    pub(crate) fn drain(&self, group: &mut Vec<(Request, Answer)>) {
        let mut state = self.state.lock();
        let (mut events, mut bytes) = (0, 0);
        while let Some((request, _)) = state.waiting.front() {
            events += request.events;
            bytes += request.bytes;
            if !group.is_empty() && (events > GROUP_EVENTS_MAX || bytes > GROUP_BYTES_MAX) {
                break;
            }
            let freed = request.bytes;
            state.bytes -= freed;
            group.extend(state.waiting.pop_front());
        }
        self.depth.store(state.waiting.len(), Ordering::Release);
    }

    /// Takes no more requests. Those that wait are still served.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }
}

pub(crate) fn closed() -> AppendError {
    AppendError::Stopped {
        reason: "it is closed".to_owned(),
    }
}

/// The answer to a batch whose writer ended: it may be on the disk.
pub(crate) fn lost() -> AppendError {
    AppendError::Unknown {
        reason: "the log's writer ended before it answered".to_owned(),
    }
}
