//! Goes through the frames and hands them to those who look into them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use eventlog::Position;
use eventlog_file::{
    Evidence, Extent, FileLog, Frame, HeadRecord, HeadRecordError, OpenError, Scan, Wanted as Part,
    missing,
};

use super::content::{self, Blob, Wanted};
use super::order::Order;
use super::{Depth, Fault, Report};
use crate::{Progress, ToolError, Unit};

/// How many events are looked into at once.
const PORTION_EVENTS: u32 = 4096;

/// How many portions may wait for each of those who look into them.
const PORTIONS_MAX: usize = 4;

/// After how many events progress is reported.
const TELL_EVENTS: u64 = 100_000;

const RESTORE: &str = "nothing was changed; restore this segment from a backup, or export what stands \
                       before the fault and import it into a new directory";

/// Frames of one segment, in order.
pub(super) struct Portion {
    pub segment: Arc<Path>,
    pub frames: Vec<Frame>,
}

pub(super) fn check(
    directory: &Path,
    head_record: Option<&Path>,
    evidence: Option<Evidence>,
    depth: Depth,
    wanted: Wanted,
    data: &dyn Fn(Progress),
) -> Result<(Report, Vec<Blob>), ToolError> {
    // Before the segments: a server may go on writing both.
    let record = match head_record.map(HeadRecord::read).transpose() {
        Ok(record) => record.flatten(),
        Err(HeadRecordError::Damaged { path, reason }) => {
            let fault = of_record(path, reason);
            let report = Report {
                fault: Some(fault),
                ..Report::default()
            };
            return Ok((report, Vec::new()));
        }
        Err(error) => return Err(ToolError::Usage(error.to_string())),
    };
    let is_evidence =
        evidence.is_some() || record.is_some_and(|record| record.head >= record.first);
    if !directory.is_dir() && !is_evidence {
        let reason = format!("no log in {}", directory.display());
        return Err(ToolError::NotFound(reason));
    }
    if depth < Depth::Content {
        let mut checking = Checking::new(directory, record, evidence, depth, data);
        checking.run(|_| true)?;
        return Ok((checking.finish(None), Vec::new()));
    }
    let workers = thread::available_parallelism()
        .map_or(2, usize::from)
        .min(16);
    thread::scope(|scope| {
        let mut senders: Vec<SyncSender<Portion>> = Vec::new();
        let mut found = Vec::new();
        for _ in 0..workers {
            let (sender, portions): (_, Receiver<Portion>) = sync_channel(PORTIONS_MAX);
            senders.push(sender);
            found.push(scope.spawn(move || content::look(&portions, wanted)));
        }
        let mut checking = Checking::new(directory, record, evidence, depth, data);
        let mut turn = 0;
        let checked = checking.run(|portion| {
            turn += 1;
            // A worker that has hung up has found a fault, and what comes later does not matter.
            senders[turn % workers].send(portion).is_ok()
        });
        drop(senders);
        let found = found
            .into_iter()
            .map(|worker| worker.join().expect("no worker panics"));
        let (faults, blobs): (Vec<_>, Vec<_>) = found.unzip();
        checked?;
        let first = faults
            .into_iter()
            .flatten()
            .min_by_key(|fault| fault.position);
        let report = checking.finish(first);
        Ok((report, content::merge(blobs)))
    })
}

/// The place in the log that has been reached, and what was found up to it.
struct Checking<'d> {
    directory: &'d Path,
    record: Option<HeadRecord>,
    evidence: Option<Evidence>,
    data: &'d dyn Fn(Progress),
    depth: Depth,
    order: Order,
    report: Report,
    next: Position,
    untold: u64,
}

impl<'d> Checking<'d> {
    fn new(
        directory: &'d Path,
        record: Option<HeadRecord>,
        evidence: Option<Evidence>,
        depth: Depth,
        data: &'d dyn Fn(Progress),
    ) -> Self {
        let first = record.map_or(Position(1), |record| record.first);
        Self {
            directory,
            record,
            evidence,
            data,
            depth,
            order: Order::of_log(first),
            report: Report::default(),
            next: first,
            untold: 0,
        }
    }

    fn finish(mut self, in_content: Option<Fault>) -> Report {
        let (streams, types) = self.order.counts();
        self.report.streams = streams;
        self.report.events_by_type = types;
        let faults = self.report.fault.take().into_iter().chain(in_content);
        self.report.fault = faults.min_by_key(|fault| fault.position);
        self.tell();
        self.report
    }

    fn tell(&self) {
        let done = self.report.events;
        (self.data)(Progress {
            done,
            total: None,
            unit: Unit::Events,
        });
    }

    /// Reads everything, until `hand_over` returns that the receiver was dropped.
    fn run(&mut self, mut hand_over: impl FnMut(Portion) -> bool) -> Result<(), ToolError> {
        let mut last_fault = None;
        loop {
            match self.scan(&mut hand_over) {
                Ok(()) => return Ok(()),
                Err(OpenError::Fault(fault)) if last_fault.as_ref() == Some(&fault) => {
                    self.report.fault = Some(Fault {
                        segment: fault.segment,
                        offset: fault.offset,
                        position: fault.position,
                        stream: None,
                        event_type: None,
                        reason: fault.reason,
                        advice: RESTORE.to_owned(),
                    });
                    return Ok(());
                }
                // Another program's segment, or damage that looks like one.
                Err(OpenError::Header { segment, error }) => {
                    self.report.fault = Some(Fault {
                        position: self.next,
                        ..of_record(segment, error.to_string())
                    });
                    return Ok(());
                }
                // A server may have been writing this frame: it is read again.
                Err(OpenError::Fault(fault)) => last_fault = Some(fault),
                Err(error) => return Err(unreadable(self.directory, error)),
            }
        }
    }

