//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::fault::OpenError;

/// The name of the lock file. It stays when the log is closed; only the lock on it counts.
pub const LOCK_NAME: &str = "log.lock";

/// Holds the log for this process. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the log.
    ///
    /// # Errors
    /// [`OpenError::InUse`] with the pid of the process that has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(LOCK_NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(OpenError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                let pid = match text.trim() {
                    "" => "?".to_owned(),
                    _ if read.is_err() => "?".to_owned(),
                    pid => pid.to_owned(),
                };
                let directory = directory.to_owned();
                return Err(OpenError::InUse { directory, pid });
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::io("lock", &path)(error)),
        }
        // The pid only serves the message that others get: it need not be durable, and a disk that
        // is full does not keep the log from being read.
        if let Err(error) = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()))
        {
            tracing::warn!(%error, "{} does not name this process: {error}", path.display());
        }
        Ok(Self { _file: file })
    }
}
