//! Takes lines of JSON into a log, as [`crate::export`] wrote them. The format is in `FORMAT.md`.
//!
//! Async: a blocking thread reads, decompresses and checks the next lines while a batch is appended
//! here. Nothing is appended twice, so an import that was interrupted is simply started again.

mod known;
mod lines;
mod origin;
mod proof;
mod reconcile;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use eventlog::{Append, AppendError, EventLog, Expected, Position, Receipt, Revision, StreamName};
use serde::Serialize;
use tokio::sync::mpsc;

pub use origin::Origin;

use crate::blob_store;
use crate::line::IncomingEvent;
use crate::{Progress, ToolError, ToolRun, Unit, Watch};
use lines::{Check, Chunk, Gathered, gather};

/// How many chunks may wait to be appended.
const CHUNKS_MAX: usize = 2;

/// The delay before an append to a busy log is retried.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// What to take, and how strictly.
pub struct Options {
    /// Where the lines come from.
    pub from: Origin,
    /// Where blobs go. Without it a line with a blob is refused.
    pub blobs: Option<blobs::Blobs>,
    /// Whether every event must have the shape of its type and version. Without it only type and
    /// version are looked at, which is for people who repair logs.
    pub check_shapes: bool,
    /// Whether everything is checked and nothing is written.
    pub dry_run: bool,
    /// Whether a copy that was cut or changed is taken as far as it goes.
    pub allow_partial: bool,
}

/// What was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many lines were read.
    pub lines: u64,
    /// How many events were appended, or would have been.
    pub appended: u64,
    /// How many events were there already.
    pub already: u64,
    /// How many blobs were stored, or would have been; those that were there already included.
    pub blobs: u64,
    /// Position of the last of these events.
    pub last: Option<Position>,
    /// How many events have another position than the one in their line.
    pub moved: u64,
    pub first_moved: Option<Moved>,
    /// Whether the copy was whole: its lines are those that its end speaks of.
    pub whole: bool,
    /// What is wrong with the copy, when it was taken although it is not whole.
    pub complaint: Option<String>,
    /// Whether nothing was written on purpose.
    pub dry_run: bool,
}

/// An event with another position than in the log it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Its line, from 1.
    pub line: u64,
    /// Where it stood.
    pub from: Position,
    pub to: Position,
}

/// Takes everything that the origin holds.
///
/// # Errors
/// [`ToolError::Incomplete`] when a copy is not whole. For a file this is checked before anything
/// is appended; other origins can be read only once, and their lines are in the log then.
/// [`ToolError::Line`] for the first line that is refused; the lines before it are in the log. And
/// the errors of the log, the blobs and the origin.
pub fn run<'a>(
    log: &'a dyn EventLog,
    options: Options,
    watch: &'a Watch<'a>,
) -> ToolRun<'a, Report> {
    Box::pin(async move {
        let Options {
            from,
            blobs,
            check_shapes,
            dry_run,
            allow_partial,
        } = options;
        if !allow_partial && let Origin::File(path) = &from {
            let path = path.clone();
            let proven = tokio::task::spawn_blocking(move || proof::prove(&path));
            proven.await.expect("the proof does not panic")?;
        }
        let gauge = from.gauge();
        let (sender, mut gathered) = mpsc::channel(CHUNKS_MAX);
        let check = Check {
            shapes: check_shapes,
            limits: log.limits(),
        };
        let reader_gauge = gauge.clone();
        let reader =
            tokio::task::spawn_blocking(move || gather(from, &reader_gauge, check, &sender));
        let mut import = Import {
            log,
            blobs,
            dry_heads: dry_run.then(BTreeMap::new),
            moved_on: false,
            report: Report {
                dry_run,
                ..Report::default()
            },
        };
        while let Some(piece) = gathered.recv().await {
            match piece? {
                Gathered::Chunk(chunk) => import.append(chunk).await?,
                Gathered::Blob {
                    line,
                    digest,
                    bytes,
                } => import.store(line, digest, bytes).await?,
                Gathered::Over { lines, checked } => {
                    import.report.lines = lines;
                    import.report.whole = checked.is_ok();
                    import.report.complaint = checked.err().map(|complaint| complaint.to_string());
                }
            }
            let done = gauge.read.load(Ordering::Relaxed);
            watch(Progress {
                done,
                total: gauge.total,
                unit: Unit::Bytes,
            });
        }
        reader.await.expect("the reader does not panic");
        match &import.report.complaint {
            Some(complaint) if !allow_partial => Err(ToolError::Incomplete(complaint.clone())),
            _ => Ok(import.report),
        }
    })
}

