//! Keys keep order and can be read back.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::*;

type Parts = (Vec<u8>, i64, u64, String);

fn key((bytes, signed, number, text): &Parts) -> Key {
    KeyBuilder::new(b'k')
        .bytes(bytes)
        .i64(*signed)
        .u64_descending(*number)
        .str(text)
        .build()
}

/// Few different bytes, so that prefixes and zeros meet.
fn parts() -> impl Strategy<Value = Parts> {
    let bytes = prop::collection::vec(prop::sample::select(vec![0, 1, 2, 0x61, 0xfe, 0xff]), 0..4);
    let signed = prop_oneof![-2..3_i64, Just(i64::MIN), Just(i64::MAX), any::<i64>()];
    let number = prop_oneof![0..3_u64, Just(u64::MAX), any::<u64>()];
    (bytes, signed, number, "[\0\u{1}a\u{ff}]{0,3}")
}

proptest! {
    #[test]
    fn keys_compare_as_their_parts_do(one in parts(), other in parts()) {
        let order = |(bytes, signed, number, text): &Parts| {
            (bytes.clone(), *signed, Reverse(*number), text.clone().into_bytes())
        };
        prop_assert_eq!(key(&one).cmp(&key(&other)), order(&one).cmp(&order(&other)));
    }

    #[test]
    fn a_key_reads_back(parts in parts(), more in any::<i64>()) {
        let key = KeyBuilder::from(key(&parts)).i64_descending(more).u8(7).fixed(b"four").build();
        let mut reader = KeyReader::new(b'k', &key).unwrap();
        prop_assert_eq!(reader.bytes(), Some(parts.0));
        prop_assert_eq!(reader.i64(), Some(parts.1));
        prop_assert_eq!(reader.u64_descending(), Some(parts.2));
        prop_assert_eq!(reader.str(), Some(parts.3));
        prop_assert_eq!(reader.i64_descending(), Some(more));
        prop_assert_eq!(reader.u8(), Some(7));
        prop_assert!(!reader.is_done());
        prop_assert_eq!(reader.fixed(), Some(*b"four"));
        prop_assert!(reader.is_done());
    }

    #[test]
    fn descending_numbers_run_backwards(one in any::<i64>(), other in any::<i64>()) {
        let key = |part| KeyBuilder::new(0).i64_descending(part).build();
        prop_assert_eq!(key(one).cmp(&key(other)), other.cmp(&one));
    }

    #[test]
    fn the_start_of_a_text_is_a_prefix_of_its_key(text in "[\0a]{0,4}", length in 0..5_usize) {
        let start = &text[..length.min(text.len())];
        let start = KeyBuilder::new(b'k').str_start(start);
        prop_assert!(KeyBuilder::new(b'k').str(&text).build().starts_with(start.as_ref()));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(key in prop::collection::vec(any::<u8>(), 0..20)) {
        let Some(mut reader) = KeyReader::new(key.first().copied().unwrap_or(0), &key) else {
            return Ok(());
        };
        let _ = (reader.bytes(), reader.u64(), reader.str(), reader.fixed::<16>());
    }
}

#[test]
fn a_key_of_another_kind_is_not_read() {
    assert!(KeyReader::new(b'a', b"bc").is_none());
    assert!(KeyReader::new(b'a', b"").is_none());
}
