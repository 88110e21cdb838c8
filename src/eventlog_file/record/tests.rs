use proptest::prelude::*;

use super::*;

const SALT: u32 = 0xdead_beef;

prop_compose! {
    fn new_event()(
        id: u128, version: u16, type_name in "[a-z]{1,9}\\.[a-z_]{1,9}",
        metadata in prop::collection::vec(any::<u8>(), 0..60),
        data in prop::collection::vec(any::<u8>(), 0..300),
    ) -> NewEvent {
        NewEvent {
            id: Uuid::from_u128(id),
            event_type: EventType::parse(type_name).unwrap(),
            version,
            metadata: metadata.into(),
            data: data.into(),
            recorded_at: None,
        }
    }
}

proptest! {
    #[test]
    fn a_record_comes_back(
        event in new_event(), stream in "[a-z]{1,9}-[a-z0-9]{1,40}",
        first in 0..1u64 << 60, delta in 0..1u64 << 40, revision: u64, recorded_us in -1_000_000_000i64..4_000_000_000_000_000,
    ) {
        let stream = StreamName::parse(stream).unwrap();
        let place = Place { delta, revision, recorded_us };
        let mut bytes = Vec::new();
        encode(&mut bytes, SALT, &stream, &event, place);
        prop_assert!(bytes.len() <= encoded_bytes_max(&stream, &event));
        let chunk = Bytes::from(bytes);
        let mut rest = &chunk[..];
        let record = decode_alone(&mut rest, SALT, Position(first)).unwrap();
        prop_assert!(rest.is_empty());
        prop_assert_eq!(Some(record), decode(&mut &chunk[..], Position(first)));
        let recorded = record.recorded(&chunk).unwrap();
        prop_assert_eq!(recorded.position, Position(first + delta));
        prop_assert_eq!(recorded.revision, Revision(revision));
        prop_assert_eq!(recorded.stream, stream);
        prop_assert_eq!(recorded.id, event.id);
        prop_assert_eq!(recorded.event_type, event.event_type);
        prop_assert_eq!(recorded.version, event.version);
        prop_assert_eq!(recorded.recorded_at.as_microsecond(), recorded_us);
        prop_assert_eq!(recorded.metadata, event.metadata);
        prop_assert_eq!(recorded.data, event.data);
    }

    #[test]
    fn bytes_from_anywhere_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&mut &bytes[..], Position(1));
        let _ = decode_alone(&mut &bytes[..], SALT, Position(1));
    }

    #[test]
    fn a_flipped_bit_in_a_record_is_seen(event in new_event(), bit: prop::sample::Index) {
        let stream = StreamName::parse("run-1").unwrap();
        let place = Place { delta: 0, revision: 0, recorded_us: 0 };
        let mut bytes = Vec::new();
        encode(&mut bytes, SALT, &stream, &event, place);
        let (_, said_in) = length(&bytes).unwrap();
        let bit = said_in * 8 + bit.index((bytes.len() - said_in) * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(decode_alone(&mut &bytes[..], SALT, Position(1)), None);
    }
}
