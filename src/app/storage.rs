//! Opens what a data directory keeps: the log and the tables of the views. Here alone is known which backend a log has;
//! everything else works on any [`EventLog`].

use std::path::Path;
use std::sync::Arc;

use eventlog::EventLog;
use eventlog_file::{FileLog, FileLogConfig, OpenError};
use tables::Tables;
use tables_lsm::{LsmConfig, LsmTables};

pub(crate) use eventlog_file::Wanted;

use super::history::{self, LogIsGone};
use crate::config::{Config, Data, LogBackend};

/// The log, and what the views are stored in.
pub(super) type Storage = (Arc<dyn EventLog>, Arc<dyn Tables>);

/// Opens the log for the server, and its views.
///
/// # Errors
/// When the log is damaged, ends before what was made from it, or belongs to another process.
pub(super) fn open(config: &Config) -> anyhow::Result<Storage> {
    history::require_log_or_no_traces(&config.data)?;
    let settings = view_settings(config);
    let open_views = || LsmTables::open(config.data.views_dir(), &settings);
    let mut views = None;
    let log = match config.log.backend {
        LogBackend::File => {
            FileLog::open_unless_behind(config.data.log_dir(), log_settings(config), || {
                let opened = views.insert(open_views());
                history::evidence_of(&opened.as_ref().ok()?.tables)
            })?
        }
    };
    let opened = views.unwrap_or_else(open_views)?;
    if let Some(damage) = &opened.damaged {
        tracing::warn!(reason = %damage.reason, "the views were damaged and are rebuilt: {}", damage.reason);
    }
    Ok((Arc::new(log), Arc::new(opened.tables)))
}

/// Opens the log where it may not be written, and views in another folder.
///
/// # Errors
/// As [`read_log`], and when there is no space for the views.
pub(super) fn open_read_only(config: &Config, views_dir: &Path) -> anyhow::Result<Storage> {
    let data = &config.data;
    history::require_log_or_no_traces(data)?;
    let log = read_log(data, Wanted::ALL)?;
    if data.views_dir().is_dir()
        && let Err(error) = ::replay::copy_tables(&data.views_dir(), views_dir)
    {
        tracing::warn!(%error, "the views cannot be copied and are rebuilt from the log: {error}");
    }
    let opened = LsmTables::open(views_dir, &view_settings(config))?;
    Ok((log, Arc::new(opened.tables)))
}

/// The log of a data directory for writing, for this process alone.
///
/// # Errors
/// When a server runs on it, or it is damaged.
pub(crate) fn write_log(config: &Config) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(Arc::new(FileLog::open(
        config.data.log_dir(),
        log_settings(config),
    )?))
}

/// The part of a log that is wanted, to be read while others may write. Nothing is looked at that comes after it,
/// which may be damaged or missing.
///
/// # Errors
/// When what is wanted is damaged or missing.
pub(crate) fn read_log(data: &Data, wanted: Wanted) -> anyhow::Result<Arc<dyn EventLog>> {
    let record = Some(data.head_record());
    Ok(Arc::new(FileLog::open_part_read_only(
        data.log_dir(),
        record,
        wanted,
    )?))
}

/// The whole log, to be read, after it was compared with what the views were made from.
///
/// # Errors
/// As [`read_log`], and when the log ends before a view.
pub(crate) fn read_log_as_far_as_views(data: &Data) -> anyhow::Result<Arc<dyn EventLog>> {
    let evidence = history::evidence_in(data);
    let (directory, record) = (data.log_dir(), Some(data.head_record()));
    let log = FileLog::open_part_read_only(&directory, record, Wanted::ALL)?;
    match evidence.and_then(|evidence| evidence.against(&directory, log.extent())) {
        Some(missing) => Err(missing.into()),
        None => Ok(Arc::new(log)),
    }
}

/// Whether an error means that a log is damaged, or a part of it is missing.
pub(crate) fn is_damage(error: &(dyn std::error::Error + 'static)) -> bool {
    let damage = error
        .downcast_ref::<OpenError>()
        .is_some_and(|error| match error {
            OpenError::Fault(_)
            | OpenError::Header { .. }
            | OpenError::Missing(_)
            | OpenError::HeadRecord(_) => true,
            OpenError::InUse { .. } | OpenError::Io { .. } => false,
        });
    damage || error.is::<LogIsGone>()
}

fn log_settings(config: &Config) -> FileLogConfig {
    FileLogConfig {
        segment_bytes: config.log.segment_bytes,
        queue_max: config.log.queue_max,
        ..history::recorded(&config.data)
    }
}

fn view_settings(config: &Config) -> LsmConfig {
    LsmConfig {
        cache_bytes: config.views.cache_bytes,
        ..LsmConfig::default()
    }
}
