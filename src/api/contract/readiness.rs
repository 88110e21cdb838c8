//! When the app reports that it is not ready, and why.

use commands::{Clock, Commands};
use eventlog::faulty::AppendFault;
use eventlog::{AppendError, EventLog, FaultyLog};

use super::*;

fn faulty_log() -> Arc<FaultyLog> {
    let now = NOW.parse().unwrap();
    Arc::new(FaultyLog::new(move || now))
}

fn clock() -> Clock {
    Clock::fixed(NOW.parse().unwrap())
}

/// An app whose views take two events at a time.
fn app(log: Arc<dyn EventLog>) -> web::AppBuilder {
    Backend::with_pages(log, clock(), 2).app(Settings::default())
}

async fn ask(app: &App, target: &str) -> (u16, Value) {
    let router = serve_through_gate(routes(app), app.clone());
    let request = Request::get(target).body(Body::empty()).unwrap();
    let response = Answered::read(router.oneshot(request).await.unwrap()).await;
    (response.status.as_u16(), response.json())
}

#[tokio::test]
async fn a_log_that_does_not_write_is_not_ready_and_says_so() {
    let reason = "sda3: cannot write".to_owned();
    let full = AppendError::Full {
        reason: reason.clone(),
    };
    for (error, words) in [
        (
            AppendError::Stopped { reason },
            "the log does not accept writes",
        ),
        (full, "no space is left on the disk of the log"),
    ] {
        let log = faulty_log();
        log.fail_appends(AppendFault::Refused(error));
        let app = app(Arc::clone(&log) as Arc<dyn EventLog>).finish();
        let (status, body) = ask(&app, "/readyz").await;
        assert_eq!((status, &body["ready"]), (503, &json!(false)), "{words}");
        // A caller without a token does not learn which disk it is.
        assert_eq!(body["unready"], json!({"log": words}));
        assert_eq!(ask(&app, "/v1/info").await.1["writable"], false);
        assert_eq!(ask(&app, "/healthz").await.0, 200);
        // A cluster that has a leader again, or a disk that has space again, needs no restart.
        log.fail_appends(None);
        assert_eq!(ask(&app, "/readyz").await.0, 200, "{words}");
        assert_eq!(ask(&app, "/v1/info").await.1["writable"], true);
    }
}

/// The origin of the event ids decides whether a client may repeat. A new token has a random one.
#[tokio::test]
async fn a_change_with_new_ids_whose_outcome_is_unknown_is_not_to_be_repeated() {
    let log = faulty_log();
    let settings = Settings {
        anonymous_role: Some(Role::Admin),
        ..Settings::default()
    };
    let followed = Arc::clone(&log) as Arc<dyn EventLog>;
    let app = Backend::over(followed, clock()).app(settings).finish();
    log.fail_appends(AppendFault::AnswerLost);
    let router = serve_through_gate(routes(&app), app.clone());
    let request = Request::post("/v1/tokens")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"name": "ci", "role": "reader"}"#));
    let response = Answered::read(router.oneshot(request.unwrap()).await.unwrap()).await;
    assert_eq!(response.status, 504);
    assert!(!response.headers.contains_key("retry-after"));
    assert_eq!(
        response.body["type"], "urn:tallyman:problem:outcome-unknown",
        "{response:?}"
    );
    assert_eq!(log.appends(), 1);
}

#[tokio::test]
async fn readiness_says_which_log_there_is() {
    let app = app(faulty_log()).finish();
    let (_, body) = ask(&app, "/readyz").await;
    let expected = json!({"backend": "memory", "layout": "array", "log_id": null, "lag": 0});
    assert_eq!(body["log"], expected);
    assert_eq!(ask(&app, "/v1/info").await.1["backend"], "memory");
}

