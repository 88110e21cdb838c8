use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::EventKind;

/// One row per shape ever released. Rows are added, never edited.
const ARCHIVE: &str = include_str!("../../../../tests/archive/events.jsonl");

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "type")]
    event_type: String,
    version: u16,
    data: Box<RawValue>,
    reads_as: Box<RawValue>,
}

#[test]
fn every_version_ever_written_still_reads() {
    for (line, row) in archive() {
        let Row {
            event_type,
            version,
            data,
            reads_as,
        } = row;
        let event = Event::decode(&event_type, version, data.get().as_bytes());
        let event = event.unwrap_or_else(|fault| panic!("line {line}: {fault}"));
        let encoded = event.encode();
        assert_eq!(
            Some(encoded.version),
            Event::newest_version(&event_type),
            "line {line}"
        );
        assert_eq!(encoded.event_type, event_type, "line {line}");
        // Byte for byte: bodies are kept verbatim.
        assert_eq!(
            String::from_utf8(encoded.data).unwrap(),
            reads_as.get(),
            "line {line}"
        );
    }
}

#[test]
fn every_shape_has_a_row_in_the_archive() {
    let rows: BTreeSet<(String, u16)> = archive()
        .map(|(_, row)| (row.event_type, row.version))
        .collect();
    for &EventType {
        name: event_type,
        version: newest,
        ..
    } in Event::types()
    {
        for version in 1..=newest {
            let row = (event_type.to_owned(), version);
            assert!(
                rows.contains(&row),
                "tests/archive has no row for {event_type} v{version}"
            );
        }
    }
}

#[test]
fn every_type_is_named_once_and_after_its_category() {
    let mut seen = BTreeSet::new();
    for &EventType {
        name: event_type,
        version: newest,
        ..
    } in Event::types()
    {
        assert!(seen.insert(event_type), "{event_type} is listed twice");
        let (category, _) = event_type.split_once('.').unwrap();
        assert_eq!(
            Event::categories()
                .filter(|(known, _)| *known == category)
                .count(),
            1,
            "{event_type}"
        );
        assert_eq!(Event::newest_version(event_type), Some(newest));
    }
}

#[test]
fn what_this_program_did_not_write_is_a_fault() {
    let unknown = DecodeFault::UnknownType("build.exploded".to_owned());
    assert_eq!(Event::decode("build.exploded", 1, b"{}"), Err(unknown));
    for name in ["", "build", "build.", ".reported", "built.reported"] {
        let fault = Event::decode(name, 1, b"{}").unwrap_err();
        assert_eq!(fault, DecodeFault::UnknownType(name.to_owned()));
    }
    let (event_type, version, newest) = ("numbers.taken".to_owned(), 9, 1);
    let newer = DecodeFault::Newer {
        event_type,
        version,
        newest,
    };
    assert_eq!(Event::decode("numbers.taken", 9, b"{}"), Err(newer));
    let whole = r#"{"first":1,"count":1,"at":"2026-11-21T09:14:02Z"}"#;
    assert!(Event::decode("numbers.taken", 1, whole.as_bytes()).is_ok());
    for (version, data) in [(0, whole), (1, "{}"), (1, "\"\u{0}"), (1, "[1,1]")] {
        let fault = Event::decode("numbers.taken", version, data.as_bytes()).unwrap_err();
        assert!(
            matches!(fault, DecodeFault::Shape { .. }),
            "v{version} {data}: {fault}"
        );
    }
}

/// A body that its event does not name would be neither exported nor verified.
#[test]
fn every_event_with_a_digest_in_its_shape_names_its_bodies() {
    for (line, row) in archive() {
        let event = Event::decode(&row.event_type, row.version, row.data.get().as_bytes()).unwrap();
        let known = Event::type_of(&row.event_type).unwrap();
        let fields: Value = serde_json::from_str(row.data.get()).unwrap();
        let mut found = Vec::new();
        references(&fields, &mut found);
        let named: Vec<&str> = event
            .blobs()
            .into_iter()
            .map(|blob| &*blob.digest)
            .collect();
        assert_eq!(named, found, "line {line}");
        assert!(found.is_empty() || known.has_blobs, "line {line}");
    }
}

