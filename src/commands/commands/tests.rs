use domain::BuildsEvent;
use domain::builds::build::{Build, BuildCommand as C, BuildRejection};
use domain::core::audit::{Audit, AuditCommand, WebhookRejected};
use domain::core::token::{Issued, Role, Token, TokenCommand};
use domain::{Actor, Event};
use eventlog::faulty::AppendFault;
use eventlog::{Append, AppendError, EventType, Expected, FaultyLog, NewEvent, ReadError};

use super::*;
use crate::testing::{anonymous, commands, everything, noon, reported, skipped};
use crate::{ATTEMPTS_MAX, STREAM_EVENTS_MAX, event_id};

const KEY: &str = "default:7";

fn report(status: &str, delivery: &str) -> C {
    C::Report(reported(status, delivery))
}

#[tokio::test]
async fn what_follows_from_a_command_is_in_the_log_when_it_returns() {
    let (commands, log) = commands();
    let metadata = Metadata {
        actor: Some(Actor::system("collector")),
        request_id: Some("r-1".to_owned()),
        ..anonymous()
    };
    let outcome = commands
        .execute::<Build>(KEY, report("running", "d1"), &metadata)
        .await
        .unwrap();
    assert_eq!(outcome.position(), Some(commands.head()));
    assert!(!outcome.repeated);

    let recorded = &everything(&log).await[0];
    let appended = outcome.events[0];
    assert_eq!(
        (appended.id, appended.position),
        (recorded.id, recorded.position)
    );
    assert_eq!(
        (appended.revision, appended.event),
        (Revision(0), "build.reported")
    );
    assert_eq!(recorded.stream.as_str(), "build-default:7");
    assert_eq!(recorded.id.get_version_num(), 7);
    assert_eq!(
        serde_json::from_slice::<Metadata>(&recorded.metadata).unwrap(),
        metadata
    );
    let event = Event::decode(
        recorded.event_type.as_str(),
        recorded.version,
        &recorded.data,
    );
    assert_eq!(
        event.unwrap(),
        Event::Builds(BuildsEvent::Build(
            domain::builds::build::BuildEvent::Reported(reported("running", "d1"))
        ))
    );
}

#[tokio::test]
async fn a_command_from_which_nothing_follows_appends_nothing() {
    let (commands, log) = commands();
    for _ in 0..2 {
        commands
            .execute::<Build>(KEY, report("running", "d1"), &anonymous())
            .await
            .unwrap();
    }
    let outcome = commands
        .execute::<Build>(KEY, report("running", "d1"), &anonymous())
        .await
        .unwrap();
    assert_eq!((outcome.position(), outcome.is_empty()), (None, true));
    assert_eq!(everything(&log).await.len(), 1);
    let stats = commands.stats();
    assert_eq!((stats.commands, stats.events, stats.unchanged), (3, 1, 2));
}

