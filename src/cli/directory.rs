//! The data directory, for tools that read the whole log.

use std::path::PathBuf;
use std::sync::Arc;

use ::replay::ToolError;
use commands::{Clock, Commands};
use domain::core::audit::{Audit, AuditCommand, OperationStarted};
use domain::{Actor, ActorKind, Metadata};
use eventlog::{EventLog, MemoryLog};
use tokio::runtime::Runtime;

use super::{Exit, Failure};
use crate::app::history;
use crate::app::storage::{self, Wanted};
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
    /// When the configuration is invalid.
    pub(super) fn of(flags: &Flags) -> Result<Self, Failure> {
        let loaded = load(flags, &std::env::vars().collect())?;
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
    /// The error of the tool, with its exit code.
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

    /// Opens the log to read, while another process may write.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub(super) fn log(&self) -> Result<Arc<dyn EventLog>, Failure> {
        self.part_of_log(Wanted::ALL)
    }

    /// Opens a part of the log to read: what comes after may be damaged or missing.
    ///
    /// # Errors
    /// When there is none, or the part is damaged or missing.
    pub(super) fn part_of_log(&self, wanted: Wanted) -> Result<Arc<dyn EventLog>, Failure> {
        self.log_dir()?;
        let log = storage::read_log(&self.config.data, wanted);
        log.map_err(|error| Failure::new(Exit::VerificationFailed, error))
    }

    /// Opens the log to write, exclusively.
    ///
    /// # Errors
    /// When a server runs on it, or it is damaged.
    pub(super) fn log_for_writing(&self) -> Result<Arc<dyn EventLog>, Failure> {
        Ok(storage::write_log(&self.config)?)
    }

    /// The metadata of what an operator does to the directory without a server.
    pub(super) fn metadata(dialect: &str, reason: Option<String>) -> Metadata {
        Metadata {
            actor: Some(Actor {
                kind: ActorKind::Operator,
                id: std::env::var("USER").unwrap_or_else(|_| "operator".to_owned()),
                display: None,
            }),
            dialect: Some(dialect.to_owned()),
            reason,
            ..Metadata::default()
        }
    }

    /// Writes into the audit what an operator does to the directory without a server.
    ///
    /// # Errors
    /// When the log cannot be opened, or does not take the event.
    pub(super) fn note(
        &self,
        started: OperationStarted,
        metadata: &Metadata,
    ) -> Result<(), Failure> {
        // A stream of its own: the beginning of any other may be among what was lost.
        let key = format!("operation:{}", started.operation);
        let log = self.log_for_writing()?;
        let commands = Commands::new(Arc::clone(&log), Clock::system());
        let command = AuditCommand::StartOperation(started);
        let done = commands.execute::<Audit>(&key, command, metadata);
        let done = self.runtime.block_on(done);
        log.close();
        Ok(done.map(drop)?)
    }

    /// The directory of the log.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn log_dir(&self) -> Result<PathBuf, Failure> {
        log_dir(&self.config)
    }

    /// The log for a dry run: the existing one, read-only, or an empty one in memory.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn log_to_try(&self) -> Result<Arc<dyn EventLog>, Failure> {
        let data = &self.config.data;
        if data.log_dir().is_dir() || data.head_record().is_file() {
            return self.log();
        }
        Ok(Arc::new(MemoryLog::new(jiff::Timestamp::now)))
    }
}

/// The directory of a configuration's log.
///
/// # Errors
/// When there is no log, or it is missing.
pub(super) fn log_dir(config: &Config) -> Result<PathBuf, Failure> {
    let dir = config.data.log_dir();
    // Where the head of a log is recorded, opening the log reports what is missing.
    if dir.is_dir() || config.data.head_record().is_file() {
        return Ok(dir);
    }
    history::require_log_or_no_traces(&config.data)?;
    let looked = &config.data.dir;
    let looked = std::path::absolute(looked).unwrap_or_else(|_| looked.clone());
    let text = format!(
        "there is no log in {} (data.dir): give the data directory with --data-dir DIR, or a server with --server URL",
        looked.display()
    );
    Err(Failure::message(Exit::NotFound, text))
}
