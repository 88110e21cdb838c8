use std::sync::Mutex;

use allocation::Ending;
use bytes::Bytes;
use domain::builds::build::{BuildEvent, OutOfMemory, ResourceUsage, UsageRecorded};
use eventlog::{Append, EventType, Expected, MemoryLog, NewEvent, StreamName};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::sample;

#[tokio::test]
async fn what_was_recorded_comes_back_in_order() {
    let log = log();
    let farm: Vec<_> = sample::builds(7, 40).collect();
    for build in &farm {
        log.append(vec![build.append()]).await.unwrap();
    }
    let rows = rows(&log).await.unwrap();
    assert_eq!(rows.len(), farm.len());
    for ((row, build), number) in rows.iter().zip(&farm).zip(1..) {
        let sample = row.as_ref().unwrap();
        let usage = &build.usage;
        // Every build is reported first.
        assert_eq!(sample.position, 2 * number);
        assert_eq!(sample.spec.name, usage.spec.name);
        assert!(!sample.spec.variants.is_empty());
        assert_eq!(sample.git_ref, usage.git_ref);
        assert_eq!(sample.build_jobs, Some(usage.build_jobs));
        let (cpu, memory) = sample.usage().unwrap();
        assert_eq!((cpu.mean, memory.max), (usage.cpu.mean, usage.memory.max));
        assert_eq!(memory.request, usage.memory.request);
        let seconds = usage.finished_at.duration_since(usage.started_at);
        assert_eq!(sample.seconds, seconds.as_secs_f64());
    }
}

#[tokio::test]
async fn a_killed_build_says_what_it_was_allowed() {
    let log = log();
    let usage = sample::builds(7, 1).next().unwrap().usage;
    append(&log, BuildEvent::OutOfMemory(killed(&usage))).await;
    let rows = rows(&log).await.unwrap();
    let sample = rows[0].as_ref().unwrap();
    assert_eq!(
        sample.ending,
        Ending::OutOfMemory {
            limit: 3e9,
            imported: false
        }
    );
}

#[tokio::test]
async fn what_no_build_can_have_used_is_refused_with_its_position() {
    let log = log();
    let good = sample::builds(7, 1).next().unwrap().usage;
    let bad = UsageRecorded {
        memory: ResourceUsage {
            max: 0.0,
            ..good.memory
        },
        ..good.clone()
    };
    append(&log, BuildEvent::UsageRecorded(bad)).await;
    append(&log, BuildEvent::UsageRecorded(good)).await;
    append_data(&log, Bytes::from_static(b"{}")).await;
    let rows = rows(&log).await.unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| row.as_ref().err().map(ToString::to_string))
        .collect();
    assert_eq!(rows.len(), 3);
    let first = told[0].as_ref().unwrap();
    assert!(
        first.starts_with("log, position 1: memory.max is 0"),
        "{first}"
    );
    assert_eq!(told[1], None);
    let third = told[2].as_ref().unwrap();
    assert!(
        third.starts_with("log, position 3: build.usage_recorded"),
        "{third}"
    );
}

#[tokio::test]
async fn a_log_without_usage_is_no_history() {
    let told = rows(&log()).await.unwrap_err().to_string();
    assert_eq!(told, "log: the log has no usage records");
}

#[tokio::test]
async fn progress_ends_at_the_head() {
    let log = log();
    for build in sample::builds(7, 3) {
        log.append(vec![build.append()]).await.unwrap();
    }
    let seen = Mutex::new(0);
    read(&log, |at| *seen.lock().unwrap() = at, &mut |_| Ok(()))
        .await
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), log.head().0);
}

fn log() -> MemoryLog {
    MemoryLog::new(|| Timestamp::UNIX_EPOCH)
}

async fn rows(log: &MemoryLog) -> Result<Vec<Row>, HistoryError> {
    let mut rows = Vec::new();
    read(log, |_| {}, &mut |row| {
        rows.push(row);
        Ok(())
    })
    .await?;
    Ok(rows)
}

async fn append(log: &MemoryLog, event: BuildEvent) {
    let encoded = Event::from(event).encode();
    append_event(log, encoded.event_type, Bytes::from(encoded.data)).await;
}

async fn append_data(log: &MemoryLog, data: Bytes) {
    append_event(log, "build.usage_recorded", data).await;
}

async fn append_event(log: &MemoryLog, event_type: &'static str, data: Bytes) {
    let event = NewEvent {
        id: Uuid::now_v7(),
        event_type: EventType::from_static(event_type),
        version: 1,
        metadata: Bytes::from_static(b"{}"),
        data,
        recorded_at: None,
    };
    let append = Append {
        stream: StreamName::new("build", "default:1").unwrap(),
        expected: Expected::Any,
        events: vec![event],
    };
    log.append(vec![append]).await.unwrap();
}

fn killed(usage: &UsageRecorded) -> OutOfMemory {
    OutOfMemory {
        collection: 1,
        pod: usage.pod.clone(),
        hostname: None,
        spec: usage.spec.clone(),
        stack: usage.stack.clone(),
        build_jobs: usage.build_jobs,
        retry_count: 0,
        git_ref: usage.git_ref.clone(),
        started_at: usage.started_at,
        finished_at: usage.finished_at,
        memory_request: None,
        memory_limit: 3e9,
        memory_peak: None,
        evidence: "exit_code".to_owned(),
        at: usage.at,
    }
}