#[tokio::test]
async fn what_the_domain_refuses_is_not_appended() {
    let (commands, log) = commands();
    let refused = commands
        .execute::<Build>(KEY, C::SkipCollection(skipped(1)), &anonymous())
        .await;
    assert_eq!(
        refused,
        Err(CommandError::Rejected(BuildRejection::Unknown))
    );
    assert_eq!(everything(&log).await, []);
    assert_eq!(commands.stats().rejected, 1);
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_first_result_whatever_happened_since() {
    let anonymous = anonymous();
    let (commands, log) = commands();
    let id = event_id("gitlab", "d1");
    let tell = || commands.execute_as::<Build>(id, KEY, report("running", "d1"), &anonymous);
    let first = tell().await.unwrap();
    assert_eq!(first.events[0].id, id);
    commands
        .execute::<Build>(KEY, report("success", "d2"), &anonymous)
        .await
        .unwrap();

    let again = tell().await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!(again.events, first.events);
    assert_eq!(everything(&log).await.len(), 2);
    assert_eq!(commands.stats().repeated, 1);
    assert_eq!(commands.find(id).await.unwrap(), first.position());
}

/// A repeated request for a token under the same key brings another random hash, which the domain
/// would refuse.
#[tokio::test]
async fn a_repeat_that_makes_no_sense_any_more_is_still_answered() {
    let (commands, log) = commands();
    let anonymous = anonymous();
    let issue = |digit: &str| {
        let issued = Issued {
            name: "ci".to_owned(),
            hash: digit.repeat(64),
            role: Role::Reader,
            scopes: vec![],
            expires_at: None,
            at: noon(),
        };
        let id = event_id("idempotency", "1");
        commands.execute_as::<Token>(id, "t", TokenCommand::Issue(issued), &anonymous)
    };
    let first = issue("0").await.unwrap();
    assert_eq!(issue("1").await.unwrap().events, first.events);
    assert_eq!(log.head(), Position(1));
}

#[tokio::test]
async fn an_id_belongs_to_one_stream() {
    let anonymous = anonymous();
    let (commands, _) = commands();
    let id = event_id("gitlab", "d1");
    let tell = |key| commands.execute_as::<Build>(id, key, report("running", "d1"), &anonymous);
    let position = tell(KEY).await.unwrap().position().unwrap();
    assert_eq!(
        tell("default:8").await,
        Err(CommandError::IdReused { id, position })
    );
}

#[tokio::test]
async fn a_note_is_appended_without_reading_its_stream() {
    let (commands, log) = commands();
    log.fail_reads(ReadError::Fault("unreadable".to_owned()));
    let note = |unwritten| {
        AuditCommand::RejectWebhook(WebhookRejected {
            dialect: "gantry".to_owned(),
            reason: "no token".to_owned(),
            unwritten,
            at: noon(),
        })
    };
    let id = event_id("note", "1");
    for _ in 0..2 {
        commands
            .execute_as::<Audit>(id, "2026-11-21", note(0), &anonymous())
            .await
            .unwrap();
    }
    commands
        .execute::<Audit>("2026-11-21", note(1), &anonymous())
        .await
        .unwrap();
    assert_eq!((log.head(), commands.stats().repeated), (Position(2), 1));
}

#[tokio::test]
async fn a_decision_is_repeated_until_no_append_was_faster() {
    let (commands, log) = commands();
    log.fail_appends(AppendFault::Conflicts(ATTEMPTS_MAX - 1));
    commands
        .execute::<Build>(KEY, report("running", "d1"), &anonymous())
        .await
        .unwrap();
    assert_eq!(commands.stats().conflicts, u64::from(ATTEMPTS_MAX) - 1);

    log.fail_appends(AppendFault::Conflicts(ATTEMPTS_MAX));
    let refused = commands
        .execute::<Build>(KEY, report("running", "d2"), &anonymous())
        .await;
    assert_eq!(refused, Err(CommandError::Contended));
    assert_eq!(everything(&log).await.len(), 1);
}

#[tokio::test]
async fn whatever_ails_the_log_has_a_name() {
    let reason = || "sda3 says no".to_owned();
    type Expect = CommandError<BuildRejection>;
    for (error, expected) in [
        (AppendError::Busy, Expect::Busy),
        (
            AppendError::Full { reason: reason() },
            Expect::Full { reason: reason() },
        ),
        (
            AppendError::Stopped { reason: reason() },
            Expect::Stopped { reason: reason() },
        ),
        (
            AppendError::Refused { reason: reason() },
            Expect::TooLarge { reason: reason() },
        ),
    ] {
        let (commands, log) = commands();
        log.fail_appends(AppendFault::Refused(error));
        let answer = commands
            .execute::<Build>(KEY, report("running", "d1"), &anonymous())
            .await;
        assert_eq!(answer, Err(expected));
        assert_eq!(commands.stats().failed, 1);
    }
    for (error, expected) in [
        (ReadError::Unavailable(reason()), Expect::Busy),
        (
            ReadError::Fault(reason()),
            Expect::Fault { reason: reason() },
        ),
    ] {
        let (commands, log) = commands();
        log.fail_reads(error);
        let answer = commands
            .execute::<Build>(KEY, report("running", "d1"), &anonymous())
            .await;
        assert_eq!(answer, Err(expected.clone()));
        assert_eq!(commands.load::<Build>(KEY).await, Err(expected));
    }
}

#[tokio::test]
async fn a_key_that_no_stream_could_have_is_refused() {
    let (commands, _) = commands();
    for key in ["", "a\nb", "\0", &"x".repeat(10_000)] {
        let refused = commands
            .execute::<Build>(key, report("running", "d1"), &anonymous())
            .await;
        assert!(
            matches!(refused, Err(CommandError::BadKey { .. })),
            "{key:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn an_unreadable_stream_is_a_fault() {
    for (event_type, data) in [
        ("build.reported", "{}"),
        ("build.reported", "nonsense"),
        ("build.exploded", "{}"),
        ("token.revoked", r#"{"at":"2026-11-21T12:00:00Z"}"#),
    ] {
        let (commands, log) = commands();
        append(&log, event_type, data, 1).await;
        let refused = commands
            .execute::<Build>(KEY, report("running", "d1"), &anonymous())
            .await;
        let Err(CommandError::Fault { reason }) = &refused else {
            panic!("{event_type} {data}: {refused:?}");
        };
        assert!(reason.contains("position 1"), "{reason}");
    }
}

#[tokio::test]
async fn a_decision_rests_on_every_page_of_a_stream() {
    let (commands, log) = commands();
    for number in 0..600 {
        let data = serde_json::to_string(&reported("running", &format!("d{number}"))).unwrap();
        append(&log, "build.reported", &data, 1).await;
    }
    for delivery in ["d0", "d255", "d256", "d511", "d512", "d599"] {
        let outcome = commands
            .execute::<Build>(KEY, report("running", delivery), &anonymous())
            .await;
        assert!(outcome.unwrap().is_empty(), "{delivery}");
    }
    let loaded = commands.load::<Build>(KEY).await.unwrap();
    assert_eq!(loaded.revision, Some(Revision(599)));
    let outcome = commands
        .execute::<Build>(KEY, report("running", "new"), &anonymous())
        .await;
    assert_eq!(outcome.unwrap().events[0].revision, Revision(600));
}

#[tokio::test]
async fn a_stream_without_end_is_not_read_to_its_end() {
    let (commands, log) = commands();
    let data = serde_json::to_string(&reported("running", "d")).unwrap();
    append(&log, "build.reported", &data, STREAM_EVENTS_MAX).await;
    commands
        .execute::<Build>(KEY, report("running", "d"), &anonymous())
        .await
        .unwrap();
    append(&log, "build.reported", &data, 1).await;
    let refused = commands
        .execute::<Build>(KEY, report("running", "d"), &anonymous())
        .await;
    assert!(
        matches!(refused, Err(CommandError::TooLarge { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn whether_writes_are_possible_is_known_before_the_first() {
    assert_eq!(commands().0.stopped(), None);
    let (commands, log) = commands();
    let reason = "no leader".to_owned();
    log.fail_appends(AppendFault::Refused(AppendError::Stopped { reason }));
    assert!(commands.stopped().is_some());
    log.fail_appends(None);
    assert_eq!(commands.stopped(), None, "a stop may turn back");
}

/// With new ids the second append could be a second event. Only the caller knows whether it may
/// repeat.
#[tokio::test]
async fn an_append_of_unknown_outcome_is_not_tried_again() {
    let metadata = anonymous();
    for fault in [AppendFault::AnswerLost, AppendFault::BatchLost] {
        let (commands, log) = commands();
        log.fail_appends(fault.clone());
        let unknown = |done: Result<Outcome, CommandError<BuildRejection>>| match done {
            Err(CommandError::Unknown { repeatable, .. }) => repeatable,
            other => panic!("{fault:?}: {other:?}"),
        };
        let drawn = commands
            .execute::<Build>(KEY, report("running", "d1"), &metadata)
            .await;
        assert!(!unknown(drawn), "{fault:?}");
        let id = event_id("gitlab", "d2");
        let named = commands
            .execute_as::<Build>(id, KEY, report("success", "d2"), &metadata)
            .await;
        assert!(unknown(named), "{fault:?}");
        let unit_id = event_id("gitlab", "d3");
        let unit = commands
            .transact_as(unit_id, &metadata, |unit| async move {
                unit.execute::<Build>("default:8", report("running", "d3"))
                    .await
            })
            .await;
        assert!(unknown(unit.map(|(_, outcome)| outcome)), "{fault:?}");
        assert_eq!(log.appends(), 3, "{fault:?}");

        log.fail_appends(None);
        let settled = commands
            .execute_as::<Build>(id, KEY, report("success", "d2"), &metadata)
            .await
            .unwrap();
        let was_written = matches!(fault, AppendFault::AnswerLost);
        assert_eq!(settled.repeated, was_written, "{fault:?}");
    }
}

/// Past any decider: what a broken or newer program might have left.
async fn append(log: &FaultyLog, event_type: &'static str, data: &str, count: usize) {
    for batch in (0..count).collect::<Vec<_>>().chunks(1000) {
        let event = |_: &usize| NewEvent {
            id: Uuid::now_v7(),
            event_type: EventType::from_static(event_type),
            version: 1,
            metadata: "{}".into(),
            data: data.to_owned().into(),
            recorded_at: None,
        };
        let append = Append {
            stream: StreamName::new("build", KEY).unwrap(),
            expected: Expected::Any,
            events: batch.iter().map(event).collect(),
        };
        log.append(vec![append]).await.unwrap();
    }
}
