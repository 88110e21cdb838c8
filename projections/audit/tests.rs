use domain::audit::{AuditEvent, BodyResubmitted};
use domain::token::{Revoked, TokenEvent};

use crate::Cursor;
use crate::audit::AuditFilter;
use crate::testing::{House, at, refused, requeued, token};

async fn told() -> House {
    let house = House::new();
    house.tell("token-t1", TokenEvent::Issued(token(1))).await;
    house
        .tell("token-t1", TokenEvent::Revoked(Revoked { at: at(5) }))
        .await;
    house.tell_of_build(1, requeued(1, 2)).await;
    let stream = format!("audit-body:{:064}", 1);
    house
        .tell(&stream, AuditEvent::BodyRefused(refused(1)))
        .await;
    let again = BodyResubmitted {
        accepted: true,
        errors: vec![],
        at: at(9),
    };
    house
        .tell(&stream, AuditEvent::BodyResubmitted(again))
        .await;
    house
}

#[tokio::test]
async fn what_was_done_by_hand_is_found_by_who_and_what() {
    let house = told().await;
    let types = |filter: AuditFilter| {
        let page = house
            .views
            .audit()
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

#[tokio::test]
async fn a_refused_body_tells_what_became_of_it() {
    let house = told().await;
    let digest = format!("{:064}", 1);
    let body = house.views.audit().unwrap().body(&digest).unwrap().unwrap();
    assert_eq!((body.resubmissions, body.accepted), (1, true));
    assert_eq!(body.errors, ["`ref` is missing"]);
    let page = house
        .views
        .audit()
        .unwrap()
        .bodies(&Cursor::start(), 10)
        .unwrap();
    assert_eq!(page.rows, [body]);
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_until_the_end_of_time() {
    let house = told().await;
    let row = house
        .views
        .tokens()
        .unwrap()
        .by_hash(&format!("{:064}", 1))
        .unwrap()
        .unwrap();
    assert_eq!((row.id.as_str(), row.is_valid(at(6))), ("t1", false));
    assert_eq!(house.views.tokens().unwrap().by_hash("0").unwrap(), None);
    assert_eq!(
        house
            .views
            .tokens()
            .unwrap()
            .list(&Cursor::start(), 5)
            .unwrap()
            .rows,
        [row]
    );
}
