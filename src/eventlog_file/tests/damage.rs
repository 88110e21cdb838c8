//! Bytes that change where they lie.

use std::path::{Path, PathBuf};

use eventlog::{EventLog, Position, Recorded};

use super::{batch, copy, everything, small};
use crate::frame::FRAME_HEADER_BYTES;
use crate::header::{FRAMES_START, HEADER_BYTES};
use crate::open::list;
use crate::{FileLog, FileLogConfig, OpenError, Scan, Wanted, verify};

/// A closed log of several segments, and what is in it.
fn written(directory: &Path) -> Vec<Recorded> {
    let log = FileLog::open(directory, small()).unwrap();
    let mut number = 0;
    while log.stats().segments < 4 {
        let parts = (number..number + 1 + number % 3).flat_map(batch).collect();
        log.append_blocking(parts).unwrap();
        number += 3;
    }
    for number in number..number + 9 {
        log.append_blocking(batch(number)).unwrap();
    }
    log.close();
    everything(&log).unwrap()
}

/// Everything up to a position.
fn up_to(until: Position) -> Wanted {
    Wanted {
        until,
        ..Wanted::ALL
    }
}

/// Where the frames of a segment begin and end, the mark included.
fn frames_end(directory: &Path, segment: &Path) -> u64 {
    let mut end = FRAMES_START;
    let mut scan = Scan::new(directory, Position::START).unwrap();
    while let Some(frame) = scan.next_frame().unwrap() {
        if scan.segment() == Some(segment) {
            end = frame.end();
        }
    }
    end
}

#[test]
fn a_flipped_byte_is_found_where_it_is_and_never_served() {
    let directory = tempfile::tempdir().unwrap();
    let events = written(directory.path());
    let segments: Vec<PathBuf> = list(directory.path())
        .unwrap()
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    let last = segments.last().unwrap();
    let (mut found, mut harmless) = (0, 0);
    for path in &segments {
        let whole = std::fs::read(path).unwrap();
        let end = frames_end(directory.path(), path);
        for at in (0..whole.len()).step_by(37) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(path, &damaged).unwrap();
            let at = at as u64;
            // The rest of the first page is ignored, and so is the reserved rest, unless it looks
            // like a frame after the mark.
            let mark_end = end + FRAME_HEADER_BYTES as u64;
            if path == last && (mark_end..mark_end + FRAME_HEADER_BYTES as u64).contains(&at) {
                continue;
            }
            let padding = (HEADER_BYTES as u64..FRAMES_START).contains(&at)
                || (path == last && at >= mark_end);
            match verify(directory.path(), |_, _| {}) {
                Ok(report) => {
                    assert!(padding, "byte {at} of {} went unseen", path.display());
                    assert_eq!(report.events, events.len() as u64);
                    harmless += 1;
                }
                Err(OpenError::Fault(fault)) => {
                    assert!(!padding);
                    assert_eq!(&fault.segment, path);
                    assert!(
                        fault.offset <= at && at < fault.offset + 2000,
                        "{fault}, not {at}"
                    );
                    let next = events.len() as u64 + 1;
                    assert!((1..=next).contains(&fault.position.0), "{fault}");
                    found += 1;
                }
                // A bit of the version, which may be that of a newer program.
                Err(OpenError::Header { segment, .. }) => {
                    assert!((8..12).contains(&at));
                    assert_eq!(&segment, path);
                    found += 1;
                }
                Err(other) => panic!("{other}"),
            }
            serves_only_truth(directory.path(), &events, padding);
        }
        std::fs::write(path, whole).unwrap();
    }
    assert!(found > 500 && harmless > 100, "{found} {harmless}");
}

/// Reads as a server would, which opens sealed segments by their sidecars alone.
fn serves_only_truth(directory: &Path, events: &[Recorded], harmless: bool) {
    let Ok(log) = FileLog::open_read_only(directory) else {
        assert!(!harmless);
        return;
    };
    match everything(&log) {
        Ok(read) => assert_eq!(read, events),
        Err(error) => assert!(!harmless, "{error}"),
    }
    for event in events.iter().step_by(17) {
        match log.shared.read_stream(&event.stream, event.revision, 1) {
            Ok(read) => assert_eq!(read, std::slice::from_ref(event)),
            Err(error) => assert!(!harmless, "{error}"),
        }
    }
}

