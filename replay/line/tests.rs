use bytes::Bytes;
use eventlog::{EventType, NewEvent, Position, Recorded, Revision, StreamName};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn recorded(metadata: &[u8], data: &[u8]) -> Recorded {
    Recorded {
        position: Position(7),
        stream: StreamName::new("build", "default:7").unwrap(),
        revision: Revision(3),
        id: Uuid::from_u128(99),
        event_type: EventType::from_static("build.reported"),
        version: 1,
        recorded_at: Timestamp::from_microsecond(1_700_000_000_000_001).unwrap(),
        metadata: Bytes::copy_from_slice(metadata),
        data: Bytes::copy_from_slice(data),
    }
}

#[track_caller]
fn assert_round_trip(event: &Recorded) -> String {
    let mut line = Vec::new();
    push_event(event, &mut line);
    let (last, line) = line.split_last().unwrap();
    assert_eq!(*last, b'\n');
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    let expected = IncomingEvent {
        position: Some(event.position),
        stream: event.stream.clone(),
        revision: event.revision,
        event: NewEvent {
            id: event.id,
            event_type: event.event_type.clone(),
            version: event.version,
            metadata: event.metadata.clone(),
            data: event.data.clone(),
            recorded_at: Some(event.recorded_at),
        },
    };
    assert_eq!(parse(line), Ok(Incoming::Event(Box::new(expected))));
    String::from_utf8(line.to_vec()).unwrap()
}

#[test]
fn bytes_have_the_plainest_lossless_form_in_a_line() {
    for (data, form) in [
        (
            &b"{\"a\":1.50e3,\"a\":null}"[..],
            r#""data":{"a":1.50e3,"a":null}"#,
        ),
        (b"null", r#""data":null"#),
        (b"{ \"kept\" :  1 }", r#""data":{ "kept" :  1 }"#),
        (b" {}", r#""data_text":" {}""#),
        (b"{}\n", r#""data_text":"{}\n""#),
        (b"{\n}", r#""data_text":"{\n}""#),
        (b"{\r}", r#""data_text":"{\r}""#),
        (b"", r#""data_text":"""#),
        (b"{} {}", r#""data_text":"{} {}""#),
        (b"\"\\ud800\"", r#""data":"\ud800""#),
        (b"\0", "\"data_text\":\"\\u0000\""),
        (b"\xff\xfe", r#""data_base64":"//4=""#),
    ] {
        let line = assert_round_trip(&recorded(b"{}", data));
        assert!(line.contains(form), "{form} is not in {line}");
    }
}

#[test]
fn a_line_names_everything_about_an_event() {
    let line = assert_round_trip(&recorded(b"{\"m\":1}", b"{\"d\":2}"));
    assert_eq!(
        line,
        concat!(
            r#"{"position":7,"stream":"build-default:7","revision":3,"#,
            r#""id":"00000000-0000-0000-0000-000000000063","type":"build.reported","version":1,"#,
            r#""recorded_at":1700000000000001,"metadata":{"m":1},"data":{"d":2}}"#,
        )
    );
}

#[test]
fn a_broken_line_is_refused_with_what_is_wrong() {
    let good = assert_round_trip(&recorded(b"{}", b"{}"));
    for (from, to, reason) in [
        (r#","data":{}"#, "", "`data` is missing"),
        (
            r#""data":{}"#,
            r#""data":{},"data_text":"x""#,
            "more than once",
        ),
        (r#""data":{}"#, r#""data_base64":"!""#, "not base64"),
        (r#""version":1"#, r#""version":0"#, "begins at 1"),
        (r#""version":1"#, r#""version":70000"#, "u16"),
        ("build-default", "builddefault", "category-key"),
        ("1700000000000001", "9223372036854775807", "recorded_at"),
        (r#""revision":3,"#, "", "revision"),
        (
            r#""position":7"#,
            r#""position":7,"more":1"#,
            "unknown field",
        ),
        ("}}", "}", "EOF"),
        ("-0000-", "-zzzz-", "UUID"),
    ] {
        let bad = good.replacen(from, to, 1);
        let bad = if from == "}}" {
            &good[..good.len() - 1]
        } else {
            &bad
        };
        let refused = parse(bad.as_bytes()).unwrap_err();
        assert!(
            refused.contains(reason),
            "{bad} was refused for `{refused}`"
        );
    }
}

#[test]
fn blobs_and_the_end_are_lines_of_their_own() {
    let mut line = Vec::new();
    push_blob("abc", b"\x00\xff", &mut line);
    let blob = Incoming::Blob {
        digest: "abc".to_owned(),
        bytes: vec![0, 255],
    };
    assert_eq!(parse(line.trim_ascii_end()), Ok(blob));
    let end = End {
        events: 7,
        blobs: 1,
        digest: Some("ab".repeat(32)),
        checkpoints: vec!["cd".repeat(8)],
    };
    line.clear();
    push_end(&end, &mut line);
    assert_eq!(parse(line.trim_ascii_end()), Ok(Incoming::End(end)));
}

/// Bytes that are likely to be mistaken for something else.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        any::<String>().prop_map(String::into_bytes),
        any::<String>().prop_map(|text| serde_json::to_vec(&text).unwrap()),
        "[ \\n\\r\\t]{0,2}[\\[{]?[0-9eE+.-]{0,9}[}\\]]?[ \\n\\r\\t]{0,2}"
            .prop_map(String::into_bytes),
        "[\\[\\]{}\",:ntrul0-9\\\\ \\n]{0,30}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn any_bytes_come_out_as_they_went_in(metadata in any_bytes(), data in any_bytes()) {
        assert_round_trip(&recorded(&metadata, &data));
    }

    #[test]
    fn no_line_makes_the_reader_panic(line in any_bytes()) {
        let _ = parse(&line);
    }
}
