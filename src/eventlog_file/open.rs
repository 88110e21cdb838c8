//! Opens a log: what is there is checked, what is torn is cut, and what is damaged is left alone.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::Position;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use uuid::Uuid;

use crate::config::FileLogConfig;
use crate::create::NEW_NAME;
use crate::disk::Disk;
use crate::fault::{Damage, Fault, OpenError};
use crate::files::OpenFiles;
use crate::head_record::{HeadRecord, HeadRecordError};
use crate::header::{HEADER_BYTES, HeaderError, SegmentHeader};
use crate::history::{self, Evidence, Extent, Wanted};
use crate::ids::IdWindow;
use crate::keeper::PREPARED_NAME;
use crate::keys::Keys;
use crate::memory_index::{MemoryIndex, index_of};
use crate::recovery::{Recovered, recover};
use crate::segment::{Index, Segment, first_of_name};
use crate::shared::Shared;
use crate::sidecar::{self, Sidecar, SidecarError};
use crate::stats::Counters;

/// A log that was found in order.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    /// What the last segment holds, if there is one.
    pub(crate) last: Option<(Arc<Segment>, Recovered)>,
    /// Sealed segments that have no sidecar of use.
    pub(crate) unsealed: Vec<Arc<Segment>>,
    pub(crate) record: Option<HeadRecord>,
}

/// The segments of a directory, in the order of positions.
pub(crate) fn list(directory: &Path) -> Result<Vec<(Position, PathBuf)>, OpenError> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory).map_err(OpenError::io("list", directory))? {
        let entry = entry.map_err(OpenError::io("list", directory))?;
        if let Some(first) = entry.file_name().to_str().and_then(first_of_name) {
            segments.push((first, entry.path()));
        }
    }
    segments.sort();
    Ok(segments)
}

/// Reads the header of a segment, and checks that it matches its name and its log.
pub(crate) fn read_header(
    path: &Path,
    file: &File,
    first: Position,
    log_id: Option<Uuid>,
) -> Result<SegmentHeader, OpenError> {
    let mut bytes = [0; HEADER_BYTES];
    let fault = |reason: String| Err(fault(path, 0, first.0, reason));
    let file_bytes = file.metadata().map_err(OpenError::io("read", path))?.len();
    if file_bytes < HEADER_BYTES as u64 {
        return fault(match file_bytes {
            0 => "the segment is empty".to_owned(),
            _ => format!("the segment is cut off after {file_bytes} bytes of its header"),
        });
    }
    file.read_exact_at(&mut bytes, 0)
        .map_err(OpenError::io("read", path))?;
    let header = match SegmentHeader::decode(&bytes) {
        Ok(header) => header,
        Err(error @ HeaderError::Newer { .. }) => {
            let segment = path.to_owned();
            return Err(OpenError::Header { segment, error });
        }
        Err(error @ (HeaderError::Magic | HeaderError::Damaged)) => {
            return fault(error.to_string());
        }
    };
    if header.first != first {
        return fault(format!(
            "the header says that position {} comes first",
            header.first
        ));
    }
    if let Some(log_id) = log_id
        && log_id != header.log_id
    {
        return fault(format!("the header names another log, {}", header.log_id));
    }
    Ok(header)
}

pub(crate) fn fault(path: &Path, offset: u64, position: u64, reason: String) -> OpenError {
    let damage = Damage {
        offset,
        position: Position(position),
        reason,
    };
    OpenError::Fault(Fault::new(path, damage))
}

/// One segment after the other, each going on where the one before ends.
struct Opener {
    /// What comes after this is not looked at.
    until: Position,
    keys: Keys,
    log_id: Option<Uuid>,
    next: u64,
    segments: Vec<Arc<Segment>>,
    unsealed: Vec<Arc<Segment>>,
    /// The ids of segments that were read as a whole, by their first position.
    ids: Vec<(u64, Vec<Uuid>)>,
}

