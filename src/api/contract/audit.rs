use bytes::Bytes;
use domain::core::audit::{Audit, AuditCommand, BodyRefused, WebhookRejected};
use domain::{Actor, ActorKind, BlobRef};
use futures::FutureExt;
use futures::future::BoxFuture;
use uuid::Uuid;
use web::{KeptBody, Problem, Resubmit, Taken};

use super::*;

mod actions;

/// A dialect that takes every body but bad ones, and none at all in bad times.
pub(super) struct Choosy;

pub(super) const CHOOSY: &str = "choosy";

const EVENT: Uuid = Uuid::from_u128(7);

impl Resubmit for Choosy {
    fn resubmit(&self, _: &App, kept: KeptBody) -> BoxFuture<'static, Result<Taken, Problem>> {
        let taken = match &*kept.body {
            b"good" if kept.source == "lab" && kept.headers == headers() => Ok(Taken {
                event_id: EVENT,
                position: Position(2),
                duplicate: kept.metadata.reason.as_deref() == Some("again"),
            }),
            b"late" => Err(Problem::unavailable("not now").retry_after(5)),
            _ => Err(Problem::bad_request("no").at("ref", "is missing")),
        };
        async move { taken }.boxed()
    }
}

fn headers() -> Vec<(String, String)> {
    vec![("idempotency-key".to_owned(), "k1".to_owned())]
}

impl TestApp {
    /// Stores a body that a dialect refused, and returns its digest.
    async fn refuse(&self, dialect: &str, body: &'static str) -> String {
        let kept = self.app.blobs.put(Bytes::from_static(body.as_bytes()));
        let kept = kept.await.unwrap();
        let refused = AuditCommand::RefuseBody(BodyRefused {
            dialect: dialect.to_owned(),
            source: "lab".to_owned(),
            errors: vec!["ref is missing".to_owned()],
            body: BlobRef {
                digest: kept.digest.to_string(),
                size: kept.size,
            },
            headers: headers(),
            at: self.clock.now(),
        });
        self.note(&format!("body:{}", kept.digest), refused).await;
        kept.digest.to_string()
    }

    async fn note(&self, page: &str, command: AuditCommand) {
        let metadata = Metadata {
            actor: Some(Actor {
                kind: ActorKind::Source,
                id: "lab".to_owned(),
                display: None,
            }),
            dialect: Some(CHOOSY.to_owned()),
            ..Metadata::default()
        };
        let done = self.app.commands.execute::<Audit>(page, command, &metadata);
        self.seen(done.await.unwrap().position()).await;
    }

    async fn kept(&self, digest: &str) -> Value {
        let bodies = self.get("/v1/audit/bodies").await;
        let mut bodies = bodies.body["items"].as_array().unwrap().iter();
        let found = bodies.find(|body| body["digest"] == digest);
        found.unwrap_or_else(|| panic!("{digest}")).clone()
    }
}

#[tokio::test]
async fn a_refused_body_is_shown_as_it_came_and_accepted_when_it_is_resubmitted() {
    let app = TestApp::new().await;
    let digest = app.refuse(CHOOSY, "good").await;
    let listed = app.kept(&digest).await;
    assert_eq!(listed["errors"], json!(["ref is missing"]));
    assert_eq!(
        (&listed["size"], &listed["source"], &listed["accepted"]),
        (&json!(4), &json!("lab"), &json!(false))
    );
    let body = app.get(&format!("/v1/audit/bodies/{digest}")).await;
    assert_eq!(body.body, "good");
    // Whatever it holds, no browser shows it.
    assert_eq!(body.headers["content-type"], "application/octet-stream");
    assert_eq!(body.headers["content-disposition"], "attachment");

    let again = format!("/v1/audit/bodies/{digest}/resubmit");
    for (reason, status) in [("the hook is mended", "accepted"), ("again", "duplicate")] {
        let taken = app.post(&again, Some(json!({"reason": reason}))).await;
        assert_eq!(taken.status, 200, "{taken:?}");
        let expected = json!({"status": status, "event_id": EVENT, "position": 2});
        assert_eq!(taken.body, expected, "{reason}");
    }
    let listed = app.kept(&digest).await;
    assert_eq!(listed["accepted"], true);
    let reply = app
        .get("/v1/audit?type=audit.body_resubmitted&oldest_first=true")
        .await;
    assert_eq!(items(&reply, "reason")[0], "the hook is mended");
    assert_eq!(items(&reply, "actor")[0]["id"], ADMIN);
}

#[tokio::test]
async fn a_body_that_is_refused_once_more_says_why_and_is_kept() {
    let app = TestApp::new().await;
    let (bad, late) = (
        app.refuse(CHOOSY, "bad").await,
        app.refuse(CHOOSY, "late").await,
    );
    let foreign = app.refuse("elsewhere", "good").await;
    for (digest, status) in [
        (bad.as_str(), 400),
        (&late, 503),
        (&foreign, 409),
        (&"0".repeat(64), 404),
        ("no-digest", 404),
    ] {
        let answered = app
            .post(&format!("/v1/audit/bodies/{digest}/resubmit"), None)
            .await;
        assert_eq!(answered.status, status, "{digest}");
    }
    let listed = app.kept(&bad).await;
    assert_eq!(
        (&listed["resubmissions"], &listed["accepted"]),
        (&json!(1), &json!(false))
    );
    let reply = app.get("/v1/audit?type=audit.body_resubmitted").await;
    assert_eq!(items(&reply, "summary"), ["ref is missing"]);
    // What was not looked at was not refused.
    assert_eq!(app.kept(&late).await["resubmissions"], 0);
}

#[tokio::test]
async fn what_was_done_is_found_by_who_what_where_and_when() {
    let app = TestApp::new().await;
    app.refuse(CHOOSY, "bad").await;
    let rejected = AuditCommand::RejectWebhook(WebhookRejected {
        dialect: CHOOSY.to_owned(),
        reason: "no credential".to_owned(),
        unwritten: 41,
        at: app.clock.now(),
    });
    app.note("2026-11-21", rejected).await;
    let all = [
        "audit.webhook_rejected",
        "audit.body_refused",
        "token.issued",
        "token.issued",
        "token.issued",
    ];
    let reversed: Vec<&str> = all.iter().rev().copied().collect();
    for (query, expected) in [
        ("", &all[..]),
        ("?oldest_first=true", &reversed),
        ("?type=audit.body_refused", &all[1..2]),
        ("?actor=lab", &all[..2]),
        ("?actor=lab&type=audit.webhook_rejected", &all[..1]),
        ("?dialect=choosy", &all[..2]),
        ("?dialect=gantry", &[]),
        ("?since=2026-11-21T07:00:00Z", &all),
        ("?since=2026-11-21T07:00:01Z", &[]),
        ("?until=2026-11-21T06:59:59Z", &[]),
        ("?limit=2", &all[..2]),
    ] {
        let found = app.get(&format!("/v1/audit{query}")).await;
        assert_eq!(items(&found, "type"), expected, "{query}");
    }
    let newest = app.get("/v1/audit?limit=1").await;
    assert_eq!(items(&newest, "unwritten"), [41]);
    assert_eq!(items(&newest, "summary"), ["choosy: no credential"]);
    for wrong in ["?since=yesterday", "?limit=0", "?who=me", "?cursor=%25"] {
        let refused = app.get(&format!("/v1/audit{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
}
