use domain::core::token::Revoked;
use domain::core::token::Role;

use super::*;
use crate::test_log::{self, noon, second, stream_of};

async fn show(log: &dyn EventLog, stream: &str, as_of: Option<&str>) -> Result<Report, ToolError> {
    let stream = StreamName::parse(stream.to_owned()).unwrap();
    let as_of = as_of.map(|text| text.parse().unwrap());
    run(
        log,
        Options {
            stream,
            as_of,
            events_max: 2,
        },
    )
    .await
}

#[tokio::test]
async fn a_build_is_shown_as_it_was() {
    let log = test_log::filled(30).await;
    // Build 3 has its events at positions 4, 15 and 26, recorded a second before their numbers.
    for (as_of, status, events, collected) in [
        (Some("4"), "running", 1, None),
        (Some("14"), "running", 1, None),
        (Some("15"), "success", 2, Some(false)),
        (Some("2026-03-01T12:00:14Z"), "success", 2, Some(false)),
        (Some("2026-03-01T12:00:13Z"), "running", 1, None),
        (None, "success", 3, Some(true)),
    ] {
        let report = show(&log, "build-default:3", as_of).await.unwrap();
        assert_eq!(report.events_total, events, "{as_of:?}");
        assert_eq!(report.events.len() as u64, events.min(2), "{as_of:?}");
        let State::Build { build, collection } = report.state else {
            panic!("{as_of:?}: no build");
        };
        assert_eq!(build.status, status, "{as_of:?}");
        let ended = collection.map(|row| {
            let row = serde_json::to_value(row).unwrap();
            row.to_string().contains("ghost")
        });
        assert_eq!(ended, collected, "{as_of:?}");
    }
    let report = show(&log, "build-default:3", None).await.unwrap();
    let last = report.events.last().unwrap();
    assert_eq!((last.position, last.revision), (Position(26), Revision(2)));
    assert_eq!(last.actor.as_deref(), Some("system:test"));
    assert_eq!(last.data["reason"], "ghost");
    assert_eq!(
        log.stream_head(&stream_of(3)).await.unwrap(),
        Some(Revision(2))
    );
}

#[tokio::test]
async fn what_had_not_happened_yet_is_not_found() {
    let log = test_log::filled(30).await;
    let missing = show(&log, "build-default:3", Some("3")).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "stream build-default:3 has no events as of 3"
    );
    assert_eq!(missing.exit_code(), 3);
}

#[tokio::test]
async fn machines_and_tokens_have_a_state_too() {
    let log = test_log::empty();
    let described = |cores| Described {
        uuid: "u".to_owned(),
        hostname: "h".to_owned(),
        cores,
        memory: 1e9,
        arch: "amd64".to_owned(),
        os: "linux".to_owned(),
        instance_type: "m5".to_owned(),
        at: noon(),
    };
    let issued = Issued {
        name: "ci".to_owned(),
        hash: "00".repeat(32),
        role: Role::Reader,
        scopes: vec![],
        expires_at: None,
        at: noon(),
    };
    let revoked = Revoked { at: second(9) };
    let events: [(&str, Event); 4] = [
        ("node-u", NodeEvent::Described(described(4.0)).into()),
        ("node-u", NodeEvent::Described(described(8.0)).into()),
        ("token-1", TokenEvent::Issued(issued.clone()).into()),
        ("token-1", TokenEvent::Revoked(revoked).into()),
    ];
    for (number, (stream, event)) in events.iter().enumerate() {
        let stream = StreamName::parse(*stream).unwrap();
        let event = test_log::new_event(number as u64, event);
        test_log::append(&log, stream, vec![event]).await;
    }
    let state = async |stream, as_of| show(&log, stream, as_of).await.unwrap().state;
    assert_eq!(
        state("node-u", Some("1")).await,
        State::Node(described(4.0))
    );
    assert_eq!(state("node-u", None).await, State::Node(described(8.0)));
    let (before, after) = (None, Some(second(9)));
    for (as_of, revoked_at) in [(Some("3"), before), (None, after)] {
        let issued = issued.clone();
        assert_eq!(
            state("token-1", as_of).await,
            State::Token { issued, revoked_at }
        );
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_shown_all_the_same() {
    let log = test_log::filled(3).await;
    let good = test_log::new_event(77, &test_log::report_with_blob(0, blob()));
    let data = bytes::Bytes::from_static(b"\xffnot json");
    let odd = eventlog::NewEvent { data, ..good };
    test_log::append(&log, stream_of(0), vec![odd]).await;
    let report = show(&log, "build-default:0", None).await.unwrap();
    let last = report.events.last().unwrap();
    assert_eq!(last.data, "\u{fffd}not json");
    assert!(last.fault.as_ref().unwrap().contains("cannot be read"));
    assert!(matches!(report.state, State::Build { .. }));
}

fn blob() -> domain::BlobRef {
    domain::BlobRef {
        digest: "00".repeat(32),
        size: 9,
    }
}