    fn scan(&mut self, hand_over: &mut impl FnMut(Portion) -> bool) -> Result<(), OpenError> {
        if !self.directory.is_dir() {
            self.report.fault = self.missing(Extent::NOTHING, None);
            return Ok(());
        }
        let mut scan = Scan::new(self.directory, Position(self.next.0.saturating_sub(1)))?;
        let mut portion: Option<Portion> = None;
        let mut events = 0;
        let mut segment: Arc<Path> = Arc::from(PathBuf::new());
        loop {
            let frame = scan.next_frame();
            let here = scan.segment().unwrap_or(self.directory);
            let full =
                events >= PORTION_EVENTS || *segment != *here || !matches!(frame, Ok(Some(_)));
            if full {
                events = 0;
                if portion.take().is_some_and(|portion| !hand_over(portion)) {
                    return Ok(());
                }
            }
            let Some(frame) = frame? else {
                let found = Extent {
                    log_id: scan.log_id(),
                    first: scan.first().unwrap_or(Position(1)),
                    head: Position(self.next.0.saturating_sub(1)),
                };
                self.report.fault = self.missing(found, scan.end());
                return Ok(());
            };
            if *segment != *here {
                segment = Arc::from(here);
                self.report.segments += 1;
            }
            if frame.header.first > self.next.0 {
                self.report.fault = Some(self.gap_before(&segment, &frame));
                return Ok(());
            }
            if self.depth == Depth::Frames {
                // The frame is let go at once, so that its memory is used again for the next one.
                self.count(&frame);
                continue;
            }
            if let Err(fault) = self.order.check(&segment, &frame, self.next) {
                self.report.fault = Some(*fault);
                return Ok(());
            }
            self.count(&frame);
            if self.depth < Depth::Content {
                continue;
            }
            events += frame.header.count;
            let segment = Arc::clone(&segment);
            portion
                .get_or_insert_with(|| Portion {
                    segment,
                    frames: Vec::new(),
                })
                .frames
                .push(frame);
        }
    }

    /// What is missing from a log whose frames are all as they were written.
    fn missing(&self, found: Extent, end: Option<(&Path, u64)>) -> Option<Fault> {
        let missing = missing(self.directory, found, self.record.as_ref(), Part::ALL);
        let evidence = self.evidence.clone();
        let missing =
            missing.or_else(|| evidence.and_then(|it| it.against(self.directory, found)))?;
        let (segment, offset) = end.unwrap_or((self.directory, 0));
        Some(Fault {
            segment: segment.to_owned(),
            offset,
            position: missing.position(),
            stream: None,
            event_type: None,
            reason: missing.reason(),
            advice: missing.advice(),
        })
    }

    fn gap_before(&self, segment: &Path, frame: &Frame) -> Fault {
        let first = frame.header.first;
        // What an operator may accept is named by both ends of the log.
        if self.report.events == 0
            && let Ok(log) = FileLog::open_read_only(self.directory)
            && let Some(fault) = self.missing(log.extent(), Some((segment, frame.offset)))
        {
            return fault;
        }
        let reason = format!("position {first} in the place of position {}", self.next);
        let (offset, position) = (frame.offset, self.next);
        damage_in(
            segment,
            eventlog_file::Damage {
                offset,
                position,
                reason,
            },
        )
    }

    fn count(&mut self, frame: &Frame) {
        self.report.frames += 1;
        self.report.events += frame.header.next() - self.next.0;
        self.report.bytes += frame.end() - frame.offset;
        self.untold += u64::from(frame.header.count);
        self.next = Position(frame.header.next());
        self.report.head = Position(self.next.0 - 1);
        if self.untold >= TELL_EVENTS {
            self.untold = 0;
            self.tell();
        }
    }
}

/// A file that cannot be used as a whole.
fn of_record(path: PathBuf, reason: String) -> Fault {
    Fault {
        segment: path,
        offset: 0,
        position: Position(1),
        stream: None,
        event_type: None,
        reason,
        advice: RESTORE.to_owned(),
    }
}

fn unreadable(directory: &Path, error: OpenError) -> ToolError {
    match error {
        OpenError::Io { path, error, .. } => ToolError::file(&path, error),
        other => ToolError::Source {
            path: directory.display().to_string(),
            reason: other.to_string(),
        },
    }
}

/// A fault in an event whose frame is as it was written.
pub(super) fn fault_in(
    segment: &Path,
    frame: &Frame,
    record: &eventlog_file::RecordRef<'_>,
    reason: String,
    advice: &'static str,
) -> Fault {
    Fault {
        segment: segment.to_owned(),
        offset: frame.offset,
        position: record.position,
        stream: Some(String::from_utf8_lossy(record.stream).into_owned()),
        event_type: Some(String::from_utf8_lossy(record.event_type).into_owned()),
        reason,
        advice: advice.to_owned(),
    }
}

/// A fault in a frame whose checksum is right and whose records cannot be read.
pub(super) fn damage_in(segment: &Path, damage: eventlog_file::Damage) -> Fault {
    Fault {
        segment: segment.to_owned(),
        offset: damage.offset,
        position: damage.position,
        stream: None,
        event_type: None,
        reason: damage.reason,
        advice: RESTORE.to_owned(),
    }
}
