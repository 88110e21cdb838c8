//! Opens a log: what is there is checked, what is torn is cut, and what is damaged is left alone.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::Position;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use uuid::Uuid;

use crate::config::FileLogConfig;
use crate::disk::Disk;
use crate::fault::{Damage, Fault, OpenError};
use crate::frame::FrameKind;
use crate::frames::Frame;
use crate::header::{HEADER_BYTES, HeaderError, SegmentHeader};
use crate::ids::IdWindow;
use crate::keeper::PREPARED_NAME;
use crate::keys::Keys;
use crate::memory_index::{Added, MemoryIndex};
use crate::recovery::{Recovered, recover};
use crate::segment::{Index, NEW_NAME, OpenFiles, Segment, first_of_name};
use crate::shared::Shared;
use crate::stats::Counters;

/// A log that was found in order.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    /// What the last segment holds, if there is one.
    pub(crate) last: Option<(Arc<Segment>, Recovered)>,
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

/// Reads the header of a segment, and checks that it is the one that its name and its log promise.
pub(crate) fn read_header(
    path: &Path,
    file: &File,
    first: Position,
    log_id: Option<Uuid>,
) -> Result<SegmentHeader, OpenError> {
    let mut bytes = [0; HEADER_BYTES];
    let error = |error| OpenError::Header {
        segment: path.to_owned(),
        error,
    };
    file.read_exact_at(&mut bytes, 0)
        .map_err(|_| error(HeaderError::Magic))?;
    let header = SegmentHeader::decode(&bytes).map_err(error)?;
    let fault = |reason: String| {
        let damage = Damage {
            offset: 0,
            position: first,
            reason,
        };
        Err(OpenError::Fault(Fault::new(path, damage)))
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
        return fault(format!("the header names another log, {},", header.log_id));
    }
    Ok(header)
}

/// Opens what is in a directory for reading.
pub(crate) fn open(directory: &Path, config: FileLogConfig) -> Result<Opened, OpenError> {
    let keys = Keys::default();
    let found = list(directory)?;
    let mut segments = Vec::new();
    let mut ids = IdWindow::new(found.first().map_or(1, |(first, _)| first.0));
    let mut last = None;
    let mut log_id = None;
    let mut next = found.first().map_or(Position(1), |(first, _)| *first);
    for (place, (first, path)) in found.iter().enumerate() {
        let file = File::open(path).map_err(OpenError::io("open", path))?;
        let header = read_header(path, &file, *first, log_id)?;
        log_id = Some(header.log_id);
        if *first != next {
            let damage = Damage {
                offset: 0,
                position: next,
                reason: format!("positions {next} to {} are missing", first.0 - 1),
            };
            return Err(Fault::new(path, damage).into());
        }
        let file = Arc::new(file);
        let mut index = MemoryIndex::default();
        let recovered = recover(path, &file, &header, |frame| {
            collect(&keys, frame, &mut index, &mut ids)
        })?;
        next = Position(recovered.next);
        let segment = Arc::new(Segment::new(
            path.clone(),
            header,
            Index::Memory(index),
            recovered.end,
            recovered.next,
        ));
        segments.push(segment.clone());
        if place + 1 == found.len() {
            last = Some((segment, recovered));
        } else if recovered.torn_bytes > 0 {
            let damage = Damage {
                offset: recovered.end,
                position: next,
                reason: "a frame of a sealed segment cannot be read".to_owned(),
            };
            return Err(Fault::new(path, damage).into());
        }
    }
    let shared = Arc::new(Shared {
        directory: directory.to_owned(),
        log_id: log_id.unwrap_or_else(Uuid::now_v7),
        disk: Disk::new(config.faults.clone()),
        keys,
        files: OpenFiles::new(config.open_files_max),
        config,
        segments: RwLock::new(segments),
        ids: RwLock::new(ids),
        head: watch::Sender::new(Position(next.0 - 1)),
        counters: Counters::default(),
        stopped: Mutex::new(None),
    });
    Ok(Opened { shared, last })
}

/// Adds a frame to what is known.
pub(crate) fn collect(
    keys: &Keys,
    frame: &Frame,
    index: &mut MemoryIndex,
    ids: &mut IdWindow,
) -> Result<(), Damage> {
    if frame.header.kind == FrameKind::Mark {
        return Ok(());
    }
    index.add_frame(frame.offset as u32);
    let mut records = frame.records();
    loop {
        let offset = records.offset() as u32;
        let Some(record) = records.next() else {
            return Ok(());
        };
        let record = record?;
        index.add(Added {
            key: keys.of_bytes(record.stream),
            revision: record.revision.0,
            offset,
        });
        ids.push(record.id);
    }
}

/// Makes the last segment ready for writing: what a torn frame has left becomes zeros again, and what was
/// found becomes durable before anybody sees it.
pub(crate) fn make_writable(
    shared: &Shared,
    segment: &Segment,
    recovered: &Recovered,
) -> Result<File, OpenError> {
    let path = &segment.path;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(OpenError::io("open", path))?;
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
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(file)
}
