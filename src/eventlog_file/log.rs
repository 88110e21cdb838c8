//! The log itself.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use eventlog::{
    Append, AppendError, Appended, Description, EventLog, Filter, LogStats, Page, PageLimit,
    Position, ReadError, Recorded, Revision, StreamName,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use uuid::Uuid;

use crate::config::FileLogConfig;
use crate::create;
use crate::engine::Engine;
use crate::fault::OpenError;
use crate::head_record::HeadRecord;
use crate::head_recorder::HeadRecorder;
use crate::heads::HeadCache;
use crate::history::{Evidence, Extent, Wanted, missing};
use crate::keeper::Keeper;
use crate::lock::Lock;
use crate::memory_index::MemoryIndex;
use crate::open::{make_writable, open};
use crate::queue::closed;
use crate::shared::Shared;
use crate::writer::Writer;

/// Places in a segment are kept as 32 bits, and the last frame may make a segment longer.
const SEGMENT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// An event log in a directory of its own.
///
/// Dropping it closes it, as [`EventLog::close`] does.
pub struct FileLog {
    pub(crate) shared: Arc<Shared>,
    /// None when the log was opened read-only.
    engine: Option<Arc<Engine>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    lock: Mutex<Option<Lock>>,
}

impl FileLog {
    /// Opens the log in `directory`, which is made if need be, for reading and writing.
    ///
    /// What a torn commit has left at the end is cut off; nothing of it was ever acknowledged.
    ///
    /// # Errors
    /// When another process has the log, when it is damaged or of a newer format, or when the
    /// machinery fails. Nothing was changed then.
    pub fn open(directory: impl Into<PathBuf>, config: FileLogConfig) -> Result<Self, OpenError> {
        Self::open_unless_behind(directory, config, || None)
    }

    /// As [`FileLog::open`], unless the log ends before data that was derived from it: `evidence`
    /// is called after this process has locked the log, and before anything is changed.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub fn open_unless_behind(
        directory: impl Into<PathBuf>,
        mut config: FileLogConfig,
        evidence: impl FnOnce() -> Option<Evidence>,
    ) -> Result<Self, OpenError> {
        config.segment_bytes = config.segment_bytes.min(SEGMENT_BYTES_MAX);
        let directory = directory.into();
        make(&directory, &config)?;
        let lock = Lock::take(&directory)?;
        let opened = open(&directory, config, Wanted::ALL, evidence)?;
        let shared = opened.shared;
        let (segment, file, offset, next, marked) = match opened.last {
            Some((segment, recovered)) => {
                let file = make_writable(&shared, &segment, &recovered)?;
                (
                    segment,
                    file,
                    recovered.end,
                    recovered.next,
                    recovered.marked,
                )
            }
            None => {
                let (segment, file) =
                    create::create(&shared, Position(1), None, MemoryIndex::default())
                        .map_err(OpenError::io("make a segment in", &directory))?;
                shared.segments.write().push(segment.clone());
                let end = segment.end();
                (segment, file, end, 1, false)
            }
        };
        let keeper = Keeper::start(shared.clone())
            .map_err(OpenError::io("start a thread for", &directory))?;
        for segment in opened.unsealed {
            keeper.seal(&shared, segment);
        }
        let first = shared.first();
        let recorder = shared.config.head_record.as_deref().map(|path| {
            HeadRecorder::start(&shared, path, first, opened.record)
                .map_err(OpenError::io("start a thread for", &directory))
        });
        let recorder = recorder.transpose()?;
        let writer = Writer {
            heads: HeadCache::new(shared.config.heads_max),
            shared: shared.clone(),
            keeper,
            recorder,
            segment,
            file,
            offset,
            frames: 0,
            next,
            marked,
            group: Default::default(),
            outcomes: Vec::new(),
        };
        let engine = Arc::new(Engine::new(shared.clone(), writer));
        let thread = engine
            .start()
            .map_err(OpenError::io("start a thread for", &directory))?;
        Ok(Self {
            shared,
            engine: Some(engine),
            thread: Mutex::new(Some(thread)),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Opens the log in `directory` for reading what is in it now, whether another process writes
    /// to it or not. Nothing in the directory is changed. Its head does not move.
    ///
    /// While another process writes, the last visible commit may not be acknowledged yet.
    ///
    /// # Errors
    /// When it is damaged or of a newer format, or when the machinery fails.
    pub fn open_read_only(directory: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_part_read_only(directory, None, Wanted::ALL)
    }

    /// As [`FileLog::open_read_only`], but nothing after the commit with the last wanted event is
    /// read: so the events before damage can be saved. The wanted events must exist, as far as the
    /// record of the log's head reaches.
    ///
    /// # Errors
    /// As [`FileLog::open_read_only`], and when a part of what is wanted is missing.
    pub fn open_part_read_only(
        directory: impl AsRef<Path>,
        head_record: Option<PathBuf>,
        wanted: Wanted,
    ) -> Result<Self, OpenError> {
        let config = FileLogConfig {
            head_record,
            ..FileLogConfig::default()
        };
        let opened = open(directory.as_ref(), config, wanted, || None)?;
        Ok(Self {
            shared: opened.shared,
            engine: None,
            thread: Mutex::new(None),
            lock: Mutex::new(None),
        })
    }

    /// Appends a batch as [`EventLog::append`] does; this thread waits for the disk. Not for the
    /// threads of an async runtime.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    pub fn append_blocking(&self, batch: Vec<Append>) -> Result<Appended, AppendError> {
        match &self.engine {
            Some(engine) => engine.append_blocking(batch),
            None => Err(read_only()),
        }
    }

    /// The log's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.shared.directory
    }

    /// Which log this is; drawn when it was made.
    #[must_use]
    pub fn log_id(&self) -> Uuid {
        self.shared.log_id
    }

    /// What its segments hold.
    #[must_use]
    pub fn extent(&self) -> Extent {
        Extent {
            log_id: Some(self.shared.log_id),
            first: self.shared.first(),
            head: self.shared.head(),
        }
    }
}

