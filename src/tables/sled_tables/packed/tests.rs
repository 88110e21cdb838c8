//! Rows in blocks say what rows in an ordered map say.

use proptest::prelude::*;

use super::*;
use crate::{MemoryTables, Range, SledConfig, SledTables, Tables};

/// Few letters, so that keys meet, begin alike and lie on both sides of what parts two blocks.
fn any_key() -> impl Strategy<Value = Key> {
    let letter = prop::sample::select(vec![0_u8, 1, b'a', b'b', 255]);
    prop::collection::vec(letter, 0..6)
}

fn any_value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..12);
    prop::option::weighted(
        0.7,
        prop_oneof![9 => bytes, 1 => Just(vec![7; 3 * BLOCK_BYTES_MAX])],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_say_what_an_ordered_map_says(
        batches in prop::collection::vec(
            prop::collection::vec((any_key(), any_value()), 0..40), 1..12),
        (from, to) in (any_key(), any_key()),
        limit in 1_usize..20,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let opened = SledTables::open(directory.path().join("views"), &SledConfig::default());
        let packed = opened.unwrap().tables.open("rows").unwrap();
        let plain = MemoryTables::new().open("rows").unwrap();
        for writes in batches {
            let mut batch = Batch::new();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.put(key, value),
                    None => batch.delete(key),
                }
            }
            packed.apply(&batch).unwrap();
            plain.apply(&batch).unwrap();
            prop_assert_eq!(packed.scan(Range::all()).unwrap(), plain.scan(Range::all()).unwrap());
            // Twice, and beside each other: what was read last is remembered.
            for key in [&from, &from, &to, &from, &to, &to] {
                prop_assert_eq!(packed.get(key).unwrap(), plain.get(key).unwrap());
            }
        }
        for (key, value) in plain.scan(Range::all()).unwrap() {
            prop_assert_eq!(packed.get(&key).unwrap(), Some(value));
        }
        prop_assert_eq!(packed.get(&from).unwrap(), plain.get(&from).unwrap());
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

/// Rows that arrive in order, at either end, lie densely.
#[test]
fn blocks_that_are_done_with_are_full() {
    for is_descending in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let tree = sled::open(directory.path()).unwrap();
        for count in 0..2000_u32 {
            let number = if is_descending { !count } else { count };
            let mut batch = Batch::new();
            // Somebody else's rows lie around them.
            for prefix in [b"a", b"c"].into_iter().filter(|_| count == 0) {
                batch.put([&prefix[..], b"x"].concat(), vec![]);
            }
            batch.put([b"b", &number.to_be_bytes()[..]].concat(), vec![1; 8]);
            for (key, block) in plan(&tree, &batch).unwrap() {
                match block {
                    Some(block) => tree.insert(key, block).map(drop).unwrap(),
                    None => tree.remove(key).map(drop).unwrap(),
                }
            }
        }
        let sizes = tree.iter().values().map(|block| block.unwrap().len());
        let (count, bytes) = sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size));
        assert!(
            bytes / count >= BLOCK_BYTES_MAX * 3 / 4,
            "{count} blocks, {bytes} bytes"
        );
    }
}

#[test]
fn a_block_of_somebody_else_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let tree = sled::open(directory.path()).unwrap();
    for block in [
        &b""[..],
        b"\x02",
        b"\x01\x01\x01\x00\x00a",
        b"\x01\x00\x09\x00\x00a",
        b"\x01\xff",
    ] {
        tree.insert(b"", block).unwrap();
        assert!(
            matches!(get(&tree, &Recent::default(), b"a"), Err(Unread::Malformed)),
            "{block:?}"
        );
        let scanned = scan(&tree, (Bound::Unbounded, Bound::Unbounded), false, 9);
        assert!(matches!(scanned, Err(Unread::Malformed)), "{block:?}");
    }
}
