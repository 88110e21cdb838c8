//! Runs hold what an ordered map holds.

mod bounds;
mod parts;

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use tables::{Batch, Key, MemoryTables, Range, Tables};

use crate::{LsmConfig, LsmTables};

/// Few letters, so that keys collide, share beginnings and fall on both sides of block borders.
fn any_key() -> impl Strategy<Value = Key> {
    let letter = prop::sample::select(vec![0_u8, 1, b'a', b'b', 255]);
    prop::collection::vec(letter, 0..6)
}

fn any_value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..12);
    let large = vec![7; 3 * writer::BLOCK_BYTES];
    prop::option::weighted(0.6, prop_oneof![9 => bytes, 1 => Just(large)])
}

fn batch(writes: Vec<(Key, Option<Vec<u8>>)>) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        }
    }
    batch
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Through every size of runs, merges of small and of large ones, and reopening.
    #[test]
    fn runs_read_like_an_ordered_map(
        batches in prop::collection::vec(
            (prop::collection::vec((any_key(), any_value()), 0..40), 0..8_u8), 1..30),
        (from, to) in (any_key(), any_key()),
        limit in 1_usize..20,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("views");
        let mut tables = open(&path);
        let mut packed = tables.open("rows").unwrap();
        let plain = MemoryTables::new().open("rows").unwrap();
        for (writes, then) in batches {
            let batch = batch(writes);
            packed.apply(&batch).unwrap();
            plain.apply(&batch).unwrap();
            prop_assert_eq!(packed.scan(Range::all()).unwrap(), plain.scan(Range::all()).unwrap());
            for key in [&from, &to] {
                prop_assert_eq!(packed.get(key).unwrap(), plain.get(key).unwrap());
            }
            if then == 0 {
                tables.persist().unwrap();
            }
            if then == 1 {
                tables.persist().unwrap();
                drop((packed, tables));
                tables = open(&path);
                packed = tables.open("rows").unwrap();
            }
        }
        for (key, value) in plain.scan(Range::all()).unwrap() {
            prop_assert_eq!(packed.get(&key).unwrap(), Some(value));
        }
        for bound in [Bound::Included(&from[..]), Bound::Excluded(&from[..]), Bound::Unbounded] {
            for end in [Bound::Included(&to[..]), Bound::Excluded(&to[..]), Bound::Unbounded] {
                let range = Range::between(bound, end).limit(limit);
                for range in [range.clone(), range.reverse()] {
                    let expected = plain.scan(range.clone()).unwrap();
                    prop_assert_eq!(packed.scan(range).unwrap(), expected);
                }
            }
        }
    }
}

fn open(path: &Path) -> LsmTables {
    let opened = LsmTables::open(path, &LsmConfig::default()).unwrap();
    assert_eq!(opened.damaged, None);
    opened.tables
}

/// A set without a database, as far as it needs none.
fn lone_set(directory: &Path) -> RunSet {
    let folder = Folder::open(directory, &[].into(), 1 << 20).unwrap();
    RunSet::new(Arc::new(folder), vec![])
}

fn apply(runs: &RunSet, writes: impl IntoIterator<Item = (String, bool)>) {
    let writes = writes.into_iter();
    let writes = writes.map(|(key, is_there)| (key.into_bytes(), is_there.then(|| vec![b'v'; 20])));
    let is_merge_due = runs.apply(&batch(writes.collect())).unwrap().unwrap();
    if is_merge_due {
        runs.merge_large();
    }
}

/// Otherwise a queue would be read through everything that ever stood in it.
#[test]
fn what_was_put_and_deleted_is_forgotten_though_old_rows_stay() {
    let directory = tempfile::tempdir().unwrap();
    let runs = lone_set(directory.path());
    apply(
        &runs,
        (0..2000).map(|number| (format!("a{number:05}"), true)),
    );
    apply(
        &runs,
        (0..2000).map(|number| (format!("c{number:05}"), true)),
    );
    let before = runs.sizes().iter().sum::<u64>();
    for number in 0..2000 {
        apply(&runs, [(format!("b{number:05}"), true)]);
        apply(&runs, [(format!("b{number:05}"), false)]);
    }
    let after = runs.sizes().iter().sum::<u64>();
    assert!(after < before + 8 * 1024, "{before} bytes became {after}");
    assert_eq!(runs.scan(&Range::prefix("b")).unwrap().unwrap(), []);
}