/// The digests of everything that is shaped like a reference to a body.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            let is_reference = fields.len() == 2 && fields.contains_key("size");
            if let (true, Some(Value::String(digest))) = (is_reference, fields.get("digest")) {
                found.push(digest);
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// A newer program may add a field without a new version.
#[test]
fn unknown_fields_are_passed_over() {
    for (line, row) in archive() {
        let mut data: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(row.data.get()).unwrap();
        let deep = serde_json::value::to_raw_value(&json!([{"x": null}])).unwrap();
        data.insert("a_field_of_tomorrow".to_owned(), deep);
        let data = serde_json::to_vec(&data).unwrap();
        let event = Event::decode(&row.event_type, row.version, &data);
        assert_eq!(
            String::from_utf8(event.unwrap().encode().data).unwrap(),
            row.reads_as.get(),
            "line {line}"
        );
    }
}

#[test]
fn a_body_is_kept_byte_for_byte_and_never_shown() {
    let body =
        "{ \"user\":{\"email\":\"ann@example.com\"},\t\"n\":1.0e2, \"n\": 12345678901234567890 }";
    let (_, row) = archive()
        .find(|(_, row)| row.event_type == "build.reported")
        .unwrap();
    let mut data: BTreeMap<String, Box<RawValue>> = serde_json::from_str(row.data.get()).unwrap();
    data.insert(
        "body".to_owned(),
        RawValue::from_string(body.to_owned()).unwrap(),
    );
    let data = serde_json::to_vec(&data).unwrap();
    let event = Event::decode("build.reported", 1, &data).unwrap();
    assert!(
        String::from_utf8(event.encode().data)
            .unwrap()
            .contains(body)
    );
    assert!(!format!("{event:?}").contains("ann@example.com"));
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(
        (event_type, newest) in any_type(),
        version in 0..4_u16,
        data in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let decoded = Event::decode(event_type, version.min(newest + 1), &data);
        prop_assert!(decoded.is_err(), "{decoded:?}");
    }

    #[test]
    fn no_json_makes_decoding_panic((event_type, newest) in any_type(), data in any_json()) {
        let data = serde_json::to_vec(&data).unwrap();
        if let Ok(event) = Event::decode(event_type, newest, &data) {
            prop_assert_eq!(event.event_type(), event_type);
        }
    }

    /// Most of what goes wrong is almost right: one field of another kind, one cut, one flipped
    /// byte.
    #[test]
    fn what_is_almost_right_is_read_or_refused(
        row in any::<prop::sample::Index>(),
        field in any::<prop::sample::Index>(),
        value in any_json(),
        (place, byte) in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let rows: Vec<Row> = archive().map(|(_, row)| row).collect();
        let row = row.get(&rows);
        let mut data: Value = serde_json::from_str(row.data.get()).unwrap();
        let fields = data.as_object_mut().unwrap();
        let name = field.get(&fields.keys().collect::<Vec<_>>()).to_string();
        fields.insert(name, value);
        let read = Event::decode(&row.event_type, row.version, &serde_json::to_vec(&data).unwrap());
        if let Ok(event) = read {
            let encoded = event.encode();
            prop_assert_eq!(Event::decode(encoded.event_type, encoded.version, &encoded.data), Ok(event));
        }

        let text = row.data.get().as_bytes();
        let place = place.index(text.len());
        prop_assert!(Event::decode(&row.event_type, row.version, &text[..place]).is_err());
        let mut flipped = text.to_vec();
        flipped[place] = byte;
        let _ = Event::decode(&row.event_type, row.version, &flipped);
    }
}

fn any_type() -> impl Strategy<Value = (&'static str, u16)> {
    prop::sample::select(
        Event::types()
            .map(|known| (known.name, known.version))
            .collect::<Vec<_>>(),
    )
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("2026-11-21T09:14:02Z")),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,10}", inner, 0..6)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn archive() -> impl Iterator<Item = (usize, Row)> {
    ARCHIVE.lines().enumerate().map(|(line, text)| {
        let row = serde_json::from_str(text);
        (
            line + 1,
            row.unwrap_or_else(|error| panic!("line {}: {error}", line + 1)),
        )
    })
}
