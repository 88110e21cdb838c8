use domain::core::audit::{AuditEvent, BodyResubmitted};
use domain::core::token::{Revoked, TokenEvent};

use crate::core::audit::AuditFilter;
use crate::testing::{App, at, refused, requeued, token};
use crate::{Audits, Cursor, RefusedBodies, Tokens};

async fn data() -> App {
    let app = App::new();
    app.tell("token-t1", TokenEvent::Issued(token(1))).await;
    app.tell("token-t1", TokenEvent::Revoked(Revoked { at: at(5) }))
        .await;
    app.tell_of_build(1, requeued(1, 2)).await;
    let stream = format!("audit-body:{:064}", 1);
    app.tell(&stream, AuditEvent::BodyRefused(refused(1))).await;
    let again = BodyResubmitted {
        accepted: true,
        errors: vec![],
        at: at(9),
    };
    app.tell(&stream, AuditEvent::BodyResubmitted(again)).await;
    app
}

#[tokio::test]
async fn what_was_done_by_hand_is_found_by_who_and_what() {
    let app = data().await;
    let types = |filter: AuditFilter| {
        let page = app
            .views
            .of::<Audits>()
            .unwrap()
            .list(&filter, &Cursor::start(), 10)
            .unwrap();
        page.rows
            .into_iter()
            .map(|row| row.event_type)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let any = AuditFilter::default;
    let all = "audit.body_resubmitted audit.body_refused build.collection_requeued token.revoked token.issued";
    assert_eq!(types(any()), all);
    assert_eq!(
        types(AuditFilter {
            actor: Some("t1".to_owned()),
            ..any()
        }),
        all
    );
    assert_eq!(
        types(AuditFilter {
            actor: Some("t2".to_owned()),
            ..any()
        }),
        ""
    );
    assert_eq!(
        types(AuditFilter {
            dialect: Some("gantry".to_owned()),
            ..any()
        }),
        ""
    );
    let issued = Some("token.issued".to_owned());
    assert_eq!(
        types(AuditFilter {
            event_type: issued,
            ..any()
        }),
        "token.issued"
    );
}

/// As in the list of events: a displayed name finds the actor's changes.
#[tokio::test]
async fn an_actor_is_found_by_id_display_name_and_kind() {
    use domain::{Actor, ActorKind, Event, Metadata};

    let app = App::new();
    for (number, kind, id, display) in [
        (1, ActorKind::Token, "0193", Some("ci: main")),
        (2, ActorKind::User, "7", Some("jane")),
        (3, ActorKind::Operator, "jane", None),
        (4, ActorKind::Token, "0194", Some("0194")),
    ] {
        let actor = Actor {
            kind,
            id: id.to_owned(),
            display: display.map(str::to_owned),
        };
        let metadata = Metadata {
            actor: Some(actor),
            ..Metadata::default()
        };
        let issued: Event = TokenEvent::Issued(token(number)).into();
        app.tell_as(&format!("token-t{number}"), issued, &metadata)
            .await;
    }
    let audit = app.views.of::<Audits>().unwrap();
    for (text, expected) in [
        ("0193", &["token-t1"][..]),
        ("ci: main", &["token-t1"]),
        ("token:ci: main", &["token-t1"]),
        ("token ci: main", &["token-t1"]),
        ("token", &["token-t4", "token-t1"]),
        ("jane", &["token-t3", "token-t2"]),
        ("user:jane", &["token-t2"]),
        ("user:7", &["token-t2"]),
        ("operator jane", &["token-t3"]),
        ("0194", &["token-t4"]),
        ("ci", &[]),
        ("user:0193", &[]),
        ("", &[]),
    ] {
        let filter = AuditFilter {
            actor: Some(text.to_owned()),
            ..AuditFilter::default()
        };
        let page = audit.list(&filter, &Cursor::start(), 10).unwrap();
        let found: Vec<&str> = page.rows.iter().map(|row| row.stream.as_str()).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[tokio::test]
async fn a_refused_body_tells_what_became_of_it() {
    let app = data().await;
    let digest = format!("{:064}", 1);
    let bodies = app.views.of::<RefusedBodies>().unwrap();
    let body = bodies.get(&digest).unwrap().unwrap();
    assert_eq!((body.resubmissions, body.accepted), (1, true));
    assert_eq!(body.errors, ["`ref` is missing"]);
    let page = bodies.list(&Cursor::start(), 10).unwrap();
    assert_eq!(page.rows, [body]);
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_until_the_end_of_time() {
    let app = data().await;
    let row = app
        .views
        .of::<Tokens>()
        .unwrap()
        .by_hash(&format!("{:064}", 1))
        .unwrap()
        .unwrap();
    assert_eq!((row.id.as_str(), row.is_valid(at(6))), ("t1", false));
    assert_eq!(
        app.views.of::<Tokens>().unwrap().by_hash("0").unwrap(),
        None
    );
    assert_eq!(
        app.views
            .of::<Tokens>()
            .unwrap()
            .list(&Cursor::start(), 5)
            .unwrap()
            .rows,
        [row]
    );
}

/// What people change is listed with what it is about, and without what must not be read; what workers and timers
/// do in the ordinary course of things is not.
#[tokio::test]
async fn what_a_person_or_a_token_changes_is_listed_and_what_a_worker_reports_is_not() {
    use crate::testing::job_runner as farm;
    use domain::{Actor, ActorKind, Event};

    let app = App::new();
    let given_up = || -> Event {
        let reason = "it never returns".to_owned();
        domain::jobs::run::RunEvent::GivenUp(domain::jobs::run::GivenUp { reason, at: at(9) })
            .into()
    };
    let actor = |kind: ActorKind| Actor {
        kind,
        id: "7".to_owned(),
        display: None,
    };
    let story: [(&str, Event, ActorKind); 7] = [
        (
            "user-7",
            farm::created_user(7, []).into(),
            ActorKind::Operator,
        ),
        (
            "worker-3",
            farm::registered_worker(3).into(),
            ActorKind::Token,
        ),
        ("run-5", farm::scheduled(5, 1, 2).into(), ActorKind::System),
        ("run-5", farm::claimed(3, 3).into(), ActorKind::Worker),
        ("run-5", given_up(), ActorKind::System),
        ("run-5", given_up(), ActorKind::User),
        (
            "kill_request-1",
            farm::asked_to_kill(1, 5, 6).into(),
            ActorKind::User,
        ),
    ];
    for (stream, event, kind) in story {
        let metadata = domain::Metadata {
            actor: Some(actor(kind)),
            ..domain::Metadata::default()
        };
        app.tell_as(stream, event, &metadata).await;
    }
    let page = app.views.of::<Audits>().unwrap();
    let page = page
        .list(&AuditFilter::default(), &Cursor::start(), 10)
        .unwrap();
    let found: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.event_type.as_str(), row.actor_kind))
        .collect();
    assert_eq!(
        found,
        [
            ("kill_request.requested", Some(ActorKind::User)),
            ("run.given_up", Some(ActorKind::User)),
            ("worker.registered", Some(ActorKind::Token)),
            ("user.created", Some(ActorKind::Operator)),
        ]
    );
    let summaries: Vec<_> = page.rows.iter().map(|row| row.summary.as_str()).collect();
    assert_eq!(summaries[..2], ["run 5", "it never returns"]);
    assert!(
        summaries.iter().all(|text| !text.contains("argon2")),
        "{summaries:?}"
    );
}
