//! Work that no commit waits for: preparing the next segment, sealing the last one.

use std::fs::File;
use std::io;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::seal::seal;
use crate::segment::Segment;
use crate::shared::Shared;

/// The name of the segment that is being prepared.
pub(crate) const PREPARED_NAME: &str = "next.prepared";

static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

/// What there is to do.
#[derive(Debug)]
pub(crate) enum Task {
    Prepare,
    Seal(Arc<Segment>),
}

#[derive(Debug, Default)]
enum Prepared {
    #[default]
    Nothing,
    UnderWay,
    Ready(File),
}

/// Hands work to the thread that does it.
pub(crate) struct Keeper {
    tasks: Option<Sender<Task>>,
    prepared: Arc<Mutex<Prepared>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        // Bounded by what puts work in: one segment is prepared at a time, and a seal comes once a segment.
        let (tasks, received) = channel();
        let prepared = Arc::<Mutex<Prepared>>::default();
        let thread = {
            let prepared = prepared.clone();
            std::thread::Builder::new()
                .name("log-keeper".to_owned())
                .spawn(move || run(&shared, &prepared, &received))?
        };
        Ok(Self {
            tasks: Some(tasks),
            prepared,
            thread: Some(thread),
        })
    }

    pub(crate) fn give(&self, task: Task) {
        if let Some(tasks) = &self.tasks
            && tasks.send(task).is_err()
        {
            tracing::error!("the log's keeper is gone; segments are no longer sealed");
        }
    }

    /// Sees to it that a segment is being prepared.
    pub(crate) fn prepare(&self) {
        let mut prepared = self.prepared.lock();
        if matches!(*prepared, Prepared::Nothing) {
            *prepared = Prepared::UnderWay;
            drop(prepared);
            self.give(Task::Prepare);
        }
    }

    /// The prepared segment, if it is ready.
    pub(crate) fn take_prepared(&self) -> Option<File> {
        let mut prepared = self.prepared.lock();
        match std::mem::take(&mut *prepared) {
            Prepared::Ready(file) => Some(file),
            other => {
                *prepared = other;
                None
            }
        }
    }

    /// Waits until everything that was given is done.
    pub(crate) fn finish(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's keeper has panicked");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.finish();
    }
}

fn run(shared: &Shared, prepared: &Mutex<Prepared>, tasks: &Receiver<Task>) {
    while let Ok(task) = tasks.recv() {
        match task {
            Task::Prepare => {
                let made = prepare(shared);
                if let Err(error) = &made {
                    tracing::warn!(%error, "no segment could be prepared; the next one will be slower");
                }
                *prepared.lock() = made.map_or(Prepared::Nothing, Prepared::Ready);
            }
            Task::Seal(segment) => seal(shared, &segment),
        }
    }
}

/// Writes a segment full of zeros, so that commits in it change no metadata of the file.
fn prepare(shared: &Shared) -> io::Result<File> {
    let path = shared.directory.join(PREPARED_NAME);
    let file = shared.disk.create(&path)?;
    let mut at = 0;
    while at < shared.config.segment_bytes {
        let length = (shared.config.segment_bytes - at).min(ZEROS.len() as u64);
        shared
            .disk
            .write_at(&file, &path, &ZEROS[..length as usize], at)?;
        at += length;
    }
    shared.disk.sync(&file, &path)?;
    Ok(file)
}
