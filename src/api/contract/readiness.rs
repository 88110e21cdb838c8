//! When the app says that it is not ready, and why.

use async_trait::async_trait;
use eventlog::{
    Append, AppendError, Appended, Filter, Page, PageLimit, ReadError, Recorded, Revision,
    StreamName,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::*;

/// A log that does not write, and why.
struct Stopped(MemoryLog, AppendError);

#[async_trait]
impl EventLog for Stopped {
    async fn append(&self, _: Vec<Append>) -> Result<Appended, AppendError> {
        Err(self.1.clone())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        self.0.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.0.read_all(after, filter, limit).await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.0.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        self.0.stream_head(stream).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        self.0.find(id).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.0.watch_head()
    }

    fn stopped(&self) -> Option<AppendError> {
        Some(self.1.clone())
    }
}

/// A log that is not read before it is let go.
struct Held(MemoryLog, watch::Sender<bool>);

impl Held {
    async fn let_go(&self) {
        let _ = self.1.subscribe().wait_for(|free| *free).await;
    }
}

#[async_trait]
impl EventLog for Held {
    async fn append(&self, batch: Vec<Append>) -> Result<Appended, AppendError> {
        self.0.append(batch).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        self.0.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.let_go().await;
        self.0.read_all(after, filter, limit).await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.0.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        self.0.stream_head(stream).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        self.0.find(id).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.0.watch_head()
    }

    fn stopped(&self) -> Option<AppendError> {
        self.0.stopped()
    }
}

fn memory_log() -> MemoryLog {
    let now = NOW.parse().unwrap();
    MemoryLog::new(move || now)
}

/// An app whose views take two events at a time.
fn app(log: Arc<dyn EventLog>) -> web::AppBuilder {
    let config = ProjectorConfig {
        page_events: 2,
        ..config()
    };
    let views = Views::start(Arc::clone(&log), Arc::new(MemoryTables::new()), config).unwrap();
    let commands = Commands::new(log, Clock::fixed(NOW.parse().unwrap()));
    App::build(commands, views, Blobs::memory(), Settings::default())
}

async fn ask(app: &App, target: &str) -> (u16, Value) {
    let router = serve_through_gate(crate::routes(), app.clone());
    let request = Request::get(target).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
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
            "the log does not take writes",
        ),
        (full, "no space is left on the disk of the log"),
    ] {
        let app = app(Arc::new(Stopped(memory_log(), error))).finish();
        let (status, body) = ask(&app, "/readyz").await;
        assert_eq!((status, &body["ready"]), (503, &json!(false)), "{words}");
        // Which disk it is is nobody's business who has no token.
        assert_eq!(body["unready"], json!({"log": words}));
        assert_eq!(ask(&app, "/v1/info").await.1["writable"], false);
        assert_eq!(ask(&app, "/healthz").await.0, 200);
    }
}

#[tokio::test]
async fn views_that_are_far_behind_are_not_ready_and_say_how_far() {
    let app = app(Arc::new(memory_log())).finish();
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
    let app = app(Arc::new(memory_log()));
    let app = app
        .ready_when("tide", || Ok(()))
        .ready_when("moon", || Err("it is new".to_owned()));
    let (status, body) = ask(&app.finish(), "/readyz").await;
    assert_eq!(
        (status, &body["unready"]),
        (503, &json!({"moon": "it is new"}))
    );
}

/// An empty table was the truth while it was filled: 404 for builds that exist, and lists without an entry.
#[tokio::test]
async fn a_view_that_is_being_rebuilt_answers_503_and_is_named() {
    let held = Arc::new(Held(memory_log(), watch::Sender::new(false)));
    let log: Arc<dyn EventLog> = held.clone();
    let commands = Commands::new(log.clone(), Clock::fixed(NOW.parse().unwrap()));
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

    let views = Views::start(log, Arc::new(MemoryTables::new()), config()).unwrap();
    let mut settings = Settings {
        anonymous_role: Some(Role::Admin),
        ..Settings::default()
    };
    settings.limits.patience = std::time::Duration::from_millis(10);
    let app = App::build(commands, views, Blobs::memory(), settings).finish();
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

    held.1.send_replace(true);
    let there = app.views.wait_for(head, std::time::Duration::from_secs(60));
    there.await.unwrap();
    for target in targets {
        let (status, body) = ask(&app, target).await;
        assert!(matches!(status, 200 | 404), "{target}: {status} {body}");
    }
    assert_eq!(ask(&app, "/readyz").await.0, 200);
}
