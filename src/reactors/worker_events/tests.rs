use super::*;

fn said(parts: &[&'static str]) -> Option<WorkerEvent> {
    let parts: Vec<Bytes> = parts
        .iter()
        .map(|part| Bytes::from_static(part.as_bytes()))
        .collect();
    read(&parts)
}

/// Recorded from a worker of version 2.1.2.
#[test]
fn what_workers_say_is_understood() {
    let run = |event| WorkerEvent::Run { event, run_id: 3 };
    let kill = |event| WorkerEvent::KillRequest {
        event,
        kill_request_id: 1,
    };
    for (body, expected) in [
        (
            r#"{"kind": "run", "event": "enqueued", "run_id": 3}"#,
            run(RunHint::Enqueued),
        ),
        (
            r#"{"kind": "run", "event": "started", "run_id": 3}"#,
            run(RunHint::Started),
        ),
        (
            r#"{"kind": "run", "event": "returned", "run_id": 3}"#,
            run(RunHint::Returned),
        ),
        (
            r#"{"kill_request_id": 1, "kind": "kill_request", "event": "enqueued"}"#,
            kill(KillHint::Enqueued),
        ),
        (
            r#"{"kill_request_id": 1, "kind": "kill_request", "event": "executed"}"#,
            kill(KillHint::Executed),
        ),
    ] {
        assert_eq!(said(&["worker.event", body]), Some(expected), "{body}");
    }
}

#[test]
fn everything_else_is_not() {
    let started = r#"{"kind": "run", "event": "started", "run_id": 3}"#;
    for parts in [
        &[][..],
        &["worker.event"],
        &["worker.events", started],
        &["worker.event", started, started],
        &["worker.event", "{}"],
        &[
            "worker.event",
            r#"{"kind": "run", "event": "exploded", "run_id": 3}"#,
        ],
        &[
            "worker.event",
            r#"{"kind": "run", "event": "started", "run_id": -3}"#,
        ],
        &[
            "worker.event",
            r#"{"kind": "run", "event": "executed", "run_id": 3}"#,
        ],
        &["worker.event", "\u{0}"],
    ] {
        assert_eq!(said(parts), None, "{parts:?}");
    }
}
