//! The data directory itself, for tools that read the log as a whole.

use std::path::PathBuf;

use ::replay::ToolError;
use eventlog::{EventLog, MemoryLog, Position};
use eventlog_file::{FileLog, FileLogConfig};
use tokio::runtime::Runtime;

use super::{Exit, Failure};
use crate::config::{Config, Flags, load};

/// A data directory that a tool works on.
pub(super) struct Directory {
    pub(super) config: Config,
    runtime: Runtime,
}

impl Directory {
    /// The configured one.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub(super) fn of(flags: &Flags) -> Result<Self, Failure> {
        let loaded = load(flags, &std::env::vars().collect())
            .map_err(|error| Failure::new(Exit::Usage, error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            config: loaded.config,
            runtime,
        })
    }

    /// Runs a tool.
    ///
    /// # Errors
    /// What the tool says, under the exit code that fits it.
    pub(super) fn block_on<T>(
        &self,
        tool: impl Future<Output = Result<T, ToolError>>,
    ) -> Result<T, Failure> {
        self.runtime.block_on(tool).map_err(|error| {
            let exit = match error.exit_code() {
                2 => Exit::Usage,
                3 => Exit::NotFound,
                5 => Exit::Conflict,
                6 => Exit::VerificationFailed,
                _ => Exit::Failed,
            };
            Failure::new(exit, error)
        })
    }

    /// The log, to be read while others may write.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub(super) fn log(&self) -> Result<FileLog, Failure> {
        let log = FileLog::open_read_only(self.log_dir()?);
        log.map_err(|error| Failure::new(Exit::VerificationFailed, error))
    }

    /// The same, of which nothing is looked at that comes after a position: it may be damaged.
    ///
    /// # Errors
    /// When there is none, or what comes before is damaged.
    pub(super) fn log_until(&self, until: Position) -> Result<FileLog, Failure> {
        let log = FileLog::open_read_only_until(self.log_dir()?, until);
        log.map_err(|error| Failure::new(Exit::VerificationFailed, error))
    }

    /// The log, for us alone.
    ///
    /// # Errors
    /// When a server runs on it, or it is damaged.
    pub(super) fn log_for_writing(&self) -> Result<FileLog, Failure> {
        let config = FileLogConfig {
            segment_bytes: self.config.log.segment_bytes,
            ..FileLogConfig::default()
        };
        Ok(FileLog::open(self.config.data.log_dir(), config)?)
    }

    /// Where the log is.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn log_dir(&self) -> Result<PathBuf, Failure> {
        log_dir(&self.config)
    }

    /// The log to try something on without writing: what there is, or an empty one in memory.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn log_to_try(&self) -> Result<Box<dyn EventLog>, Failure> {
        if self.config.data.log_dir().is_dir() {
            return Ok(Box::new(self.log()?));
        }
        Ok(Box::new(MemoryLog::new(jiff::Timestamp::now)))
    }
}

/// Where the log of a configuration is.
///
/// # Errors
/// When there is none.
pub(super) fn log_dir(config: &Config) -> Result<PathBuf, Failure> {
    let dir = config.data.log_dir();
    if dir.is_dir() {
        return Ok(dir);
    }
    let looked = &config.data.dir;
    let looked = std::path::absolute(looked).unwrap_or_else(|_| looked.clone());
    let text = format!(
        "there is no log in {} (data.dir): give the data directory with --data-dir DIR, or a server with --server URL",
        looked.display()
    );
    Err(Failure::told(Exit::NotFound, text))
}