/// Opens what is in a directory for reading. What comes after the last event that is wanted is not
/// looked at.
pub(crate) fn open(
    directory: &Path,
    config: FileLogConfig,
    wanted: Wanted,
    evidence: impl FnOnce() -> Option<Evidence>,
) -> Result<Opened, OpenError> {
    let until = wanted.until;
    // Before the segments: a server may go on writing both.
    let record = config.head_record.as_deref().map(HeadRecord::read);
    let mut found = match list(directory) {
        Err(OpenError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => Vec::new(),
        found => found?,
    };
    let record = match record.transpose() {
        Ok(record) => record.flatten(),
        Err(error @ HeadRecordError::Damaged { .. }) if !found.is_empty() => {
            tracing::warn!(%error, "{error}; it is written again");
            None
        }
        Err(error) => return Err(error.into()),
    };
    found.retain(|(first, _)| *first <= until);
    let first = found.first().map_or(1, |(first, _)| first.0);
    let mut opener = Opener {
        until,
        keys: Keys::default(),
        log_id: None,
        next: first,
        segments: Vec::new(),
        unsealed: Vec::new(),
        ids: Vec::new(),
    };
    let last = found.pop();
    for (first, path) in found {
        opener.sealed(first, path)?;
    }
    let last = match last {
        Some((first, path)) => Some(opener.last(first, path)?),
        None => None,
    };
    let extent = Extent {
        log_id: opener.log_id,
        first: Position(first),
        head: Position(opener.next - 1),
    };
    if config.head_record.is_some()
        && let Some(missing) = history::missing(directory, extent, record.as_ref(), wanted)
    {
        return Err(missing.into());
    }
    if let Some(missing) = evidence().and_then(|evidence| evidence.against(directory, extent)) {
        return Err(missing.into());
    }
    if opener.segments.is_empty() {
        // Its error shows a missing directory.
        list(directory)?;
    }
    let (ids, damage) = opener.window(first, config.id_window)?;
    let shared = Arc::new(Shared {
        directory: directory.to_owned(),
        log_id: opener.log_id.unwrap_or_else(Uuid::now_v7),
        disk: Disk::new(config.faults.clone()),
        keys: opener.keys,
        files: OpenFiles::new(config.open_files_max),
        config,
        segments: RwLock::new(opener.segments),
        ids: RwLock::new(ids),
        head: watch::Sender::new(Position(opener.next - 1)),
        counters: Counters::default(),
        stopped: Mutex::new(None),
        damage: Mutex::new(None),
    });
    if let Some(fault) = damage {
        shared.met_damage(&fault.place());
    }
    Ok(Opened {
        shared,
        last,
        unsealed: opener.unsealed,
        record,
    })
}

impl Opener {
    fn header(&mut self, first: Position, path: &Path) -> Result<(File, SegmentHeader), OpenError> {
        let file = File::open(path).map_err(OpenError::io("open", path))?;
        let header = read_header(path, &file, first, self.log_id)?;
        self.log_id = Some(header.log_id);
        if first.0 != self.next {
            return Err(self.gap_before(first, path));
        }
        Ok((file, header))
    }

    /// What is wrong when a segment does not begin where the one before ends.
    fn gap_before(&self, first: Position, path: &Path) -> OpenError {
        let before = self.segments.last().map(|segment| Before {
            path: segment.path.clone(),
            end: segment.end(),
            is_whole: matches!(segment.index(), Index::Sidecar(_)),
        });
        gap(before, self.next, first, path)
    }

    /// A segment that is not the last one.
    fn sealed(&mut self, first: Position, path: PathBuf) -> Result<(), OpenError> {
        let (file, header) = self.header(first, &path)?;
        let sidecar_path = sidecar::path_of(&path);
        let reason = match Sidecar::open(&sidecar_path, &header) {
            Ok(sidecar) => {
                let file_bytes = file.metadata().map_err(OpenError::io("read", &path))?.len();
                if file_bytes < sidecar.end() {
                    return Err(cut(&path, file, &header, sidecar.end()));
                }
                let end = sidecar.end();
                self.next = sidecar.next();
                let index = Index::Sidecar(Arc::new(sidecar));
                self.segments
                    .push(Arc::new(Segment::new(path, header, index, end)));
                return Ok(());
            }
            Err(SidecarError::Useless(reason)) => reason,
            Err(SidecarError::Io(error)) => {
                return Err(OpenError::io("read", &sidecar_path)(error));
            }
        };
        tracing::info!(
            sidecar = %sidecar_path.display(),
            "rebuilding {}: {reason}",
            sidecar_path.display()
        );
        let (segment, recovered) = self.scan(path, &file.into(), header)?;
        if recovered.torn_bytes > 0 {
            let reason = "a frame of a sealed segment cannot be read".to_owned();
            return Err(fault(&segment.path, recovered.end, recovered.next, reason));
        }
        self.unsealed.push(segment);
        Ok(())
    }

    fn last(
        &mut self,
        first: Position,
        path: PathBuf,
    ) -> Result<(Arc<Segment>, Recovered), OpenError> {
        let (file, header) = self.header(first, &path)?;
        self.scan(path, &file.into(), header)
    }

    /// Reads a whole segment.
    fn scan(
        &mut self,
        path: PathBuf,
        file: &Arc<File>,
        header: SegmentHeader,
    ) -> Result<(Arc<Segment>, Recovered), OpenError> {
        let mut index = MemoryIndex::default();
        let mut ids = Vec::new();
        let recovered = recover(&path, file, &header, self.until, |frame| {
            index_of(&self.keys, frame, &mut index, |id| ids.push(id))
        })?;
        self.next = recovered.next;
        self.ids.push((header.first.0, ids));
        let index = Index::memory(index);
        let segment = Segment::new(path, header, index, recovered.end);
        let segment = Arc::new(segment);
        self.segments.push(segment.clone());
        Ok((segment, recovered))
    }

    /// The latest ids: those of the segments at the end that were read, and of as many before them
    /// as are needed for `wanted` of them.
    ///
    /// A sealed segment that is damaged ends the window early and is named: its sidecar still knows
    /// the ids that are derived from a caller's key, and those of version 7 are repeated within
    /// seconds or never.
    fn window(
        &mut self,
        first: u64,
        wanted: usize,
    ) -> Result<(IdWindow, Option<Fault>), OpenError> {
        let mut read = std::mem::take(&mut self.ids);
        let mut latest: Vec<Vec<Uuid>> = Vec::new();
        let mut count = 0;
        let mut window_first = self.next.max(first);
        let mut damaged = None;
        for segment in self.segments.iter().rev() {
            // A segment that still waits for its sidecar has nowhere else to look its ids up.
            if count >= wanted && read.is_empty() {
                break;
            }
            let ids = match read.pop_if(|(first, _)| *first == segment.first()) {
                Some((_, ids)) => ids,
                None => match ids_of(segment) {
                    Err(OpenError::Fault(fault)) => {
                        tracing::error!(%fault, "the log is damaged: {fault}");
                        damaged = Some(fault);
                        break;
                    }
                    ids => ids?,
                },
            };
            count += ids.len();
            window_first = segment.first();
            latest.push(ids);
        }
        let mut window = IdWindow::new(window_first);
        for id in latest.into_iter().rev().flatten() {
            window.push(id);
        }
        Ok((window, damaged))
    }
}

/// The segment before a gap.
pub(crate) struct Before {
    pub(crate) path: PathBuf,
    /// Where its last frame ends.
    pub(crate) end: u64,
    /// Whether it is known to hold all that was written to it.
    pub(crate) is_whole: bool,
}

/// What is wrong when a segment begins with `first` where `next` should come.
pub(crate) fn gap(before: Option<Before>, next: u64, first: Position, path: &Path) -> OpenError {
    let Some(last) = first.0.checked_sub(1).filter(|&last| last >= next) else {
        return fault(path, 0, next, format!("position {first} comes again"));
    };
    let missing = format!("positions {next} to {last} are missing");
    match before {
        Some(Before {
            path,
            end,
            is_whole: false,
        }) => {
            let reason = format!(
                "{missing}: the segment is cut off at the end of a commit, or one after it is missing,"
            );
            fault(&path, end, next, reason)
        }
        _ => fault(
            path,
            0,
            next,
            format!("{missing}: the segment before this one is not there,"),
        ),
    }
}

/// What is wrong with a sealed segment that is shorter than its frames were.
fn cut(path: &Path, file: File, header: &SegmentHeader, end: u64) -> OpenError {
    let all = Position::END;
    match recover(path, &file.into(), header, all, |_| Ok(())) {
        Ok(recovered) => {
            let reason = format!("the segment is cut off (its frames ended at byte {end})");
            fault(path, recovered.end, recovered.next, reason)
        }
        Err(error) => error,
    }
}

/// The ids of a sealed segment, in the order of positions.
fn ids_of(segment: &Segment) -> Result<Vec<Uuid>, OpenError> {
    let path = &segment.path;
    let file = File::open(path).map_err(OpenError::io("open", path))?;
    let chunk_bytes = crate::recovery::SCAN_CHUNK_BYTES;
    let mut reader = segment.reader(Arc::new(file), segment.first(), 0, chunk_bytes);
    let mut ids = Vec::new();
    while let Some(frame) = reader.next().map_err(OpenError::frame(path))? {
        for record in frame.records() {
            ids.push(record.map_err(|damage| Fault::new(path, damage))?.id);
        }
    }
    Ok(ids)
}

/// Makes the last segment ready for writing: the rest of a torn frame becomes zeros again, and the
/// frames found become durable before a reader sees them.
pub(crate) fn make_writable(
    shared: &Shared,
    segment: &Segment,
    recovered: &Recovered,
) -> Result<File, OpenError> {
    let path = &segment.path;
    let file = crate::segment::open_writable(segment).map_err(OpenError::io("open", path))?;
    if recovered.torn_bytes > 0 {
        tracing::warn!(
            segment = %path.display(),
            offset = recovered.end,
            bytes = recovered.torn_bytes,
            position = recovered.next,
            "cut {} bytes of a commit that was never acknowledged off {}",
            recovered.torn_bytes,
            path.display()
        );
        let zeros = vec![0; recovered.torn_bytes as usize];
        shared
            .disk
            .write_at(&file, path, &zeros, recovered.end)
            .map_err(OpenError::io("write", path))?;
    }
    shared
        .disk
        .sync(&file, path)
        .map_err(OpenError::io("sync", path))?;
    for name in [NEW_NAME, PREPARED_NAME] {
        let path = shared.directory.join(name);
        match shared.disk.remove(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(OpenError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(file)
}