struct Import<'l> {
    log: &'l dyn EventLog,
    blobs: Option<blobs::Blobs>,
    /// The heads of streams in a dry run; it grows with the number of streams.
    dry_heads: Option<BTreeMap<StreamName, Option<Revision>>>,
    /// Whether the log has other events than the lines at the same positions.
    moved_on: bool,
    report: Report,
}

impl Import<'_> {
    async fn append(&mut self, mut chunk: Chunk) -> Result<(), ToolError> {
        if self.dry_heads.is_some() {
            return self.reconcile(chunk.events).await;
        }
        let known = self.known_by_place(&chunk.events).await?;
        chunk.events.drain(..known);
        if chunk.events.is_empty() {
            return Ok(());
        }
        // The usual chunk is all new or all known, and the log answers both at once.
        match self.try_append(&chunk.events).await? {
            Some((receipts, repeated)) => {
                self.note(&chunk.events, &receipts, repeated);
                Ok(())
            }
            None => self.reconcile(chunk.events).await,
        }
    }

    /// Appends a batch; `None` when the log does not match the revisions of the lines.
    async fn try_append(
        &self,
        events: &[(u64, IncomingEvent)],
    ) -> Result<Option<(Vec<Receipt>, bool)>, ToolError> {
        loop {
            match self.log.append(batch_of(events)).await {
                Ok(appended) => {
                    // A repeat is answered whatever is expected, so this is the place to look.
                    let as_told = events
                        .iter()
                        .zip(&appended.receipts)
                        .all(|((_, event), receipt)| event.revision == receipt.revision);
                    return Ok(as_told.then_some((appended.receipts, appended.repeated)));
                }
                Err(AppendError::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
                // A repeated id is refused before anything else is checked.
                Err(
                    AppendError::Conflict { .. }
                    | AppendError::IdReused { .. }
                    | AppendError::Refused { .. },
                ) => return Ok(None),
                // The import can be started again: ids that are there already are not written
                // twice.
                Err(
                    error @ (AppendError::Full { .. }
                    | AppendError::Stopped { .. }
                    | AppendError::Unknown { .. }),
                ) => return Err(error.into()),
            }
        }
    }

    fn note(&mut self, events: &[(u64, IncomingEvent)], receipts: &[Receipt], already: bool) {
        let count = if already {
            &mut self.report.already
        } else {
            &mut self.report.appended
        };
        *count += events.len() as u64;
        for ((line, event), receipt) in events.iter().zip(receipts) {
            self.note_place(*line, event, receipt.position);
        }
    }

    fn note_place(&mut self, line: u64, event: &IncomingEvent, to: Position) {
        self.report.last = self.report.last.max(Some(to));
        if let Some(from) = event.position.filter(|from| *from != to) {
            self.report.moved += 1;
            self.report
                .first_moved
                .get_or_insert(Moved { line, from, to });
        }
    }

    async fn store(&mut self, line: u64, digest: String, bytes: Vec<u8>) -> Result<(), ToolError> {
        let refuse = |reason: String| ToolError::Line { line, reason };
        let Some(blobs) = &self.blobs else {
            return Err(refuse(
                "contains a blob, but there is no blob store".to_owned(),
            ));
        };
        blob_store::check(&digest, &bytes).map_err(refuse)?;
        if self.dry_heads.is_none() {
            blob_store::keep(blobs, bytes).await?;
        }
        self.report.blobs += 1;
        Ok(())
    }
}

/// The events as a batch in their own order, each expecting the revision of its line.
fn batch_of(events: &[(u64, IncomingEvent)]) -> Vec<Append> {
    let mut batch: Vec<Append> = Vec::new();
    let mut next = Revision::FIRST;
    for (
        _,
        IncomingEvent {
            stream,
            revision,
            event,
            ..
        },
    ) in events
    {
        match batch.last_mut() {
            Some(part) if part.stream == *stream && next == *revision => {
                part.events.push(event.clone());
            }
            _ => batch.push(Append {
                stream: stream.clone(),
                expected: before(*revision),
                events: vec![event.clone()],
            }),
        }
        next = revision.next();
    }
    batch
}

/// What a stream is when its next event gets this revision.
fn before(revision: Revision) -> Expected {
    match revision.0.checked_sub(1) {
        None => Expected::Empty,
        Some(last) => Expected::At(Revision(last)),
    }
}

#[cfg(test)]
mod tests;
