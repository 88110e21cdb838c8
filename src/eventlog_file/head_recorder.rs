//! Keeps the head record near the head, without any commit waiting for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use eventlog::Position;
use tokio::sync::watch;

use crate::disk::Disk;
use crate::head_record::HeadRecord;
use crate::shared::Shared;

/// How often the record is written at most: it costs a flush that competes with those of commits.
const INTERVAL: Duration = Duration::from_secs(1);

/// Hands the news that the head moved to the thread that writes the record.
pub(crate) struct HeadRecorder {
    moved: Option<SyncSender<()>>,
    /// Dropped to end a pause early.
    pause: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HeadRecorder {
    /// Writes the record of what is durable now, and starts the thread. `known` is the content of
    /// the file.
    pub(crate) fn start(
        shared: &Shared,
        path: &Path,
        first: Position,
        known: Option<HeadRecord>,
    ) -> io::Result<Self> {
        let mut recording = Recording {
            path: path.to_owned(),
            disk: shared.disk.clone(),
            head: shared.head.subscribe(),
            record: HeadRecord {
                log_id: shared.log_id,
                first,
                head: shared.head(),
            },
            written: known,
            fails: false,
        };
        recording.write();
        // One pending signal is enough: the thread reads the head when it wakes.
        let (moved, news) = sync_channel(1);
        let (pause, ends) = channel();
        let thread = std::thread::Builder::new()
            .name("log-head-record".to_owned())
            .spawn(move || recording.run(&news, &ends))?;
        Ok(Self {
            moved: Some(moved),
            pause: Some(pause),
            thread: Some(thread),
        })
    }

    /// Signals that the head has moved. The events up to it are durable.
    pub(crate) fn head_moved(&self) {
        if let Some(moved) = &self.moved {
            // Full means that the thread knows already.
            let _ = moved.try_send(());
        }
    }

    /// Writes the last record and ends.
    pub(crate) fn finish(&mut self) {
        self.moved = None;
        self.pause = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that records the log's head has panicked");
        }
    }
}

impl Drop for HeadRecorder {
    fn drop(&mut self) {
        self.finish();
    }
}

struct Recording {
    path: PathBuf,
    disk: Disk,
    head: watch::Receiver<Position>,
    record: HeadRecord,
    written: Option<HeadRecord>,
    fails: bool,
}

impl Recording {
    fn run(mut self, news: &Receiver<()>, ends: &Receiver<()>) {
        while news.recv().is_ok() {
            self.write();
            if ends.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        self.write();
    }

    fn write(&mut self) {
        self.record.head = *self.head.borrow();
        if self.written == Some(self.record) {
            return;
        }
        match self.record.write_to(&self.disk, &self.path) {
            Ok(()) => {
                self.written = Some(self.record);
                self.fails = false;
            }
            // The log itself is as safe as before, so it goes on; the next head tries again.
            Err(error) if !self.fails => {
                self.fails = true;
                tracing::warn!(
                    %error,
                    "cannot write {}: {error}; until it can, segments that go missing may not be noticed",
                    self.path.display()
                );
            }
            Err(_) => {}
        }
    }
}
