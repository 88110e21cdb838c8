//! What a data directory knows of its log, so that a log that lost a part is not taken for a whole one.

use std::path::{Path, PathBuf};

use eventlog::EventLog;
use eventlog_file::{Evidence, Extent, FileLog, FileLogConfig, HeadRecord};
use tables::Tables;
use tables_lsm::{LsmConfig, LsmTables};
use uuid::Uuid;

use crate::app;
use crate::config::Data;

/// What shows that a data directory was in use. Views are deleted on purpose, and bodies may be restored before
/// the log is, but both only where a log was.
const TRACES: [&str; 5] = [
    "views",
    "views.register",
    "seal.key",
    "admin.token",
    "blobs",
];

/// A data directory that was in use and has no log.
#[derive(Debug, thiserror::Error)]
#[error(
    "{log} holds no log, and {} in the same directory {}: restore the log from a backup, or, if a new log is to \
     begin here, say so with `tallyman replay accept --first 1 --head 0`",
    .traces.join(", "),
    if .traces.len() == 1 { "shows that there was one" } else { "show that there was one" },
    log = .log.display()
)]
pub(crate) struct LogIsGone {
    log: PathBuf,
    traces: Vec<&'static str>,
}

/// The settings with which every log of a data directory is opened: its head is recorded next to
/// it.
pub(crate) fn recorded(data: &Data) -> FileLogConfig {
    FileLogConfig {
        head_record: Some(data.head_record()),
        ..FileLogConfig::default()
    }
}

/// Refuses to create a log where one was lost.
///
/// # Errors
/// [`LogIsGone`], and when the directory cannot be read. Where the head of the log was recorded, the log itself
/// judges what is missing.
pub(crate) fn require_log_or_no_traces(data: &Data) -> anyhow::Result<()> {
    let log = data.log_dir();
    if has_segments(&log)? || HeadRecord::read(&data.head_record())?.is_some() {
        return Ok(());
    }
    let traces: Vec<&str> = TRACES
        .into_iter()
        .filter(|name| is_used(&data.dir.join(name)))
        .collect();
    match traces.is_empty() {
        true => Ok(()),
        false => Err(LogIsGone { log, traces }.into()),
    }
}

/// What a log holds, to be accepted as all there is. No server begins on it meanwhile.
pub(crate) struct Found {
    /// What the segments hold.
    pub(crate) extent: Extent,
    log: Option<FileLog>,
}

/// Takes the log of a data directory, whatever is missing from it; where there is none, that.
///
/// # Errors
/// When a server runs on it, or what is there is damaged.
pub(crate) fn found(data: &Data) -> anyhow::Result<Found> {
    let log = match has_segments(&data.log_dir())? {
        true => Some(FileLog::open(data.log_dir(), FileLogConfig::default())?),
        false => None,
    };
    let extent = log.as_ref().map_or(Extent::NOTHING, FileLog::extent);
    Ok(Found { extent, log })
}

impl Found {
    /// Drops the views that are ahead of it, and records that it is all there is. Answers the names of those views.
    ///
    /// # Errors
    /// When something cannot be written.
    pub(crate) fn accept(&self, data: &Data) -> anyhow::Result<Vec<String>> {
        let mut dropped = Vec::new();
        if data.views_dir().is_dir() {
            let views = LsmTables::open(data.views_dir(), &LsmConfig::default())?;
            dropped = projections::drop_tables_ahead(&views.tables, self.extent.head)?;
        }
        let record = HeadRecord {
            log_id: self.extent.log_id.unwrap_or(Uuid::nil()),
            first: self.extent.first,
            head: self.extent.head,
        };
        record.write(&data.head_record())?;
        Ok(dropped)
    }

    /// Lets go of the log.
    pub(crate) fn close(self) {
        if let Some(log) = self.log {
            log.close();
        }
    }
}

/// The head of the log that the views were made from.
pub(crate) fn evidence_of(tables: &dyn Tables) -> Option<Evidence> {
    match projections::furthest_checkpoint(tables) {
        Ok(furthest) => furthest.map(|(table, position)| Evidence {
            source: format!("view `{table}`"),
            position,
        }),
        Err(error) => {
            tracing::warn!(%error, "the log's head cannot be read from the views: {error}");
            None
        }
    }
}

/// The evidence in the views of a data directory, read from a copy without the runs so that nothing
/// is changed. None while a server uses them: it compared them with its log when it started.
pub(crate) fn evidence_in(data: &Data) -> Option<Evidence> {
    let views = data.views_dir();
    if !views.is_dir() || app::running_at(&data.dir).is_some() {
        return None;
    }
    let read = || -> anyhow::Result<_> {
        let scratch = tempfile::tempdir()?;
        let copy = scratch.path().join("views");
        ::replay::copy_tables(&views, &copy)?;
        let opened = LsmTables::open(&copy, &LsmConfig::default())?;
        Ok(evidence_of(&opened.tables))
    };
    read().unwrap_or_else(|error| {
        tracing::warn!(%error, "the log's head cannot be read from the views: {error}");
        None
    })
}

/// Whether a folder holds a segment of a log.
///
/// # Errors
/// When it cannot be read.
fn has_segments(log: &Path) -> std::io::Result<bool> {
    let entries = match std::fs::read_dir(log) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for entry in entries {
        if Path::new(&entry?.file_name()).extension() == Some("seg".as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether there is a file or folder that is not empty.
fn is_used(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => std::fs::metadata(path).is_ok_and(|file| file.len() > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_begins_only_where_there_are_no_traces_of_one() {
        let check = |prepare: &dyn Fn(&Path)| {
            let dir = tempfile::tempdir().unwrap();
            prepare(dir.path());
            let data = Data {
                dir: dir.path().to_owned(),
            };
            let checked = require_log_or_no_traces(&data);
            checked.map_err(|error| error.to_string())
        };
        let write = |path: PathBuf| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "something").unwrap();
        };
        assert_eq!(check(&|_| ()), Ok(()));
        assert_eq!(
            check(&|dir| std::fs::create_dir(dir.join("blobs")).unwrap()),
            Ok(())
        );
        for (file, name) in [
            ("seal.key", "seal.key"),
            ("admin.token", "admin.token"),
            ("views.register", "views.register"),
            ("views/db", "views"),
            ("blobs/ab/abcd", "blobs"),
        ] {
            let gone = check(&|dir| write(dir.join(file))).unwrap_err();
            assert!(
                gone.contains(name) && gone.contains("replay accept"),
                "{gone}"
            );
            let with_log = check(&|dir| {
                write(dir.join(file));
                write(dir.join("log/00000000000000000001.seg"));
            });
            assert_eq!(with_log, Ok(()), "{file}");
            let with_empty_log = check(&|dir| {
                write(dir.join(file));
                write(dir.join("log/log.lock"));
            });
            assert!(with_empty_log.is_err(), "{file}");
        }
    }
}
