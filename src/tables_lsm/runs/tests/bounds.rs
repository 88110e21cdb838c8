//! Sizes and bounds at which something changes, met exactly.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::runs::cache::Cache;
use crate::runs::filter::KindsRead;
use crate::runs::folder::Folder;
use crate::runs::walk::Walk;
use crate::runs::writer::{BLOCK_BYTES, SMALL_BYTES_MAX, Writer};

fn folder(directory: &std::path::Path) -> Folder {
    Folder::open(directory, &BTreeSet::new(), 1 << 20).unwrap()
}

/// A key of its own for a row whose value makes a block just so large.
fn row_of(bytes: usize) -> (Vec<u8>, Vec<u8>) {
    // The format (1), two numbers for the key and two for the value, each of one byte, and the key.
    let value = vec![7; bytes - 1 - 4 - 1];
    (vec![b'k'], value)
}

#[test]
fn a_block_ends_as_soon_as_it_is_as_large_as_it_should_be() {
    for (bytes, ends) in [
        (BLOCK_BYTES - 1, false),
        (BLOCK_BYTES, true),
        (BLOCK_BYTES + 1, true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let folder = folder(directory.path());
        let mut writer = Writer::new(&folder, KindsRead::default().kinds());
        let (key, value) = row_of(bytes);
        writer.push(&key, Some(&value)).unwrap();
        let (begun, written) = writer.state();
        assert_eq!(begun, if ends { 0 } else { bytes }, "{bytes}");
        assert_eq!(written > 0, ends, "{bytes}");
    }
}

/// A block of another run is taken over only where what is begun is no crumb.
#[test]
fn a_block_that_is_half_full_may_end_early() {
    for (bytes, may_end) in [(BLOCK_BYTES / 2 - 1, false), (BLOCK_BYTES / 2, true)] {
        let directory = tempfile::tempdir().unwrap();
        let folder = folder(directory.path());
        let mut writer = Writer::new(&folder, KindsRead::default().kinds());
        assert!(writer.is_between_blocks());
        let (key, value) = row_of(bytes);
        writer.push(&key, Some(&value)).unwrap();
        assert_eq!(writer.is_between_blocks(), may_end, "{bytes}");
    }
}

/// A run that is exactly as large as a small one may be stays in memory.
#[test]
fn a_run_goes_to_a_file_only_beyond_the_size_of_a_small_one() {
    let run = |value: usize| {
        let directory = tempfile::tempdir().unwrap();
        let folder = folder(directory.path());
        let mut writer = Writer::new(&folder, KindsRead::default().kinds());
        writer.push(b"k", Some(&vec![7; value])).unwrap();
        let run = writer.finish().unwrap().unwrap();
        (run.size.bytes as usize, run.is_in_file())
    };
    let (bytes, _) = run(200);
    let value = 200 + SMALL_BYTES_MAX - bytes;
    // A longer value may take a longer number for its length.
    let exact = (value - 4..=value).find(|value| run(*value).0 == SMALL_BYTES_MAX);
    let exact = exact.expect("a value makes the run as large as a small one may be");
    assert_eq!(run(exact), (SMALL_BYTES_MAX, false));
    assert_eq!(run(exact + 1), (SMALL_BYTES_MAX + 1, true));
}

/// A scan outside the keys of a run reads none of its blocks: with many runs that is most of a
/// scan's cost.
#[test]
fn a_run_outside_the_bounds_of_a_scan_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let folder = folder(directory.path());
    let mut writer = Writer::new(&folder, KindsRead::default().kinds());
    for number in 0..100_u8 {
        writer.push(&[b'm', number], Some(&[7; 40])).unwrap();
    }
    let run = writer.finish().unwrap().unwrap();
    assert!(run.is_in_file());
    let included = |key: &'static [u8]| Bound::Included(key);
    let excluded = |key: &'static [u8]| Bound::Excluded(key);
    for (bounds, is_there) in [
        ((included(b"a"), included(b"l")), false),
        ((Bound::Unbounded, included(b"l")), false),
        ((included(b"n"), included(b"z")), false),
        ((included(b"n"), Bound::Unbounded), false),
        // The first and the last key themselves.
        ((Bound::Unbounded, excluded(b"m\x00")), false),
        ((Bound::Unbounded, included(b"m\x00")), true),
        ((excluded(b"m\x63"), Bound::Unbounded), false),
        ((included(b"m\x63"), Bound::Unbounded), true),
        ((Bound::Unbounded, Bound::Unbounded), true),
    ] {
        for reverse in [false, true] {
            let cache = Cache::new(1 << 20);
            let mut walk = Walk::new(&run, &cache, reverse);
            assert_eq!(
                walk.begin(bounds).unwrap(),
                is_there,
                "{bounds:?} {reverse}"
            );
            let (_, first_index) = run.top[0];
            let is_read = cache.get((run.number, first_index.offset)).is_some()
                || run
                    .top
                    .last()
                    .is_some_and(|(_, last)| cache.get((run.number, last.offset)).is_some());
            assert_eq!(is_read, is_there, "{bounds:?} {reverse}");
        }
    }
}
