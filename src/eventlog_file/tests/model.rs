//! The file log and the memory log, with the same operations.

use eventlog::{
    Append, AppendError, Appended, EventLog, Expected, Filter, MemoryLog, PageLimit, Position,
    Revision, StreamName,
};
use jiff::Timestamp;
use proptest::prelude::*;

use super::{event, small};
use crate::{FileLog, FileLogConfig};

#[derive(Clone, Debug)]
enum Act {
    Append(Vec<Part>),
    Reopen,
    Kill,
    Read {
        stream: u64,
        from: u64,
        limit: usize,
    },
    Page {
        from: u64,
        back: bool,
        limit: PageLimit,
    },
}

#[derive(Clone, Debug)]
struct Part {
    stream: u64,
    expected: Expected,
    /// Ids are few, so that they meet.
    numbers: Vec<u64>,
}

fn part() -> impl Strategy<Value = Part> {
    let expected = prop_oneof![
        8 => Just(Expected::Any),
        1 => Just(Expected::Empty),
        1 => Just(Expected::Exists),
        2 => (0..6u64).prop_map(|revision| Expected::At(Revision(revision))),
    ];
    let numbers = prop::collection::vec(0..400u64, 1..4);
    (0..5u64, expected, numbers).prop_map(|(stream, expected, numbers)| Part {
        stream,
        expected,
        numbers,
    })
}

fn act() -> impl Strategy<Value = Act> {
    let limit =
        (1..20usize, 1..30usize, 1..2000usize).prop_map(|(events, examined, bytes)| PageLimit {
            events,
            examined,
            bytes,
        });
    prop_oneof![
        12 => prop::collection::vec(part(), 1..4).prop_map(Act::Append),
        1 => Just(Act::Reopen),
        1 => Just(Act::Kill),
        2 => (0..6u64, 0..9u64, 0..9usize)
            .prop_map(|(stream, from, limit)| Act::Read { stream, from, limit }),
        2 => (0..200u64, any::<bool>(), limit)
            .prop_map(|(from, back, limit)| Act::Page { from, back, limit }),
    ]
}

fn stream(number: u64) -> StreamName {
    StreamName::parse(format!("run-{number}")).unwrap()
}

fn config() -> FileLogConfig {
    FileLogConfig {
        segment_bytes: 8 * 1024,
        clock: std::sync::Arc::new(|| Timestamp::UNIX_EPOCH),
        ..small()
    }
}

/// The parts of an outcome that both logs must agree on.
fn data(outcome: &Result<Appended, AppendError>) -> String {
    format!("{outcome:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_file_log_is_a_memory_log_that_lasts(acts in prop::collection::vec(act(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let memory = MemoryLog::new(|| Timestamp::UNIX_EPOCH);
            let mut file = FileLog::open(directory.path(), config()).unwrap();
            for act in acts {
                match act {
                    Act::Append(parts) => {
                        let batch: Vec<Append> = parts.into_iter().map(|part| Append {
                            stream: stream(part.stream),
                            expected: part.expected,
                            events: part.numbers.into_iter().map(event).collect(),
                        }).collect();
                        let wanted = data(&memory.append(batch.clone()).await);
                        assert_eq!(data(&file.append(batch).await), wanted);
                    }
                    Act::Reopen => {
                        drop(file);
                        file = FileLog::open(directory.path(), config()).unwrap();
                    }
                    Act::Kill => {
                        let copied = tempfile::tempdir().unwrap();
                        super::copy(directory.path(), copied.path());
                        drop(file);
                        std::fs::remove_dir_all(directory.path()).unwrap();
                        super::copy(copied.path(), directory.path());
                        file = FileLog::open(directory.path(), config()).unwrap();
                    }
                    Act::Read { stream: number, from, limit } => {
                        let name = stream(number);
                        let from = Revision(from);
                        let wanted = memory.read_stream(&name, from, limit).await.unwrap();
                        assert_eq!(file.read_stream(&name, from, limit).await.unwrap(), wanted);
                        let wanted = memory.stream_head(&name).await.unwrap();
                        assert_eq!(file.stream_head(&name).await.unwrap(), wanted);
                    }
                    Act::Page { from, back, limit } => {
                        let (all, from) = (Filter::all(), Position(from));
                        let pages = match back {
                            false => (memory.read_all(from, &all, limit).await, file.read_all(from, &all, limit).await),
                            true => (memory.read_all_back(from, &all, limit).await, file.read_all_back(from, &all, limit).await),
                        };
                        assert_eq!(pages.0.unwrap(), pages.1.unwrap());
                    }
                }
                assert_eq!(file.head(), memory.head());
            }
        });
    }
}
