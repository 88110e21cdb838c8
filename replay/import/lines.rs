//! Reads, checks and gathers the lines of an import; runs on a blocking thread.

use std::io::{BufRead, Read};

use domain::{DecodeFault, Event};
use eventlog::LogLimits;
use tokio::sync::mpsc;

use super::Origin;
use super::origin::Gauge;
use crate::ToolError;
use crate::line::{Complaint, End, Incoming, IncomingEvent, Sum, parse};

/// The longest line: a blob of 64 MiB in base64, and its digest.
const LINE_BYTES_MAX: u64 = 90 * 1024 * 1024;

/// How many events are appended at once, where the log takes as many: one flush for many, and no more to repeat after a kill.
const CHUNK_EVENTS_MAX: usize = 2048;

/// How many bytes are appended at once, where the log takes as many; a chunk always fits one event of any size.
const CHUNK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events of consecutive lines, each with the number of its line.
#[derive(Default)]
pub(super) struct Chunk {
    pub events: Vec<(u64, IncomingEvent)>,
    bytes: usize,
}

/// What the reader hands over.
pub(super) enum Gathered {
    Chunk(Chunk),
    Blob {
        line: u64,
        digest: String,
        bytes: Vec<u8>,
    },
    /// Everything was read.
    Over {
        lines: u64,
        /// Whether these lines are those that the end speaks of.
        checked: Result<(), Complaint>,
    },
}

/// What is checked of events, besides their types and versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// Whether they have the shapes of these.
    pub shapes: bool,
    pub limits: LogLimits,
}

/// Sends everything until the input ends, is refused, or the receiver is dropped.
pub(super) fn gather(
    origin: Origin,
    gauge: &Gauge,
    check: Check,
    sender: &mpsc::Sender<Result<Gathered, ToolError>>,
) {
    let mut gathering = Gathering {
        chunk: Chunk::default(),
        line: 0,
        end: None,
        sum: Sum::default(),
        sender,
    };
    if let Err(Stopped::Because(error)) = gathering.run(origin, gauge, check) {
        // The lines before the fault are valid and are appended first.
        if gathering.send_chunk().is_ok() {
            let _ = sender.blocking_send(Err(error));
        }
    }
}

enum Stopped {
    ReceiverGone,
    Because(ToolError),
}

impl From<ToolError> for Stopped {
    fn from(error: ToolError) -> Self {
        Self::Because(error)
    }
}

struct Gathering<'s> {
    chunk: Chunk,
    line: u64,
    end: Option<End>,
    sum: Sum,
    sender: &'s mpsc::Sender<Result<Gathered, ToolError>>,
}

impl Gathering<'_> {
    fn run(&mut self, origin: Origin, gauge: &Gauge, check: Check) -> Result<(), Stopped> {
        let mut input = origin.open(gauge)?;
        let mut buffer = Vec::new();
        loop {
            self.line += 1;
            let read = read_line(&mut *input, &mut buffer);
            if !read.map_err(|reason| self.refuse(reason))? {
                break;
            }
            let line = buffer.trim_ascii();
            if !line.is_empty() {
                self.take(line, check)?;
            }
        }
        self.send_chunk()?;
        self.send(Gathered::Over {
            lines: self.line - 1,
            checked: self.sum.check(self.end.as_ref()),
        })
    }

    fn take(&mut self, line: &[u8], check: Check) -> Result<(), Stopped> {
        if self.end.is_some() {
            return Err(self.refuse("follows the end line".to_owned()).into());
        }
        match parse(line).map_err(|reason| self.refuse(reason))? {
            Incoming::Event(event) => {
                self.sum.event(line);
                check_event(&event, check).map_err(|reason| self.refuse(reason))?;
                let size = event.event.size();
                let full = self.chunk.events.len()
                    >= CHUNK_EVENTS_MAX.min(check.limits.batch_events)
                    || self.chunk.bytes + size > CHUNK_BYTES_MAX.min(check.limits.batch_bytes);
                if full {
                    self.send_chunk()?;
                }
                self.chunk.bytes += size;
                self.chunk.events.push((self.line, *event));
            }
            Incoming::Blob { digest, bytes } => {
                self.sum.blob(line);
                // Before any event that names it, so that no reader finds the name without the
                // blob.
                self.send_chunk()?;
                self.send(Gathered::Blob {
                    line: self.line,
                    digest,
                    bytes,
                })?;
            }
            Incoming::End(end) => self.end = Some(end),
        }
        Ok(())
    }

    fn send_chunk(&mut self) -> Result<(), Stopped> {
        if self.chunk.events.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.send(Gathered::Chunk(chunk))
    }

    fn send(&self, gathered: Gathered) -> Result<(), Stopped> {
        let sent = self.sender.blocking_send(Ok(gathered));
        sent.map_err(|_| Stopped::ReceiverGone)
    }

    fn refuse(&self, reason: String) -> ToolError {
        ToolError::Line {
            line: self.line,
            reason,
        }
    }
}

/// Reads the next line; false when there is none.
pub(super) fn read_line(input: &mut dyn BufRead, buffer: &mut Vec<u8>) -> Result<bool, String> {
    buffer.clear();
    let read = input.take(LINE_BYTES_MAX).read_until(b'\n', buffer);
    let read = read.map_err(|error| format!("cannot be read: {error}"))?;
    if buffer.len() as u64 == LINE_BYTES_MAX && buffer.last() != Some(&b'\n') {
        return Err(format!("longer than {LINE_BYTES_MAX} bytes"));
    }
    Ok(read > 0)
}

/// Refuses what this program could not read again: a log takes any bytes, and the views would stop
/// at them.
fn check_event(incoming: &IncomingEvent, check: Check) -> Result<(), String> {
    let event = &incoming.event;
    check.limits.check_event(event.size())?;
    let event_type = event.event_type.as_str();
    let newest = Event::newest_version(event_type)
        .ok_or_else(|| DecodeFault::UnknownType(event_type.to_owned()).to_string())?;
    if event.version > newest {
        let version = event.version;
        let event_type = event_type.to_owned();
        return Err(DecodeFault::Newer {
            event_type,
            version,
            newest,
        }
        .to_string());
    }
    let category = event_type
        .split_once('.')
        .map_or("", |(category, _)| category);
    if incoming.stream.category() != category {
        let stream = &incoming.stream;
        return Err(format!("{event_type} does not belong in stream {stream}"));
    }
    if check.shapes {
        let metadata: Result<domain::Metadata, _> = serde_json::from_slice(&event.metadata);
        metadata.map_err(|error| format!("the metadata cannot be read: {error}"))?;
        Event::decode(event_type, event.version, &event.data).map_err(|fault| fault.to_string())?;
    }
    Ok(())
}