#[test]
fn damage_keeps_a_log_from_being_written_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let (_, last) = list(directory.path()).unwrap().pop().unwrap();
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[FRAMES_START as usize + FRAME_HEADER_BYTES + 5] ^= 1;
    std::fs::write(&last, &bytes).unwrap();
    let error = FileLog::open(directory.path(), small()).err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, OpenError::Fault(_)), "{text}");
    for part in [last.to_str().unwrap(), "byte 4096", "position", "backup"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(std::fs::read(&last).unwrap(), bytes);
}

/// Wherever a byte has changed: up to the place that is named, everything can be read, and nothing
/// else.
#[test]
fn events_before_damage_can_be_saved() {
    let directory = tempfile::tempdir().unwrap();
    let events = written(directory.path());
    let (first, last) = list(directory.path()).unwrap().pop().unwrap();
    let whole = std::fs::read(&last).unwrap();
    let end = frames_end(directory.path(), &last) as usize;
    let mut saved_of_last = 0;
    for at in (FRAMES_START as usize..end).step_by(97) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&last, &damaged).unwrap();
        let Some(OpenError::Fault(fault)) = FileLog::open_read_only(directory.path()).err() else {
            // The last frame of all may be a torn one.
            continue;
        };
        let until = Position(fault.position.0 - 1);
        let log = FileLog::open_part_read_only(directory.path(), None, up_to(until)).unwrap();
        let read = everything(&log).unwrap();
        assert_eq!(read, events[..until.0 as usize], "byte {at}");
        assert_eq!(log.head(), until);
        saved_of_last += usize::from(until >= first);
    }
    assert!(saved_of_last > 3, "{saved_of_last}");
}

#[test]
fn a_segment_that_is_missing_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let events = written(directory.path());
    let segments = list(directory.path()).unwrap();
    let (first, path) = &segments[1];
    std::fs::rename(path, directory.path().join("elsewhere")).unwrap();
    let error = FileLog::open(directory.path(), small())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains(&format!("positions {first} to")), "{error}");
    assert!(verify(directory.path(), |_, _| {}).is_err());
    std::fs::rename(directory.path().join("elsewhere"), path).unwrap();
    // A log may begin later than at its first position, when its older part is stored elsewhere.
    let report = verify(directory.path(), |_, _| {}).unwrap();
    assert_eq!(report.events, events.len() as u64);
    assert_eq!(report.streams, 7);
    assert_eq!(report.head, events.last().unwrap().position);
}

/// A sealed segment that lost its end, whether its sidecar is there or not: the place that is named
/// is the one up to which everything can be saved.
#[test]
fn the_place_where_a_sealed_segment_was_cut_is_the_true_one() {
    let source = tempfile::tempdir().unwrap();
    let events = written(source.path());
    let (first, _) = list(source.path()).unwrap().swap_remove(1);
    let mut frames = Vec::new();
    let mut scan = Scan::new(source.path(), Position::START).unwrap();
    while let Some(frame) = scan.next_frame().unwrap() {
        if scan.segment() == Some(&list(source.path()).unwrap()[1].1) {
            frames.push((frame.offset, frame.header.first));
        }
    }
    let (border, at_border) = frames[frames.len() / 2];
    let cuts = [
        (0, 0, first.0),
        (20, 0, first.0),
        (FRAMES_START, FRAMES_START, first.0),
        (border, border, at_border),
        (border + 1, border, at_border),
        (border + 200, border, at_border),
    ];
    for (length, offset, position) in cuts {
        for with_sidecar in [true, false] {
            let directory = tempfile::tempdir().unwrap();
            copy(source.path(), directory.path());
            let (_, path) = list(directory.path()).unwrap().swap_remove(1);
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_len(length).unwrap();
            if !with_sidecar {
                std::fs::remove_file(path.with_extension("idx")).unwrap();
            }
            let row = format!("cut at {length}, with a sidecar: {with_sidecar}");
            let verified = verify(directory.path(), |_, _| {}).err();
            let opened = FileLog::open_read_only(directory.path()).err();
            for error in [verified, opened] {
                let Some(OpenError::Fault(fault)) = error else {
                    panic!("{row}: {error:?}");
                };
                assert_eq!(fault.segment, path, "{row}: {fault}");
                assert_eq!(fault.offset, offset, "{row}: {fault}");
                assert_eq!(fault.position, Position(position), "{row}: {fault}");
            }
            let until = up_to(Position(position - 1));
            let log = FileLog::open_part_read_only(directory.path(), None, until).unwrap();
            let saved = everything(&log).unwrap();
            assert_eq!(saved, events[..position as usize - 1], "{row}");
        }
    }
}

