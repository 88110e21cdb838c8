//! Every administrative action is found in the audit: who, when, from where and why.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use web::OperationStatus;

use super::*;

/// Where the requests of these tests come from.
const PEER: &str = "198.51.100.7:40000";

/// Where the reason of an action is given.
#[derive(Clone, Copy, Debug)]
enum ReasonIn {
    Body,
    Query,
}

use ReasonIn::{Body as InBody, Query as InQuery};

/// An action, and the events of the audit that it leads to, in order.
struct Action {
    method: &'static str,
    target: String,
    body: Value,
    reason_in: ReasonIn,
    events: &'static [&'static str],
}

impl TestApp {
    /// Does something as an operator with a reason, and returns what came back.
    async fn act(&self, action: &Action, reason: &str) -> Answered {
        let mut target = action.target.clone();
        let mut body = action.body.clone();
        match action.reason_in {
            InBody => body["reason"] = json!(reason),
            InQuery => target = format!("{target}?reason={}", reason.replace(' ', "%20")),
        }
        let peer: SocketAddr = PEER.parse().unwrap();
        let request = Request::builder()
            .method(action.method)
            .uri(target)
            .extension(ConnectInfo(peer))
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("host", "here")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        let answered = self.send(request.unwrap()).await;
        assert!(
            answered.status.is_success(),
            "{}: {answered:?}",
            action.target
        );
        self.until_over(&answered).await;
        answered
    }

    /// Waits for the operation that an answer names, if it names one.
    async fn until_over(&self, answered: &Answered) {
        if answered.status == 202 {
            let id = answered.body["id"].as_str().unwrap().parse().unwrap();
            let mut state = self.app.operations.watch(id).unwrap();
            let over = state.wait_for(|state| state.status != OperationStatus::Running);
            let over = tokio::time::timeout(std::time::Duration::from_secs(60), over).await;
            let over = over.unwrap().unwrap().clone();
            assert_eq!(over.status, OperationStatus::Succeeded, "{over:?}");
        }
        self.app.wait_for(self.app.commands.head()).await.unwrap();
    }

    /// Does something, and finds it in the audit.
    async fn is_audited(&self, action: &Action) -> Answered {
        // Each action has a time and a reason of its own.
        self.clock.advance(std::time::Duration::from_secs(60));
        let (at, reason) = (self.clock.now(), format!("because of {}", action.target));
        let since = format!("/v1/audit?oldest_first=true&since={at}");
        let answered = self.act(action, &reason).await;
        let found = self.get(&since).await;
        assert_eq!(
            items(&found, "type"),
            action.events,
            "{} {}",
            action.method,
            action.target
        );
        let names = found.body["items"].as_array().unwrap();
        for entry in names {
            let what = format!("{} {}: {entry:#}", action.method, action.target);
            let actor = json!({"kind": "token", "id": ADMIN, "display": ADMIN});
            assert_eq!(entry["actor"], actor, "{what}");
            assert_eq!(entry["recorded_at"], json!(at), "{what}");
            assert_eq!(entry["dialect"], "api", "{what}");
            assert_eq!(entry["source_ip"], "198.51.100.7", "{what}");
            assert_eq!(entry["reason"], json!(reason), "{what}");
            assert!(entry["request_id"].is_string(), "{what}");
        }
        answered
    }
}

fn action(
    method: &'static str,
    target: impl Into<String>,
    body: Value,
    reason_in: ReasonIn,
    events: &'static [&'static str],
) -> Action {
    Action {
        method,
        target: target.into(),
        body,
        reason_in,
        events,
    }
}

