use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use eventlog::{Append, EventType, Expected, MemoryLog, NewEvent, StreamName};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::*;

/// Every shape of every event.
const ARCHIVE: &str = include_str!("../../../tests/archive/events.jsonl");

#[tokio::test]
async fn a_key_is_made_once_and_is_its_owners_alone() {
    let (dir, log) = (tempfile::tempdir().unwrap(), MemoryLog::new(Timestamp::now));
    let made = ensure(dir.path(), &log).await.unwrap();
    let sealed = made.seal(&"verysecret".into()).unwrap();
    let opened = ensure(dir.path(), &log)
        .await
        .unwrap()
        .open(&sealed)
        .unwrap();
    assert_eq!(opened.expose_secret(), "verysecret");
    let mode = std::fs::metadata(dir.path().join(FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_holds_no_key_is_left_alone() {
    for text in [
        "",
        "\n",
        "no-key-at-all",
        "abcdef0123456789",
        &"0".repeat(66),
    ] {
        let (dir, log) = (tempfile::tempdir().unwrap(), MemoryLog::new(Timestamp::now));
        let path = dir.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", ensure(dir.path(), &log).await.unwrap_err());
        assert!(error.contains(FILE), "{text:?}: {error}");
        assert!(
            text.trim().is_empty() || !error.contains(text.trim()),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

/// A new key next to secrets that an older one sealed would silently lock all workers out.
#[tokio::test]
async fn a_missing_key_is_not_replaced_once_something_was_sealed() {
    let (dir, log) = (tempfile::tempdir().unwrap(), MemoryLog::new(Timestamp::now));
    let seal = ensure(dir.path(), &log).await.unwrap();
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    for number in 1..=2 {
        let sealed = seal.seal(&"verysecret".into()).unwrap();
        let data = serde_json::json!({"number": number, "secret": sealed.as_str()});
        append(&log, &format!("worker-{number}"), &data).await;
    }
    let error = ensure(dir.path(), &log).await.unwrap_err().to_string();
    for word in [FILE, "2 secrets", seal.key_name(), "backup"] {
        assert!(error.contains(word), "{word}: {error}");
    }
    assert!(!dir.path().join(FILE).exists(), "nothing was made");
}

/// So that an event of another category that gets a sealed secret is not forgotten here.
#[test]
fn every_event_that_holds_a_sealed_secret_is_in_the_category_that_is_searched() {
    let mut found = 0;
    for line in ARCHIVE.lines().filter(|line| line.contains("sealed:v1:")) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let event_type = row["type"].as_str().unwrap();
        assert_eq!(
            event_type.split('.').next(),
            Some(SEALED_IN),
            "{event_type}"
        );
        assert!(row["data"]["secret"].is_string(), "{event_type}");
        found += 1;
    }
    assert!(found >= 2, "only {found} shapes hold a sealed secret");
}

async fn append(log: &MemoryLog, stream: &str, data: &serde_json::Value) {
    let event = NewEvent {
        id: uuid::Uuid::now_v7(),
        event_type: EventType::parse("worker.registered").unwrap(),
        version: 1,
        metadata: Bytes::from_static(b"{}"),
        data: data.to_string().into(),
        recorded_at: None,
    };
    let append = Append {
        stream: StreamName::parse(stream.to_owned()).unwrap(),
        expected: Expected::Any,
        events: vec![event],
    };
    log.append(vec![append]).await.unwrap();
}
