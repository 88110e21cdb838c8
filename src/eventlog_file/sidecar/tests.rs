use std::sync::Arc;

use eventlog::{Append, EventLog, Expected, Position, StreamName};

use super::*;
use crate::tests::{batch, event, small};
use crate::{FileLog, FileLogConfig};

fn name(number: u64) -> StreamName {
    StreamName::parse(format!("run-{number}")).unwrap()
}

/// A log of one sealed segment and an active one; the path of the sidecar, and how many events it
/// covers.
fn sealed(directory: &Path, streams: u64) -> (PathBuf, u64) {
    let config = FileLogConfig {
        segment_bytes: 256 * 1024,
        ..small()
    };
    let log = FileLog::open(directory, config).unwrap();
    let mut number = 0;
    while log.stats().segments == 1 {
        let batch = Append {
            stream: name(number % streams),
            expected: Expected::Any,
            events: vec![event(number)],
        };
        log.append_blocking(vec![batch]).unwrap();
        number += 1;
    }
    let events = log.head().0 - 1;
    log.close();
    (directory.join("00000000000000000001.idx"), events)
}

fn header(segment: &Path) -> SegmentHeader {
    let mut bytes = [0; crate::header::HEADER_BYTES];
    File::open(segment)
        .unwrap()
        .read_exact_at(&mut bytes, 0)
        .unwrap();
    SegmentHeader::decode(&bytes).unwrap()
}

#[test]
fn a_sidecar_knows_every_stream_and_every_derived_id() {
    for streams in [1, 7, 100_000] {
        let directory = tempfile::tempdir().unwrap();
        let (path, events) = sealed(directory.path(), streams);
        let sidecar = Sidecar::open(&path, &header(&path.with_extension("seg"))).unwrap();
        assert_eq!(sidecar.next(), events + 1);
        let file = Arc::new(File::open(&path).unwrap());
        let mut records = 0;
        for number in 0..streams.min(events) {
            let name = name(number);
            let entry = sidecar.stream(name.as_str().as_bytes(), || Ok(file.clone()));
            let entry = entry.unwrap().unwrap();
            let offsets = sidecar.offsets(&file, entry, 0, usize::MAX).unwrap();
            assert!(offsets.is_sorted());
            assert_eq!(offsets.len() as u32, entry.count);
            assert_eq!(
                sidecar.offsets(&file, entry, 1, 2).unwrap()[..],
                offsets[1.min(offsets.len())..3.min(offsets.len())]
            );
            records += offsets.len() as u64;
        }
        assert_eq!(records, events);
        for number in 0..events {
            let found = sidecar.id(event(number).id, || Ok(file.clone())).unwrap();
            assert_eq!(found.is_some(), is_kept(event(number).id), "event {number}");
        }
        let unknown = sidecar
            .stream(b"run-999999999", || Ok(file.clone()))
            .unwrap();
        assert_eq!(unknown, None);
    }
}

#[test]
fn no_flipped_byte_of_a_sidecar_is_believed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, events) = sealed(directory.path(), 50);
    let header = header(&path.with_extension("seg"));
    let bytes = std::fs::read(&path).unwrap();
    let sidecar = Sidecar::open(&path, &header).unwrap();
    let before = answers(&sidecar, &path, events).unwrap();
    for at in (0..bytes.len()).step_by(499) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        let seen =
            Sidecar::open(&path, &header).and_then(|sidecar| answers(&sidecar, &path, events));
        match seen {
            Err(SidecarError::Useless(_)) => {}
            // The padding of the pages is ignored.
            Ok(seen) => assert_eq!(seen, before, "byte {at}"),
            Err(SidecarError::Io(error)) => panic!("byte {at}: {error}"),
        }
    }
}

type Answers = (Vec<Option<StreamEntry>>, Vec<Vec<u32>>, Vec<Option<u32>>);

fn answers(sidecar: &Sidecar, path: &Path, events: u64) -> Result<Answers, SidecarError> {
    let file = Arc::new(File::open(path).unwrap());
    let mut answers = Answers::default();
    for number in 0..60 {
        let entry = sidecar.stream(name(number).as_str().as_bytes(), || Ok(file.clone()))?;
        answers.0.push(entry);
        if let Some(entry) = entry {
            answers
                .1
                .push(sidecar.offsets(&file, entry, 0, usize::MAX)?);
        }
    }
    for number in 0..events {
        answers
            .2
            .push(sidecar.id(event(number).id, || Ok(file.clone()))?);
    }
    Ok(answers)
}

/// A sidecar that is lost or damaged costs a reading of its segment, and nothing else.
#[tokio::test]
async fn a_log_answers_the_same_without_its_sidecars() {
    let directory = tempfile::tempdir().unwrap();
    let (path, events) = sealed(directory.path(), 50);
    let bytes = std::fs::read(&path).unwrap();
    let mut damaged_page = bytes.clone();
    // The last pages are those of ids; the first ones of streams come right after what is resident.
    let layout = Layout::decode(bytes[..HEADER_PAGE_BYTES].try_into().unwrap()).unwrap();
    damaged_page[layout.pages_at() as usize * HEADER_PAGE_BYTES + 9] ^= 1;
    for content in [
        Some(bytes.clone()),
        None,
        Some(Vec::new()),
        Some(damaged_page),
    ] {
        match &content {
            Some(content) => std::fs::write(&path, content).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        for read_only in [true, false] {
            let log = match read_only {
                true => FileLog::open_read_only(directory.path()).unwrap(),
                false => FileLog::open(directory.path(), small()).unwrap(),
            };
            assert_eq!(log.head(), Position(events + 1));
            for number in 0..50 {
                let stream = name(number);
                let read = log
                    .read_stream(&stream, eventlog::Revision(2), 9)
                    .await
                    .unwrap();
                assert_eq!(read.len(), 9, "{stream}");
                assert!(read.iter().all(|event| event.stream == stream));
                let head = log.stream_head(&stream).await.unwrap().unwrap().0;
                assert_eq!(
                    head,
                    events / 50 - u64::from(number > events % 50),
                    "{stream}"
                );
            }
        }
    }
    std::fs::remove_file(&path).unwrap();
    drop(FileLog::open(directory.path(), small()).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_repeat_of_a_derived_id_is_known_from_the_sidecar() {
    let directory = tempfile::tempdir().unwrap();
    let config = || FileLogConfig {
        id_window: 0,
        ..small()
    };
    let log = FileLog::open(directory.path(), config()).unwrap();
    let first = log.append_blocking(batch(1)).unwrap();
    for number in 2..500 {
        log.append_blocking(batch(number)).unwrap();
    }
    drop(log);
    let log = FileLog::open(directory.path(), config()).unwrap();
    let again = log.append_blocking(batch(1)).unwrap();
    assert!(again.repeated);
    assert_eq!(again.receipts, first.receipts);
    assert_eq!(log.find(event(1).id).await.unwrap(), Some(first.last()));
    // A random id is only known by the window, and that was chosen to be empty.
    assert!(!log.append_blocking(batch(2)).unwrap().repeated);
}
