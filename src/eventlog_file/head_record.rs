//! What the log held, recorded in a small file outside its own directory.
//!
//! Segments that are missing at either end leave a log that reads well and is not whole. The record
//! is the evidence against it: it is written only after the events that it speaks of are durable,
//! so a sound log is never behind it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use eventlog::Position;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::disk::Disk;

/// The format that this program writes. It reads every format up to it.
const FORMAT: u32 = 1;

/// The longest record; a longer file is none.
const RECORD_BYTES_MAX: u64 = 4096;

/// What a log held when the record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadRecord {
    pub log_id: Uuid,
    /// Where it begins: 1, unless an operator accepted that older events are missing.
    pub first: Position,
    /// The position of its last durable event.
    pub head: Position,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadRecordError {
    /// It is not what was written.
    #[error(
        "{path} is damaged: {reason}; restore it from a backup, or remove it if the log is known to be whole"
    )]
    Damaged { path: PathBuf, reason: String },
    /// A newer program wrote it.
    #[error(
        "{path} has format {found}, and this program reads formats up to {FORMAT}; use a newer program"
    )]
    Newer { path: PathBuf, found: u32 },
    /// The machinery failed.
    #[error("cannot read {path}: {error}")]
    Io {
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

/// The file, in which the checksum covers everything else.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    log_id: Uuid,
    first: Position,
    head: Position,
    checksum: String,
}

impl HeadRecord {
    /// Reads a record; none when there is no such file.
    ///
    /// # Errors
    /// When there is one and it cannot be used.
    pub fn read(path: &Path) -> Result<Option<Self>, HeadRecordError> {
        let damaged = |reason: String| HeadRecordError::Damaged {
            path: path.to_owned(),
            reason,
        };
        let read = fs::metadata(path).and_then(|file| match file.len() {
            0..=RECORD_BYTES_MAX => fs::read(path).map(Some),
            _ => Ok(None),
        });
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(damaged(format!("longer than {RECORD_BYTES_MAX} bytes"))),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let path = path.to_owned();
                return Err(HeadRecordError::Io { path, error });
            }
        };
        let stored: Stored =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let record = Self {
            log_id: stored.log_id,
            first: stored.first,
            head: stored.head,
        };
        if stored.format > FORMAT {
            let (path, found) = (path.to_owned(), stored.format);
            return Err(HeadRecordError::Newer { path, found });
        }
        if stored.checksum != record.checksum(stored.format) {
            return Err(damaged("its checksum is wrong".to_owned()));
        }
        Ok(Some(record))
    }

    /// Writes the record, whole or not at all. It may be missing after a power cut, but is never
    /// ahead of what the caller knows to be durable.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        self.write_to(&Disk::default(), path)
    }

    pub(crate) fn write_to(&self, disk: &Disk, path: &Path) -> io::Result<()> {
        let stored = Stored {
            format: FORMAT,
            log_id: self.log_id,
            first: self.first,
            head: self.head,
            checksum: self.checksum(FORMAT),
        };
        let mut line = serde_json::to_vec(&stored).map_err(io::Error::other)?;
        line.push(b'\n');
        let unnamed = path.with_added_extension("new");
        let file = disk.create(&unnamed)?;
        disk.write_at(&file, &unnamed, &line, 0)?;
        // Synced before it gets its name: a name without content would be taken for damage.
        disk.sync(&file, &unnamed)?;
        disk.replace(&unnamed, path)
    }

    fn checksum(&self, format: u32) -> String {
        let Self {
            log_id,
            first,
            head,
        } = self;
        let covered = format!("{format} {log_id} {first} {head}");
        format!("{:08x}", crc32c::crc32c(covered.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const RECORD: HeadRecord = HeadRecord {
        log_id: Uuid::from_u128(7),
        first: Position(1),
        head: Position(42),
    };

    #[test]
    fn a_record_comes_back_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("head.json");
        assert_eq!(HeadRecord::read(&path).unwrap(), None);
        RECORD.write(&path).unwrap();
        assert_eq!(HeadRecord::read(&path).unwrap(), Some(RECORD));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_flipped_bit_of_a_record_is_believed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("head.json");
        RECORD.write(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, damaged).unwrap();
            match HeadRecord::read(&path) {
                // Space around the object, and the case of a hexadecimal digit of the id.
                Ok(read) => assert_eq!(read, Some(RECORD), "bit {bit}"),
                Err(error) => assert!(error.to_string().contains("head.json"), "{error}"),
            }
        }
        fs::write(&path, vec![b' '; 5000]).unwrap();
        assert!(HeadRecord::read(&path).is_err());
    }
}