impl Drop for FileLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// Makes the directory of a log, unless one is recorded to have been there.
fn make(directory: &Path, config: &FileLogConfig) -> Result<(), OpenError> {
    if directory.is_dir() {
        return Ok(());
    }
    let record = config.head_record.as_deref().map(HeadRecord::read);
    let record = record.transpose()?.flatten();
    let nothing = Extent::NOTHING;
    if config.head_record.is_some()
        && let Some(missing) = missing(directory, nothing, record.as_ref(), Wanted::ALL)
    {
        return Err(missing.into());
    }
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.map_err(OpenError::io("make", directory))?;
    // Its own name must survive a power cut as well as those of the segments in it.
    let Some(parent) = directory.parent() else {
        return Ok(());
    };
    let parent = match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    };
    let synced = File::open(parent).and_then(|parent| parent.sync_all());
    synced.map_err(OpenError::io("sync", parent))
}

fn read_only() -> AppendError {
    AppendError::Stopped {
        reason: "it was opened for reading only".to_owned(),
    }
}

/// Runs a read on a thread that may wait for the disk.
async fn aside<T: Send + 'static>(
    shared: &Arc<Shared>,
    read: impl FnOnce(&Shared) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    let shared = shared.clone();
    tokio::task::spawn_blocking(move || shared.noting(read(&shared)))
        .await
        .unwrap_or_else(|error| Err(ReadError::Unavailable(error.to_string())))
}

#[async_trait]
impl EventLog for FileLog {
    async fn append(&self, batch: Vec<Append>) -> Result<Appended, AppendError> {
        match &self.engine {
            Some(engine) => engine.append(batch).await,
            None => Err(read_only()),
        }
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        if let Some(read) = self.shared.read_stream_now(stream, from, limit) {
            return self.shared.noting(read);
        }
        let stream = stream.clone();
        aside(&self.shared, move |shared| {
            shared.read_stream(&stream, from, limit)
        })
        .await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let filter = filter.clone();
        aside(&self.shared, move |shared| {
            shared.read_all(after, &filter, limit)
        })
        .await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let filter = filter.clone();
        aside(&self.shared, move |shared| {
            shared.read_all_back(before, &filter, limit)
        })
        .await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        if let Some(head) = self.shared.head_now(stream) {
            return Ok(head.map(Revision));
        }
        let stream = stream.clone();
        aside(&self.shared, move |shared| {
            let key = shared.keys.of(&stream);
            Ok(shared.head_of(key, &stream)?.map(Revision))
        })
        .await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        if let Some(position) = self.shared.ids.read().get(id) {
            return Ok(Some(Position(position)));
        }
        aside(&self.shared, move |shared| shared.find(id)).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.shared.head.subscribe()
    }

    fn stopped(&self) -> Option<AppendError> {
        match &self.engine {
            None => return Some(read_only()),
            Some(engine) if engine.queue.is_closed() => return Some(closed()),
            Some(_) => {}
        }
        let stopped = self.shared.stopped.lock();
        stopped.as_ref().map(|stop| stop.error.clone())
    }

    fn describe(&self) -> Description {
        Description {
            backend: "file",
            layout: "segments",
            log_id: Some(self.shared.log_id),
            lag: 0,
            damage: self.shared.damage.lock().clone(),
        }
    }

    fn stats(&self) -> LogStats {
        let queue_depth = self
            .engine
            .as_ref()
            .map_or(0, |engine| engine.queue.depth() as u64);
        LogStats {
            queue_depth,
            ..self.shared.stats()
        }
    }

    /// Serves what waits, writes the mark that everything is durable, and lets go of the directory.
    fn close(&self) {
        let Some(engine) = &self.engine else { return };
        engine.close();
        let Some(thread) = self.thread.lock().take() else {
            return;
        };
        if thread.join().is_err() {
            tracing::error!("the log's writer has panicked");
        }
        engine.finish();
        self.lock.lock().take();
    }
}