/// `FORMAT.md` promises that sealed segments are not read when a log is opened. The ids of the
/// newest events were, so that damage among them kept a server from starting.
#[test]
fn damage_in_a_sealed_segment_does_not_forbid_a_start() {
    let directory = tempfile::tempdir().unwrap();
    let events = written(directory.path());
    let segments = list(directory.path()).unwrap();
    let (first, path) = &segments[1];
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let log = FileLog::open(directory.path(), small()).unwrap();
    let place = log.describe().damage.expect("the damage is remembered");
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(place.contains(name), "{place}");
    assert_eq!(log.stats().damage_met, 1);
    // Ids after the damage are known, and so are those before it that are derived from a caller's
    // key.
    let derived = events.iter().find(|event| event.id.get_version_num() == 5);
    for known in [derived.unwrap(), events.last().unwrap()] {
        let found = log.shared.find(known.id).unwrap();
        assert_eq!(found, Some(known.position));
    }
    log.append_blocking(batch(1_000_000)).unwrap();
    // A read there returns the place, and is counted.
    let before = Position(first.0 - 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let limit = eventlog::PageLimit::events(10_000);
    let read = runtime.block_on(log.read_all(before, &eventlog::Filter::all(), limit));
    assert!(read.unwrap_err().to_string().contains(name));
    assert_eq!(log.stats().damage_met, 2);
}

/// A record is found by its offset alone, and yet its position is what an operator needs.
#[test]
fn a_damaged_record_is_named_by_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let events = written(directory.path());
    let (_, path) = list(directory.path()).unwrap().swap_remove(1);
    let whole = std::fs::read(&path).unwrap();
    let mut scan = Scan::new(directory.path(), Position::START).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = scan.next_frame().unwrap() {
        if scan.segment() == Some(&path) {
            frames.push(frame);
        }
    }
    let frame = &frames[frames.len() / 2];
    let event = &events[frame.header.first as usize - 1];
    for cut in [false, true] {
        let mut damaged = whole.clone();
        match cut {
            true => damaged.truncate(frame.offset as usize + 10),
            false => damaged[frame.offset as usize + FRAME_HEADER_BYTES + 30] ^= 1,
        }
        let log = FileLog::open_read_only(directory.path()).unwrap();
        std::fs::write(&path, &damaged).unwrap();
        let read = log.shared.read_stream(&event.stream, event.revision, 1);
        let error = read.unwrap_err().to_string();
        let place = format!("at byte {} of", frame.offset);
        let position = format!("position {} should", frame.header.first);
        assert!(
            error.contains(&place) && error.contains(&position),
            "{error}"
        );
        std::fs::write(&path, &whole).unwrap();
    }
    // A segment that is removed while the log is open is damage as well.
    let config = FileLogConfig {
        open_files_max: 1,
        ..small()
    };
    let log = FileLog::open(directory.path(), config).unwrap();
    std::fs::remove_file(&path).unwrap();
    let read = log.shared.read_stream(&event.stream, event.revision, 1);
    let error = read.unwrap_err().to_string();
    assert!(error.contains("the segment is missing"), "{error}");
}