#[tokio::test]
async fn views_that_are_far_behind_are_not_ready_and_say_how_far() {
    let app = app(faulty_log()).finish();
    assert_eq!(ask(&app, "/readyz").await.0, 200);
    app.views.shutdown();
    for number in 0..5 {
        let issued = TokenCommand::Issue(Issued {
            name: format!("token {number}"),
            hash: secret::token_hash(&number.to_string()),
            role: Role::Reader,
            scopes: Vec::new(),
            expires_at: None,
            at: app.commands.clock().now(),
        });
        let (key, metadata) = (number.to_string(), Metadata::default());
        let done = app.commands.execute::<Token>(&key, issued, &metadata);
        done.await.unwrap();
    }
    let (status, body) = ask(&app, "/readyz").await;
    assert_eq!((status, &body["ready"]), (503, &json!(false)));
    assert_eq!(body["unready"]["views.tokens"], "5 events behind", "{body}");
}

#[tokio::test]
async fn whatever_else_must_hold_is_told_by_its_name() {
    let app = app(faulty_log());
    let app = app
        .ready_when("tide", || Ok(()))
        .ready_when("moon", || Err("it is new".to_owned()));
    let (status, body) = ask(&app.finish(), "/readyz").await;
    assert_eq!(
        (status, &body["unready"]),
        (503, &json!({"moon": "it is new"}))
    );
}

/// An empty table was the truth while it was filled: 404 for builds that exist, and lists without
/// an entry.
#[tokio::test]
async fn a_view_that_is_being_rebuilt_answers_503_and_is_named() {
    let held = faulty_log();
    held.hold(true);
    let log: Arc<dyn EventLog> = held.clone();
    let commands = Commands::new(log.clone(), clock());
    let issued = TokenCommand::Issue(Issued {
        name: "t".to_owned(),
        hash: secret::token_hash("t"),
        role: Role::Reader,
        scopes: Vec::new(),
        expires_at: None,
        at: commands.clock().now(),
    });
    let metadata = Metadata::default();
    let done = commands.execute::<Token>("t", issued, &metadata).await;
    let head = done.unwrap().position().unwrap();

    let backend = Backend::over(log, clock());
    let mut settings = Settings {
        anonymous_role: Some(Role::Admin),
        ..Settings::default()
    };
    settings.limits.patience = std::time::Duration::from_millis(10);
    let app = backend.app(settings).finish();
    let targets = [
        "/v1/builds",
        "/v1/builds/1",
        "/v1/collections",
        "/v1/collections/counts",
        "/v1/usage",
        "/v1/usage/1",
        "/v1/packages",
        "/v1/packages/zlib",
        "/v1/nodes",
        "/v1/nodes/x",
        "/v1/pulse",
        "/v1/allocation/explain?spec=a@1%20%2Bx%20arch=x%25gcc@1",
        "/v1/allocation/models",
        "/v1/allocation/models/x",
        "/v1/allocation/accuracy",
        "/v1/runs",
        "/v1/runs/1",
        "/v1/runs/1/log",
        "/v1/runs/1/kill-requests",
        "/v1/runs/counts",
        "/v1/audit",
        "/v1/audit/bodies",
        "/v1/audit/bodies/x",
        "/v1/tokens",
        "/v1/tokens/t",
        "/v1/groups",
        "/v1/users/1",
        "/v1/workers",
        "/v1/worker-pools",
        "/v1/projects",
        "/v1/job-templates/1",
        "/v1/jobs",
        "/v1/jobs/1",
    ];
    for target in targets {
        let (status, body) = ask(&app, target).await;
        assert_eq!(status, 503, "{target}: {body}");
        assert!(body["retry_after"].is_u64(), "{target}: {body}");
        let detail = body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("is not up to date"), "{target}: {body}");
    }
    let (status, body) = ask(&app, "/readyz").await;
    assert_eq!(status, 503);
    for status in app.views.statuses() {
        let name = format!("views.{}", status.name);
        assert_eq!(body["unready"][&name], "1 events behind", "{body}");
    }
    // What the log itself knows needs no view.
    assert_eq!(ask(&app, "/v1/streams/token-t").await.0, 200);

    held.hold(false);
    let there = app
        .views
        .wait_for_all(head, std::time::Duration::from_secs(60));
    there.await.unwrap();
    for target in targets {
        let (status, body) = ask(&app, target).await;
        assert!(matches!(status, 200 | 404), "{target}: {status} {body}");
    }
    assert_eq!(ask(&app, "/readyz").await.0, 200);
}
