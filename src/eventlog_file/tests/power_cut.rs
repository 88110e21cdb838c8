//! A power cut, on a disk that is kept in memory: what was synced is there, and of what was not,
//! any sectors may be there or not, in any order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::{EventLog, Position};
use parking_lot::Mutex;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::{batch, everything, small};
use crate::{Faults, FileLog, FileLogConfig, HeadRecord, Operation, Verdict, Wanted, verify};

const SECTOR: usize = 512;
const HEAD_RECORD: &str = "head.json";

/// What happened, in order.
#[derive(Clone, Debug)]
enum Step {
    Write(PathBuf, u64, Vec<u8>),
    Sync(PathBuf),
    Create(PathBuf),
    SetLength(PathBuf, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncDirectory,
    /// An append was answered: everything up to here must survive.
    Acknowledged(Position),
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Step>>);

impl Faults for Recorder {
    fn before(&self, path: &Path, operation: Operation<'_>) -> Verdict {
        let path = path.to_owned();
        self.0.lock().push(match operation {
            Operation::Write { offset, bytes } => Step::Write(path, offset, bytes.to_vec()),
            Operation::Sync => Step::Sync(path),
            Operation::Create => Step::Create(path),
            Operation::SetLength(length) => Step::SetLength(path, length),
            Operation::Rename(to) => Step::Rename(path, to.to_owned()),
            Operation::Remove => Step::Remove(path),
            Operation::SyncDirectory => Step::SyncDirectory,
        });
        Verdict::Proceed
    }
}

/// A file as the disk has it, and what is only in the page cache.
#[derive(Clone, Debug, Default)]
struct Model {
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Clone, Debug)]
enum Pending {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Model {
    fn apply(&mut self, pending: &Pending, survives: &mut impl FnMut() -> bool) {
        match pending {
            Pending::Length(length) => {
                if survives() {
                    self.durable.resize(*length as usize, 0);
                }
            }
            Pending::Write(offset, bytes) => {
                let end = *offset as usize + bytes.len();
                let mut at = *offset as usize;
                while at < end {
                    let sector_end = (at / SECTOR + 1) * SECTOR;
                    let to = sector_end.min(end);
                    if survives() {
                        if self.durable.len() < to {
                            self.durable.resize(to, 0);
                        }
                        let from = at - *offset as usize;
                        self.durable[at..to].copy_from_slice(&bytes[from..from + to - at]);
                    }
                    at = to;
                }
            }
        }
    }

    fn settle(&mut self, mut survives: impl FnMut() -> bool) {
        for pending in std::mem::take(&mut self.pending) {
            self.apply(&pending, &mut survives);
        }
    }
}

/// The disk after some steps: contents by a number, and names, of which the later ones may not be
/// durable.
#[derive(Clone, Debug, Default)]
struct Disk {
    files: Vec<Model>,
    durable_names: BTreeMap<PathBuf, usize>,
    names: BTreeMap<PathBuf, usize>,
}

impl Disk {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Create(path) => {
                self.names.insert(path.clone(), self.files.len());
                self.files.push(Model::default());
            }
            Step::Write(path, offset, bytes) => {
                let pending = Pending::Write(*offset, bytes.clone());
                self.file(path).pending.push(pending);
            }
            Step::SetLength(path, length) => self.file(path).pending.push(Pending::Length(*length)),
            Step::Sync(path) => self.file(path).settle(|| true),
            Step::Rename(from, to) => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
            }
            Step::Remove(path) => drop(self.names.remove(path)),
            Step::SyncDirectory => self.durable_names = self.names.clone(),
            Step::Acknowledged(_) => {}
        }
    }

    fn file(&mut self, path: &Path) -> &mut Model {
        &mut self.files[self.names[path]]
    }

    /// Writes down what is left after a power cut.
    fn after_power_cut(&self, directory: &Path, rng: &mut TestRng) {
        let mut left = self.clone();
        let odds = [0, 8, 16, 24, 32][rng.next_u32() as usize % 5];
        let mut survives = || rng.next_u32() % 32 < odds;
        let names = match survives() {
            true => &self.names,
            false => &self.durable_names,
        };
        for (path, &file) in names {
            left.files[file].settle(&mut survives);
            let name = path.file_name().unwrap();
            std::fs::write(directory.join(name), &left.files[file].durable).unwrap();
        }
    }
}

#[test]
fn what_was_acknowledged_survives_every_power_cut() {
    let source = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder::default());
    let config = FileLogConfig {
        faults: Some(recorder.clone()),
        segment_bytes: 12 * 1024,
        head_record: Some(source.path().join(HEAD_RECORD)),
        ..small()
    };
    let log = FileLog::open(source.path(), config).unwrap();
    let mut ends = vec![0];
    for number in 0..70 {
        // Most frames are longer than a sector, some are shorter than one.
        let count = [1, 4, 2, 9, 1][number % 5];
        let number = number as u64 * 10;
        let parts = (number..number + count).flat_map(batch).collect();
        let appended = log.append_blocking(parts).unwrap();
        ends.push(appended.last().0);
        let step = Step::Acknowledged(appended.last());
        recorder.0.lock().push(step);
    }
    log.close();
    let events = everything(&log).unwrap();
    let steps = recorder.0.lock().clone();
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut disk = Disk::default();
    let mut acknowledged = 0;
    let mut torn = 0;
    let mut recorded = 0;
    for (index, step) in steps.iter().enumerate() {
        disk.step(step);
        if let Step::Acknowledged(position) = step {
            acknowledged = position.0;
        }
        for round in 0..4 {
            let image = tempfile::tempdir().unwrap();
            disk.after_power_cut(image.path(), &mut rng);
            let before = format!("after step {index} of {}, round {round}", steps.len());
            let record = image.path().join(HEAD_RECORD);
            recorded += u64::from(matches!(HeadRecord::read(&record), Ok(Some(_))));
            // The record of the head raises no false alarm.
            let log = match FileLog::open_part_read_only(image.path(), Some(record), Wanted::ALL) {
                Ok(log) => log,
                Err(error) => panic!("{before}: {error}"),
            };
            let found = everything(&log).unwrap();
            assert!(found.len() as u64 >= acknowledged, "{before}: lost");
            assert_eq!(found[..], events[..found.len()], "{before}");
            assert!(
                ends.contains(&(found.len() as u64)),
                "{before}: half a commit"
            );
            torn += u64::from(found.len() as u64 > acknowledged);
            if (index + round) % 29 == 0 {
                goes_on(image.path(), found.len() as u64);
            }
        }
    }
    assert!(recorded > 10, "only {recorded} records were found");
    assert!(
        torn > 10,
        "only {torn} commits survived without having been answered"
    );
}

/// What is left can be written to again, and read after that.
fn goes_on(directory: &Path, events: u64) {
    let log = FileLog::open(directory, small()).unwrap();
    assert_eq!(log.head(), Position(events));
    log.append_blocking(batch(5000)).unwrap();
    log.append_blocking(batch(5001)).unwrap();
    drop(log);
    let report = verify(directory, |_, _| {}).unwrap();
    assert_eq!(report.events, events + 2);
}
