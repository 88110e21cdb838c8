//! Blocks, filters and the cache by themselves.

use proptest::prelude::*;

use crate::runs::block::{Cursor, Malformed, Opened};
use crate::runs::builder::Builder;
use crate::runs::cache::Cache;
use crate::runs::filter::{Filter, KindsRead, hash};

fn any_rows() -> impl Strategy<Value = Vec<(Vec<u8>, Option<Vec<u8>>)>> {
    let bytes = || prop::collection::vec(prop::sample::select(vec![0, 1, b'a', 255]), 0..20);
    prop::collection::btree_map(bytes(), prop::option::of(bytes()), 1..60)
        .prop_map(|rows| rows.into_iter().collect())
}

proptest! {
    #[test]
    fn a_block_reads_back_from_any_row_on(rows in any_rows(), sought in 0..80_usize) {
        let mut builder = Builder::default();
        for (key, value) in &rows {
            builder.push(key, value.as_deref());
        }
        let hides = rows.iter().filter(|(_, value)| value.is_none()).count();
        prop_assert_eq!(builder.hides(), hides as u64);
        let block = bytes::Bytes::copy_from_slice(builder.seal());

        let mut cursor = Cursor::new(block.clone()).unwrap();
        for (key, value) in &rows {
            prop_assert!(cursor.advance().unwrap());
            prop_assert_eq!((cursor.key(), cursor.value()), (&key[..], value.as_deref()));
        }
        prop_assert!(!cursor.advance().unwrap());

        let mut opened = Opened::new(block.clone()).unwrap();
        prop_assert_eq!(opened.len(), rows.len());
        for (row, (key, value)) in rows.iter().enumerate().rev() {
            opened.go_to(row).unwrap();
            prop_assert_eq!((opened.key(), opened.value()), (&key[..], value.as_deref()));
        }
        prop_assert!(opened.go_to(rows.len()).is_err());

        let (key, _) = &rows[sought % rows.len()];
        let before = opened.count_before(|found| found < &key[..]).unwrap();
        prop_assert_eq!(before, sought % rows.len());
        let mut near = Cursor::new_near(block, key).unwrap();
        while near.advance().unwrap() && near.key() < &key[..] {}
        prop_assert_eq!(near.key(), &key[..]);
    }

    /// A checksum guards blocks; whatever passes it is still not trusted.
    #[test]
    fn bytes_that_are_no_block_are_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        rows in 0..9_u8,
    ) {
        if let [first, .., second, third, fourth, fifth] = &mut bytes[..] {
            // As far as that, it looks like one.
            (*first, *second, *third, *fourth, *fifth) = (2, rows, 0, 0, 0);
        }
        let read = || -> Result<(), Malformed> {
            let block = bytes::Bytes::from(bytes.clone());
            let mut cursor = Cursor::new(block.clone())?;
            while cursor.advance()? {}
            let mut near = Cursor::new_near(block.clone(), b"a")?;
            while near.advance()? {}
            let mut opened = Opened::new(block)?;
            opened.count_before(|key| key < &b"a"[..])?;
            for row in 0..opened.len() {
                opened.go_to(row)?;
                std::hint::black_box((opened.key(), opened.value()));
            }
            Ok(())
        };
        let _ = read();
    }
}

#[test]
fn a_filter_admits_every_row_and_few_others() {
    let read = KindsRead::default();
    read.note(b"r");
    let key = |kind: &str, number: u32| format!("{kind}default{number:09}").into_bytes();
    let hashes: Vec<u32> = (0..10_000).map(|number| hash(&key("r", number))).collect();
    let filter = Filter::new(read.kinds(), &hashes);
    let mut bytes = Vec::new();
    filter.write_to(&mut bytes);
    assert_eq!(
        Filter::read(&bytes),
        Some(Filter::new(read.kinds(), &hashes))
    );
    assert!(bytes.len() < 13_000, "ten bits per row and no more");

    let admitted = |kind, numbers: std::ops::Range<u32>| {
        let keys = numbers.map(|number| key(kind, number));
        keys.filter(|key| filter.admits(key, hash(key))).count()
    };
    assert_eq!(admitted("r", 0..10_000), 10_000);
    let wrongly = admitted("r", 10_000..110_000);
    assert!(
        wrongly < 6_000,
        "{wrongly} of 100 000 rows that are not there"
    );
    // Keys of this kind were never read, so the filter holds none of them.
    assert_eq!(admitted("i", 0..100), 100);
    assert!(!Filter::new(read.kinds(), &[]).admits(b"r", hash(b"r")));
    assert_eq!(Filter::read(&bytes[1..]), None);
}

#[test]
fn the_cache_keeps_used_blocks_and_stays_within_its_bytes() {
    let cache = Cache::new(100_000);
    let block = || bytes::Bytes::from(vec![0; 1000]);
    cache.put((1, 0), block());
    for offset in 1..10_000 {
        cache.put((2, offset), block());
        assert!(cache.get((1, 0)).is_some(), "it was read a moment ago");
    }
    let kept = (1..10_000).filter(|offset| cache.get((2, *offset)).is_some());
    let kept = kept.count();
    assert!((40..=100).contains(&kept), "{kept} blocks");
    cache.put((3, 0), vec![0; 60_000].into());
    assert!(
        cache.get((3, 0)).is_none(),
        "one block does not push out half of the others"
    );
}
