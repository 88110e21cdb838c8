//! Checks every frame of a log on this machine's disk and reports the first fault.
//!
//! Async: the work is done on blocking threads, one that reads and checks frames and, with
//! [`Depth::Content`], one for each core that decodes the events. Read-only; it works while a
//! server writes and ends at the last whole frame.

mod content;
mod frames;
mod order;

use std::collections::BTreeMap;
use std::path::PathBuf;

use blobs::Blobs;
use eventlog::Position;
use eventlog_file::Evidence;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::blob_store;
use crate::{Progress, ToolRun, Watch};
use content::Blob;

/// How many missing blobs a report names.
const MISSING_MAX: usize = 1000;

/// What to check, and how closely.
#[derive(Clone, Debug)]
pub struct Options {
    pub directory: PathBuf,
    pub depth: Depth,
    /// When given, every blob that an event names is read there and its digest checked; only where
    /// the content of events is checked.
    pub blobs: Option<Blobs>,
    /// Where the head of the log is recorded: the log must reach the record. Without it a log must
    /// begin with position 1, and may end anywhere.
    pub head_record: Option<PathBuf>,
    /// Something that was made from the log before this check began: the log must reach as far.
    pub evidence: Option<Evidence>,
}

/// How closely a log is looked at; each depth does what the ones before it do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Every frame's checksum, and that no position is missing. As fast as the disk; counts neither
    /// streams nor types.
    Frames,
    /// Also every record, and that no stream has a gap.
    Streams,
    /// Also whether this program can decode every event.
    #[default]
    Content,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many segments were looked at.
    pub segments: u64,
    /// How many frames with events.
    pub frames: u64,
    pub events: u64,
    pub streams: u64,
    /// How many bytes of frames.
    pub bytes: u64,
    /// The last position that was checked.
    pub head: Position,
    pub events_by_type: BTreeMap<String, u64>,
    /// The first place where something is wrong; nothing after it was judged.
    pub fault: Option<Fault>,
    /// How many blobs were read and found right.
    pub blobs: u64,
    /// Blobs that an event names and that are missing or damaged, at most a thousand.
    pub blobs_missing: Vec<Missing>,
}

/// The first place where something is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub segment: PathBuf,
    /// Where the damaged frame begins in the file, in bytes.
    pub offset: u64,
    pub position: Position,
    /// The stream of the event, when that much can be read.
    pub stream: Option<String>,
    /// The type of the event, when that much can be read.
    pub event_type: Option<String>,
    pub reason: String,
    pub advice: String,
}

/// A blob that an event names and that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    pub digest: String,
    /// Position of the first event that names it.
    pub position: Position,
    pub reason: String,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.fault.is_none() && self.blobs_missing.is_empty()
    }

    /// What a command line exits with: 0, or 6 when something is wrong.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_sound() { 0 } else { 6 }
    }
}

/// Checks the log.
///
/// # Errors
/// When there is no log, when it cannot be read, or the blobs cannot. A fault is no error: it is in
/// the report.
pub fn run<'a>(options: Options, watch: &'a Watch<'a>) -> ToolRun<'a, Report> {
    Box::pin(async move {
        let Options {
            directory,
            depth,
            blobs,
            head_record,
            evidence,
        } = options;
        let (sender, mut progress) = mpsc::channel::<Progress>(4);
        let wanted = content::Wanted {
            blobs: blobs.is_some(),
        };
        let checking = tokio::task::spawn_blocking(move || {
            frames::check(
                &directory,
                head_record.as_deref(),
                evidence,
                depth,
                wanted,
                &|progress| {
                    // One that was not checked yet is nearly the same.
                    let _ = sender.try_send(progress);
                },
            )
        });
        while let Some(progress) = progress.recv().await {
            watch(progress);
        }
        let (mut report, named) = checking.await.expect("the check does not panic")?;
        if let Some(blobs) = blobs {
            check_blobs(&mut report, &blobs, named).await;
        }
        Ok(report)
    })
}

async fn check_blobs(report: &mut Report, blobs: &Blobs, named: Vec<Blob>) {
    for Blob { blob, position } in named {
        let reason = match blob_store::bytes_of(blobs, &blob).await {
            Ok(Some(bytes)) if bytes.len() as u64 == blob.size => {
                report.blobs += 1;
                continue;
            }
            Ok(Some(bytes)) => format!("{} bytes, expected {}", bytes.len(), blob.size),
            Ok(None) => "missing".to_owned(),
            Err(error) => error.to_string(),
        };
        if report.blobs_missing.len() < MISSING_MAX {
            let digest = blob.digest;
            report.blobs_missing.push(Missing {
                digest,
                position,
                reason,
            });
        }
    }
}

#[cfg(test)]
mod tests;