#[test]
fn a_segment_of_another_log_or_of_the_future_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    written(directory.path());
    written(other.path());
    let (_, path) = list(directory.path()).unwrap().swap_remove(1);
    let (_, foreign) = list(other.path()).unwrap().swap_remove(1);
    let own = std::fs::read(&path).unwrap();
    std::fs::copy(foreign, &path).unwrap();
    let error = FileLog::open(directory.path(), small())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("another log"), "{error}");
    let mut newer = own;
    newer[8] = 2;
    std::fs::write(&path, newer).unwrap();
    let error = FileLog::open(directory.path(), small())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("its format is 2") && error.contains("up to 1"),
        "{error}"
    );
}

#[test]
fn every_cut_of_the_last_frames_leaves_whole_commits() {
    let source = tempfile::tempdir().unwrap();
    let log = FileLog::open(source.path(), small()).unwrap();
    let mut ends = vec![(FRAMES_START, 0)];
    for number in 0..6 {
        let parts = (number * 3..number * 3 + 1 + number % 3)
            .flat_map(batch)
            .collect();
        log.append_blocking(parts).unwrap();
        ends.push((log.shared.segments()[0].end(), log.head().0));
    }
    let events = everything(&log).unwrap();
    let (end, _) = ends[6];
    let directory = tempfile::tempdir().unwrap();
    for cut in (ends[3].0..=end).rev() {
        copy(source.path(), directory.path());
        let (_, path) = list(directory.path()).unwrap().pop().unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(cut).unwrap();
        // A file that was reserved keeps its length, and has zeros from some sector on.
        if cut % 512 == 0 {
            file.set_len(16 * 1024).unwrap();
        }
        let whole = ends.iter().rev().find(|(end, _)| *end <= cut).unwrap().1;
        if cut % 7 == 0 {
            let log = FileLog::open(directory.path(), small()).unwrap();
            assert_eq!(log.head(), Position(whole), "cut at {cut}");
            log.append_blocking(batch(1000)).unwrap();
            drop(log);
            let report = verify(directory.path(), |_, _| {}).unwrap();
            assert_eq!(report.events, whole + 1);
        } else {
            let log = FileLog::open_read_only(directory.path()).unwrap();
            assert_eq!(
                everything(&log).unwrap()[..],
                events[..whole as usize],
                "cut at {cut}"
            );
        }
    }
}

/// A sector that is lost looks like a torn write, but for the commits that come after it.
#[test]
fn a_lost_sector_before_a_later_commit_is_no_torn_write() {
    let directory = tempfile::tempdir().unwrap();
    let log = FileLog::open(directory.path(), small()).unwrap();
    let mut ends = Vec::new();
    for number in 0..4 {
        log.append_blocking((number * 9..number * 9 + 9).flat_map(batch).collect())
            .unwrap();
        ends.push(log.shared.segments()[0].end());
    }
    // No mark at the end, as after a crash.
    let crashed = tempfile::tempdir().unwrap();
    copy(directory.path(), crashed.path());
    let (_, path) = list(crashed.path()).unwrap().pop().unwrap();
    let whole = std::fs::read(&path).unwrap();
    for (frame, later) in [(1, true), (2, true), (3, false)] {
        let sector = (ends[frame - 1] / 512 + 2) as usize * 512;
        assert!((sector + 512) as u64 <= ends[frame]);
        let mut damaged = whole.clone();
        damaged[sector..sector + 512].fill(0);
        std::fs::write(&path, &damaged).unwrap();
        match FileLog::open_read_only(crashed.path()) {
            Err(OpenError::Fault(fault)) => {
                assert!(later, "{fault}");
                assert_eq!(fault.offset, ends[frame - 1]);
                assert!(fault.reason.contains("later one"), "{fault}");
            }
            Err(other) => panic!("{other}"),
            // Whether the last commit was ever whole cannot be known.
            Ok(log) => {
                assert!(!later, "frame {frame}");
                assert_eq!(log.head(), Position(27));
            }
        }
    }
}
