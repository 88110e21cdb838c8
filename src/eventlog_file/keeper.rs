//! Work that no commit waits for: preparing the next segment, sealing the last one.

use std::fs::File;
use std::io;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::seal::seal;
use crate::segment::Segment;
use crate::shared::Shared;

/// The name of the segment that is being prepared.
pub(crate) const PREPARED_NAME: &str = "next.prepared";

static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

/// How much is written between two flushes. All at once, 64 MiB would hold up the commits of the
/// segment in use for as long as the disk takes to write them.
const FLUSH_BYTES: u64 = 4 * 1024 * 1024;

/// How long to wait for a segment in preparation when there is no space for another.
const PREPARED_WITHIN: Duration = Duration::from_secs(5);

/// How many segments may wait to be sealed.
const UNSEALED_MAX: usize = 2;

/// What there is to do.
#[derive(Debug)]
enum Task {
    Prepare,
    Seal(Arc<Segment>),
}

#[derive(Debug, Default)]
enum Prepared {
    #[default]
    Nothing,
    UnderWay,
    Ready(File),
    /// It could not be prepared. It is made when it is needed, or not; trying again with every
    /// commit would keep the disk busy with nothing.
    Failed,
}

/// Where a prepared segment is handed over.
#[derive(Debug, Default)]
struct Handover {
    prepared: Mutex<Prepared>,
    settled: Condvar,
}

impl Handover {
    fn settle(&self, prepared: Prepared) {
        *self.prepared.lock() = prepared;
        self.settled.notify_all();
    }
}

/// Hands work to the thread that does it.
pub(crate) struct Keeper {
    tasks: Option<Sender<Task>>,
    handover: Arc<Handover>,
    unsealed: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        // Bounded by what puts work in: one segment is prepared at a time, and a seal comes once a
        // segment.
        let (tasks, received) = channel();
        let handover = Arc::<Handover>::default();
        let unsealed = Arc::<AtomicUsize>::default();
        let ends = Arc::<AtomicBool>::default();
        let thread = {
            let (handover, unsealed, ends) = (handover.clone(), unsealed.clone(), ends.clone());
            std::thread::Builder::new()
                .name("log-keeper".to_owned())
                .spawn(move || run(&shared, &handover, &unsealed, &ends, &received))?
        };
        Ok(Self {
            tasks: Some(tasks),
            handover,
            unsealed,
            ends,
            thread: Some(thread),
        })
    }

    /// Has a segment sealed. When many wait already, the caller does it: so the indexes that are
    /// held in memory meanwhile stay few.
    pub(crate) fn seal(&self, shared: &Shared, segment: Arc<Segment>) {
        if self.unsealed.fetch_add(1, Ordering::Relaxed) < UNSEALED_MAX {
            self.give(Task::Seal(segment));
        } else {
            seal(shared, &segment);
            self.unsealed.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn give(&self, task: Task) {
        if let Some(tasks) = &self.tasks
            && tasks.send(task).is_err()
        {
            tracing::error!(
                "the thread that prepares and seals segments has ended; restart the server"
            );
        }
    }

    /// Sees to it that a segment is being prepared.
    pub(crate) fn prepare(&self) {
        let mut prepared = self.handover.prepared.lock();
        if matches!(*prepared, Prepared::Nothing) {
            *prepared = Prepared::UnderWay;
            drop(prepared);
            self.give(Task::Prepare);
        }
    }

    /// The prepared segment, if it is ready.
    pub(crate) fn take_prepared(&self) -> Option<File> {
        take(&mut self.handover.prepared.lock())
    }

    /// The prepared segment, also if it is still in preparation: it may hold the space that the
    /// next one needs.
    pub(crate) fn wait_for_prepared(&self) -> Option<File> {
        let mut prepared = self.handover.prepared.lock();
        let is_under_way = |prepared: &mut Prepared| matches!(prepared, Prepared::UnderWay);
        self.handover
            .settled
            .wait_while_for(&mut prepared, is_under_way, PREPARED_WITHIN);
        take(&mut prepared)
    }

    /// Waits until everything that was given is done, but for preparing what is not needed any
    /// more.
    pub(crate) fn finish(&mut self) {
        self.tasks = None;
        self.ends.store(true, Ordering::Relaxed);
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

fn take(prepared: &mut Prepared) -> Option<File> {
    match std::mem::take(prepared) {
        Prepared::Ready(file) => Some(file),
        Prepared::Nothing | Prepared::Failed => None,
        Prepared::UnderWay => {
            *prepared = Prepared::UnderWay;
            None
        }
    }
}

fn run(
    shared: &Shared,
    handover: &Handover,
    unsealed: &AtomicUsize,
    ends: &AtomicBool,
    tasks: &Receiver<Task>,
) {
    while let Ok(task) = tasks.recv() {
        match task {
            Task::Prepare => {
                let made = prepare(shared, ends);
                if let Err(error) = &made
                    && !ends.load(Ordering::Relaxed)
                {
                    tracing::warn!(%error, "no segment could be prepared; the next one will be slower");
                }
                handover.settle(made.map_or(Prepared::Failed, Prepared::Ready));
            }
            Task::Seal(segment) => {
                seal(shared, &segment);
                unsealed.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

/// Writes a segment full of zeros, so that commits in it change no metadata of the file.
fn prepare(shared: &Shared, ends: &AtomicBool) -> io::Result<File> {
    let path = shared.directory.join(PREPARED_NAME);
    let file = shared.disk.create(&path)?;
    // First reserve the space, so that a full disk fails at once, and not at the last write.
    shared
        .disk
        .reserve(&file, &path, shared.config.segment_bytes)?;
    let mut at = 0;
    while at < shared.config.segment_bytes {
        if ends.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = (shared.config.segment_bytes - at).min(ZEROS.len() as u64);
        shared
            .disk
            .write_at(&file, &path, &ZEROS[..length as usize], at)?;
        at += length;
        if at.is_multiple_of(FLUSH_BYTES) {
            shared.disk.sync(&file, &path)?;
        }
    }
    shared.disk.sync(&file, &path)?;
    Ok(file)
}
