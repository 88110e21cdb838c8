//! Copies a log into lines of JSON, byte for byte. The format is in `FORMAT.md`.
//!
//! Async: pages are read here while a blocking thread encodes, compresses and writes the one
//! before. It works while a server appends; the copy ends at the head as it was when it began.

mod destination;

use std::collections::HashSet;
use std::io::Write;

use bytes::Bytes;
use eventlog::{EventLog, Position, Recorded};
use serde::Serialize;
use tokio::sync::mpsc;

pub use destination::Destination;

use crate::blob_refs::{blobs_of, source_of_refused};
use crate::blob_store;
use crate::line::{Sum, push_blob, push_end, push_event};
use crate::window::Reader;
use crate::{Progress, ToolError, ToolRun, Unit, Watch, Window};

/// How many pages may wait to be written.
const PAGES_MAX: usize = 2;

/// What to copy, and where to.
pub struct Options {
    pub window: Window,
    pub to: Destination,
    /// When given, every blob that an event of the window names is written before the event that
    /// first names it, so that the copy is a whole backup.
    pub blobs: Option<blobs::Blobs>,
    /// Whether the last line holds the number and the digest of the lines above it, so that a cut
    /// or changed copy is detected.
    pub end_line: bool,
}

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub events: u64,
    pub blobs: u64,
    /// Digests that an event names and the store does not have. The copy is not whole then.
    pub blobs_missing: Vec<String>,
    pub first: Option<Position>,
    pub last: Option<Position>,
    /// Up to where the log was looked at: the position after which a later copy goes on.
    pub looked_at: Position,
    /// How many bytes the lines have before compression.
    pub bytes: u64,
}

/// Copies the window.
///
/// # Errors
/// When the log, a blob or the destination fails. A file under its final name is whole: it is
/// written under another name and renamed at the end.
pub fn run<'a>(
    log: &'a dyn EventLog,
    options: Options,
    watch: &'a Watch<'a>,
) -> ToolRun<'a, Report> {
    Box::pin(async move {
        let (sender, pieces) = mpsc::channel(PAGES_MAX);
        let to = options.to;
        let writer = tokio::task::spawn_blocking(move || write_all(to, pieces));
        let reading = Reading {
            reader: Reader::new(log, options.window),
            blobs: options.blobs,
            seen: HashSet::new(),
            report: Report::default(),
            sender,
        };
        let read = reading.run(options.end_line, watch).await;
        // A failed writer is the cause, even if the reader only found that its pages have no receiver.
        let bytes = writer.await.expect("the writer does not panic")?;
        Ok(Report { bytes, ..read? })
    })
}

/// What goes from the reader to the writer.
enum Piece {
    Blob {
        digest: String,
        bytes: Bytes,
    },
    Events(Vec<Recorded>),
    /// The last line.
    End,
    /// Nothing is missing: the output may have its name.
    Whole,
}

struct Reading<'l> {
    reader: Reader<'l>,
    blobs: Option<blobs::Blobs>,
    /// Digests that are in the copy or known to be missing.
    seen: HashSet<String>,
    report: Report,
    sender: mpsc::Sender<Piece>,
}

impl Reading<'_> {
    async fn run(mut self, end_line: bool, watch: &Watch<'_>) -> Result<Report, ToolError> {
        let (start, total) = (self.reader.position(), self.reader.span());
        while let Some(events) = self.reader.next_page().await? {
            self.send_blobs_of(&events).await?;
            self.report.events += events.len() as u64;
            self.report.first = self
                .report
                .first
                .or(events.first().map(|event| event.position));
            self.report.last = events
                .last()
                .map(|event| event.position)
                .or(self.report.last);
            let done = self.reader.position().0 - start.0;
            if !events.is_empty() {
                self.send(Piece::Events(events)).await;
            }
            watch(Progress {
                done,
                total: Some(total),
                unit: Unit::Events,
            });
            if self.sender.is_closed() {
                break;
            }
        }
        self.report.looked_at = self.reader.position();
        if end_line {
            self.send(Piece::End).await;
        }
        self.send(Piece::Whole).await;
        Ok(self.report)
    }

    /// Hands one piece over. A writer that ended reports its own error.
    async fn send(&self, piece: Piece) {
        let _ = self.sender.send(piece).await;
    }

    async fn send_blobs_of<'e>(&mut self, events: &'e [Recorded]) -> Result<(), ToolError> {
        let Some(blobs) = self.blobs.clone() else {
            return Ok(());
        };
        let named =
            |event: &'e Recorded| blobs_of(event).into_iter().map(move |blob| (event, blob));
        for (event, blob) in events.iter().flat_map(named) {
            if self.seen.contains(&blob.digest) {
                continue;
            }
            let mut found = blob_store::bytes_of(&blobs, &blob).await?;
            if found.is_none()
                && let Some(source) = source_of_refused(event)
            {
                found = blob_store::bytes_of(&blobs.refused_of(&source), &blob).await?;
                if found.is_none() {
                    // It was dropped for newer ones on purpose.
                    continue;
                }
            }
            self.seen.insert(blob.digest.clone());
            match found {
                Some(bytes) => {
                    self.report.blobs += 1;
                    self.send(Piece::Blob {
                        digest: blob.digest,
                        bytes,
                    })
                    .await;
                }
                None => self.report.blobs_missing.push(blob.digest),
            }
        }
        Ok(())
    }
}

/// Runs on a blocking thread until everything is written; returns how many bytes that were.
fn write_all(mut to: Destination, mut pieces: mpsc::Receiver<Piece>) -> Result<u64, ToolError> {
    let mut output = to.open()?;
    let mut bytes = 0;
    let mut lines = Vec::new();
    let mut sum = Sum::default();
    while let Some(piece) = pieces.blocking_recv() {
        lines.clear();
        match piece {
            Piece::Blob { digest, bytes } => {
                push_blob(&digest, &bytes, &mut lines);
                sum.blob(lines.trim_ascii_end());
            }
            Piece::Events(events) => {
                for event in &events {
                    let begin = lines.len();
                    push_event(event, &mut lines);
                    sum.event(lines[begin..].trim_ascii_end());
                }
            }
            Piece::End => push_end(&sum.end(), &mut lines),
            Piece::Whole => {
                to.finish(output)?;
                return Ok(bytes);
            }
        }
        bytes += lines.len() as u64;
        if let Err(error) = output.write_all(&lines) {
            to.discard();
            return Err(to.failed(error));
        }
    }
    // The reader reports its own error.
    to.discard();
    Ok(bytes)
}

#[cfg(test)]
mod tests;
