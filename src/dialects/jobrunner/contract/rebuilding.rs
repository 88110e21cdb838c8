//! What clients are answered while a view is rebuilt: 503 and when to come back, never that nothing
//! is there.

use projections::{RosterView, Runs};
use std::time::Duration;

use commands::{Transaction, runs};
use domain::jobs::worker::{Worker, WorkerCommand};
use eventlog::FaultyLog;
use tables::Tables;

use super::*;

/// How long a test waits for a view to stop answering, or to answer again.
const PATIENCE: Duration = Duration::from_secs(60);

/// An app with one of everything, whose views can be kept from being rebuilt.
struct Rebuilding {
    app: TestApp,
    log: Arc<FaultyLog>,
    tables: Arc<MemoryTables>,
}

impl Rebuilding {
    async fn new() -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let log = Arc::new(FaultyLog::new(move || now));
        let tables = Arc::new(MemoryTables::new());
        let app = TestApp::with_tables(
            log.clone(),
            tables.clone(),
            Seal::for_now(),
            Settings::default(),
        );
        app.set_up_farm().await;
        let run = app.run().await;
        app.report(run, &[claim(), start()]).await;
        app.create(
            WORKER,
            Resource::KillRequest,
            json!({"run": Resource::Run.uri(run)}),
        )
        .await;
        let text = json!({"run": Resource::Run.uri(run), "content": "it begins"});
        app.create(WORKER, Resource::RunLog, text).await;
        Self { app, log, tables }
    }

    /// Damages the table of a view, and waits until the view is being rebuilt.
    async fn damage(&self, view: &str) {
        self.log.hold(true);
        let table = format!("{view}.");
        for name in self.tables.names().unwrap() {
            if name.starts_with(&table) {
                self.tables.drop_table(&name).unwrap();
            }
        }
        // Whatever changes the view next finds the damage.
        let (commands, metadata) = (&self.app.app.commands, Metadata::default());
        let at = self.app.clock.now();
        let suspended = WorkerCommand::Suspend { at };
        let done = commands.execute::<Worker>("2", suspended, &metadata);
        done.await.unwrap();
        let work = |unit: Transaction| async move { runs::request_kill(&unit, 1).await };
        commands.transact(&metadata, work).await.unwrap();
        self.until(view, false).await;
    }

    async fn until(&self, view: &str, answers: bool) {
        let views = &self.app.app.views;
        let there = async {
            loop {
                let now = match view {
                    "roster" => views.of::<RosterView>().is_ok(),
                    _ => views.of::<Runs>().is_ok(),
                };
                if now == answers {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let there = tokio::time::timeout(PATIENCE, there).await;
        there.unwrap_or_else(|_| panic!("{view} never came to answer: {answers}"));
    }
}

/// The old server's answer for "unavailable at present".
#[track_caller]
fn assert_unavailable(answered: &Answered, what: &str) {
    assert_eq!(answered.status, 503, "{what}: {answered:?}");
    let seconds: u64 = answered.header("retry-after").parse().unwrap();
    assert!(seconds > 0, "{what}");
    let text = answered.json()["error_message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("is not up to date"), "{what}: {text}");
}

fn places(resource: Resource) -> [String; 4] {
    let name = resource.name();
    [
        format!("/api/v1/{name}/"),
        format!("/api/v1/{name}/?limit=1&offset=1"),
        format!("/api/v1/{name}/1/"),
        format!("/api/v1/{name}/set/1;7/"),
    ]
}

/// Without the roster the caller is unknown, and a worker that gets 401 drops its work.
#[tokio::test]
async fn no_caller_is_refused_while_the_roster_is_rebuilt() {
    let test = Rebuilding::new().await;
    test.damage("roster").await;
    for resource in Resource::ALL {
        let schema = format!("/api/v1/{}/schema/", resource.name());
        for target in places(resource).into_iter().chain([schema]) {
            for who in [WORKER, ADMIN] {
                let answered = test.app.get(who, &target).await;
                assert_unavailable(&answered, &format!("{who:?} {target}"));
            }
        }
    }
    for (method, resource, number, body) in [
        (
            "PATCH",
            Resource::Worker,
            1,
            json!({"ping_response_dts": "2026-11-21T08:05:44Z"}),
        ),
        ("PATCH", Resource::Run, 1, over(true)),
        ("PATCH", Resource::Job, 1, json!({"title": "another"})),
        (
            "PATCH",
            Resource::KillRequest,
            1,
            json!({"execute_dts": "2026-11-21T08:05:44Z"}),
        ),
        ("PATCH", Resource::RunLog, 1, json!({"content": "it ends"})),
    ] {
        let target = resource.uri(number);
        let answered = test
            .app
            .ask(WORKER, method, &target, body.to_string())
            .await;
        assert_unavailable(&answered, &target);
    }
    // Answers that are the same for all callers need no view.
    assert_eq!(test.app.get(As::Anonymous, "/api/v1/").await.status, 200);

    test.log.hold(false);
    test.until("roster", true).await;
    for resource in Resource::ALL {
        let list = test
            .app
            .get(ADMIN, &format!("/api/v1/{}/", resource.name()))
            .await;
        assert_eq!(list.status, 200, "{list:?}");
        assert_ne!(list.json()["objects"], json!([]), "{resource:?}");
    }
}

/// Lists of runs were empty and runs that exist were not found.
#[tokio::test]
async fn runs_are_not_missing_while_their_view_is_rebuilt() {
    let test = Rebuilding::new().await;
    test.damage("runs").await;
    let of_runs = [Resource::Run, Resource::KillRequest, Resource::RunLog];
    for resource in Resource::ALL {
        for target in places(resource) {
            let answered = test.app.get(WORKER, &target).await;
            match of_runs.contains(&resource) {
                true => assert_unavailable(&answered, &target),
                // Requests for other resources are answered as usual.
                false => assert_ne!(answered.status, 503, "{target}: {answered:?}"),
            }
        }
    }
    for query in ["state=scheduled", "state=in_queue&worker_pool__worker=1"] {
        let target = format!("/api/v1/run/?{query}");
        assert_unavailable(&test.app.get(WORKER, &target).await, &target);
    }

    test.log.hold(false);
    test.until("runs", true).await;
    for resource in of_runs {
        let [list, _, single, _] = places(resource);
        assert_ne!(test.app.get(WORKER, &list).await.ids(), [0; 0], "{list}");
        assert_eq!(test.app.get(WORKER, &single).await.status, 200, "{single}");
    }
}

/// A password is neither right nor wrong as long as it is not known, and a session is not closed.
#[tokio::test]
async fn users_get_503_while_the_roster_is_rebuilt() {
    let test = Rebuilding::new().await;
    test.app.password(2, "correct horse").await;
    let (app, people) = (test.app.app.clone(), test.app.people.clone());
    let dialect = JobRunner::new(app.clone(), people, Settings::default());
    let router = serve_through_gate(dialect.routes(), app);
    let send = async |method: &str, target: &str, cookie: &str, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "127.0.0.1:8124")
            .header("content-type", "application/json")
            .header("cookie", cookie)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        Answered::read(response).await
    };
    let form = json!({"username": "admin", "password": "correct horse"}).to_string();
    let opened = send("POST", "/accounts/login/", "", &form).await;
    assert_eq!(opened.status, 204, "{opened:?}");
    let session = opened
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(send("GET", "/api/v1/job/", &session, "").await.status, 200);

    test.damage("roster").await;
    for body in [
        form.as_str(),
        r#"{"username": "admin", "password": "wrong horse"}"#,
    ] {
        let answered = send("POST", "/accounts/login/", "", body).await;
        assert_eq!(answered.status, 503, "{answered:?}");
        assert_ne!(answered.header("retry-after"), "", "{answered:?}");
        assert!(answered.text.contains("is not up to date"), "{answered:?}");
        assert_eq!(answered.header("set-cookie"), "");
    }
    assert_unavailable(
        &send("GET", "/api/v1/job/", &session, "").await,
        "a session",
    );

    test.log.hold(false);
    test.until("roster", true).await;
    assert_eq!(send("GET", "/api/v1/job/", &session, "").await.status, 200);
}