#[tokio::test]
async fn what_is_done_to_the_roster_is_audited() {
    let app = TestApp::new().await;
    for row in [
        action(
            "POST",
            "/v1/groups",
            json!({"name": "g"}),
            InQuery,
            &["group.created"],
        ),
        action(
            "PATCH",
            "/v1/groups/1",
            json!({"name": "h"}),
            InQuery,
            &["group.edited"],
        ),
        action(
            "POST",
            "/v1/users",
            json!({"username": "u", "password": "correct horse"}),
            InQuery,
            &["user.created"],
        ),
        action(
            "PATCH",
            "/v1/users/1",
            json!({"password": "another horse"}),
            InQuery,
            &["user.password_changed"],
        ),
        action(
            "PATCH",
            "/v1/users/1",
            json!({"admin": true, "groups": ["h"]}),
            InQuery,
            &["user.edited", "user.group_joined"],
        ),
        action(
            "PATCH",
            "/v1/users/1",
            json!({"enabled": false}),
            InQuery,
            &["user.disabled"],
        ),
        action(
            "POST",
            "/v1/workers",
            json!({"title": "w", "secret": "very secret"}),
            InQuery,
            &["worker.registered"],
        ),
        action(
            "PATCH",
            "/v1/workers/1",
            json!({"secret": "other secret"}),
            InQuery,
            &["worker.edited"],
        ),
        action(
            "PATCH",
            "/v1/workers/1",
            json!({"enqueue_is_enabled": false}),
            InQuery,
            &["worker.enqueue_suspended"],
        ),
        action(
            "POST",
            "/v1/worker-pools",
            json!({"title": "p", "workers": ["w"]}),
            InQuery,
            &["worker_pool.created"],
        ),
        action(
            "PATCH",
            "/v1/worker-pools/1",
            json!({"workers": []}),
            InQuery,
            &["worker_pool.worker_removed"],
        ),
        action(
            "POST",
            "/v1/projects",
            json!({"title": "t", "worker_pools": ["p"]}),
            InQuery,
            &["project.created"],
        ),
        action(
            "PATCH",
            "/v1/projects/1",
            json!({"description": "d"}),
            InQuery,
            &["project.edited"],
        ),
        action(
            "POST",
            "/v1/job-templates",
            json!({"title": "s", "project": "t", "body": "{{ content }}"}),
            InQuery,
            &["job_template.created"],
        ),
        action(
            "PATCH",
            "/v1/job-templates/1",
            json!({"body": "x"}),
            InQuery,
            &["job_template.edited"],
        ),
        action(
            "POST",
            "/v1/jobs",
            json!({"title": "j", "job_template": "s", "worker_pool": "p"}),
            InQuery,
            &["job.created"],
        ),
        action(
            "PATCH",
            "/v1/jobs/1",
            json!({"reschedule_interval": 2}),
            InQuery,
            &["job.edited"],
        ),
        action(
            "PATCH",
            "/v1/jobs/1",
            json!({"enqueue_is_enabled": false}),
            InQuery,
            &["job.enqueue_suspended"],
        ),
        action(
            "POST",
            "/v1/apply",
            json!({"groups": [{"name": "i"}], "workers": [{"title": "w", "enqueue_is_enabled": true}]}),
            InQuery,
            &["group.created", "worker.enqueue_resumed"],
        ),
    ] {
        app.is_audited(&row).await;
    }
    let everything = app.get("/v1/audit?limit=1000").await.body.to_string();
    for secret in ["horse", "very secret", "other secret", "argon2", "sealed:"] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_is_done_about_runs_is_audited() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    for number in [1, 2] {
        app.hanging(number).await;
    }
    let kill = action(
        "POST",
        "/v1/runs/1/kill",
        json!({}),
        InBody,
        &["kill_request.requested", "run.kill_requested"],
    );
    app.is_audited(&kill).await;
    let end = action(
        "POST",
        "/v1/runs/2/end",
        json!({}),
        InBody,
        &["run.given_up"],
    );
    app.is_audited(&end).await;
}

#[tokio::test]
async fn what_is_done_to_tokens_is_audited() {
    let app = TestApp::new().await;
    let issue = json!({"name": "ci", "role": "reader"});
    let issue = action("POST", "/v1/tokens", issue, InBody, &["token.issued"]);
    let issued = app.is_audited(&issue).await;
    let target = format!("/v1/tokens/{}", issued.body["id"].as_str().unwrap());
    app.is_audited(&action(
        "DELETE",
        target,
        json!({}),
        InBody,
        &["token.revoked"],
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_models_and_views_is_audited() {
    let app = TestApp::new().await;
    for number in 1..=8 {
        models::used(&app, number).await;
    }
    let train = action(
        "POST",
        "/v1/allocation/retrain",
        json!({"strategy": "ladder"}),
        InBody,
        &["audit.operation_started", "allocation.model_trained"],
    );
    let begun = app.is_audited(&train).await;
    let id = begun.body["id"].as_str().unwrap();
    let operation = app.get(&format!("/v1/operations/{id}")).await.body;
    let model = operation["result"].as_str().unwrap();
    for row in [
        action(
            "POST",
            format!("/v1/allocation/models/{model}/promote"),
            json!({}),
            InBody,
            &["allocation.model_promoted"],
        ),
        action(
            "POST",
            "/v1/allocation/rollback",
            json!({}),
            InBody,
            &["allocation.model_rolled_back"],
        ),
        action(
            "POST",
            "/v1/projections/packages/rebuild",
            json!({}),
            InBody,
            &["audit.operation_started"],
        ),
    ] {
        app.is_audited(&row).await;
    }
}

#[tokio::test]
async fn what_is_done_about_builds_and_bodies_is_audited() {
    let app = TestApp::new().await;
    app.report(1, "success").await;
    let metadata = Metadata::default();
    let command = BuildCommand::FailCollection(domain::builds::build::CollectionFailed {
        collection: 1,
        fault: domain::builds::build::CollectionFault::PodMissing,
        detail: "no pod".to_owned(),
        at: app.clock.now(),
    });
    let done = app
        .app
        .commands
        .execute::<Build>("default:1", command, &metadata);
    app.seen(done.await.unwrap().position()).await;
    let digest = app.refuse(CHOOSY, "good").await;
    for row in [
        action(
            "POST",
            "/v1/builds/1/collect",
            json!({}),
            InBody,
            &["build.collection_requeued"],
        ),
        action(
            "POST",
            format!("/v1/audit/bodies/{digest}/resubmit"),
            json!({}),
            InBody,
            &["audit.body_resubmitted"],
        ),
    ] {
        app.is_audited(&row).await;
    }
}