#[test]
fn an_emptied_table_takes_no_space() {
    let directory = tempfile::tempdir().unwrap();
    let runs = lone_set(directory.path());
    let key = |number: u32| format!("{number:05}");
    for first in (0..1000).step_by(10) {
        apply(&runs, (first..first + 10).map(|number| (key(number), true)));
    }
    apply(&runs, (0..1000).map(|number| (key(number), false)));
    // The next batches take along what is hidden.
    for number in 0..2000 {
        apply(&runs, [(key(number), false)]);
    }
    assert!(
        runs.sizes().iter().sum::<u64>() < 2048,
        "{:?}",
        runs.sizes()
    );
    let files = std::fs::read_dir(directory.path().join("runs")).unwrap();
    assert!(files.count() <= runs.sizes().len());
}

/// Lists by time and rows by number grow at one end: they are copied, and stay as they were packed.
#[test]
fn rows_that_grow_at_one_end_are_few_runs_of_full_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let runs = lone_set(directory.path());
    for number in (0..3000_u32).rev() {
        apply(
            &runs,
            [
                (format!("a{number:05}"), true),
                (format!("b{:05}", 9999 - number), true),
            ],
        );
    }
    let (sizes, rows) = (runs.sizes(), 6000);
    assert!(sizes.len() <= 12, "{sizes:?}");
    // A block of 64 bytes holds a row or two of 20 bytes, and an index names it.
    let per_row = sizes.iter().sum::<u64>() / rows;
    assert!(per_row < 120, "{per_row} bytes per row");
    assert_eq!(
        runs.scan(&Range::all()).unwrap().unwrap().len() as u64,
        rows
    );
}

#[test]
fn batches_and_reads_continue_during_a_merge() {
    let directory = tempfile::tempdir().unwrap();
    let runs = lone_set(directory.path());
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::Acquire) {
                runs.merge_large();
                std::thread::yield_now();
            }
        });
        for round in 0..300_u32 {
            let keys = 0..40_u32;
            let writes =
                keys.map(|key| (format!("{:04}", key * 7 + round % 7), key % 5 != round % 5));
            let writes = writes.map(|(key, is_there)| {
                (
                    key.into_bytes(),
                    is_there.then(|| round.to_be_bytes().to_vec()),
                )
            });
            runs.apply(&batch(writes.collect())).unwrap().unwrap();
            let seen = runs.scan(&Range::all()).unwrap().unwrap();
            let newest = seen
                .iter()
                .filter(|(_, value)| value[..] == round.to_be_bytes());
            assert_eq!(newest.count(), 32, "round {round}");
        }
        is_over.store(true, std::sync::atomic::Ordering::Release);
    });
    assert!(runs.sizes().len() < 48);
}

#[test]
fn a_dropped_table_answers_nothing_and_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let files = || std::fs::read_dir(path.join("runs")).unwrap().count();
    let tables = open(&path);
    for name in ["kept", "dropped"] {
        let rows = (0..500_u16).map(|number| (number.to_be_bytes().to_vec(), Some(vec![1; 20])));
        tables
            .open(name)
            .unwrap()
            .apply(&batch(rows.collect()))
            .unwrap();
    }
    tables.persist().unwrap();
    let before = files();
    tables.drop_table("dropped").unwrap();
    tables.persist().unwrap();
    assert!(before > 1 && files() < before, "{before} {}", files());
    // Also of one that was not opened.
    drop(tables);
    let tables = open(&path);
    tables.drop_table("kept").unwrap();
    tables.persist().unwrap();
    assert_eq!(files(), 0);
}

#[test]
fn a_file_without_an_entry_is_removed_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    drop(open(&path));
    let leftover = path.join("runs").join("77");
    std::fs::write(&leftover, "half a run").unwrap();
    drop(open(&path));
    assert!(!leftover.exists());
}
