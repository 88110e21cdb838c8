//! The contract, row by row.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use blobs::Blobs;
use commands::{Clock, Commands};
use eventlog::{EventLog, Filter, MemoryLog, PageLimit, Position, Recorded};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use projections::{Views, ViewsConfig};
use secrecy::SecretString;
use serde_json::{Value, json};
use tables::MemoryTables;
use tower::ServiceExt;
use web::{App, Settings as WebSettings, serve_through_gate};

use super::*;

mod allocate;
mod bodies;
mod collect;
mod rebuilding;
mod sources;
mod trouble;

const TOKEN: &str = "let-me-in";
const NOW: &str = "2026-11-21T07:00:00Z";

/// A dialect in an app of memory.
struct TestApp {
    app: App,
    router: Router,
    log: Arc<dyn EventLog>,
}

/// What came back.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl TestApp {
    fn new() -> Self {
        Self::with(vec![source("default", &[TOKEN])])
    }

    fn with(sources: Vec<Source>) -> Self {
        let now = NOW.parse().unwrap();
        Self::on(Arc::new(MemoryLog::new(move || now)), sources)
    }

    fn on(log: Arc<dyn EventLog>, sources: Vec<Source>) -> Self {
        let now = NOW.parse().unwrap();
        let views = Views::start(Arc::clone(&log), Arc::new(MemoryTables::new()), config());
        let views = views.unwrap();
        let commands = Commands::new(Arc::clone(&log), Clock::fixed(now));
        let app = App::build(commands, views, Blobs::memory(), WebSettings::default()).finish();
        let settings = Settings {
            sources,
            ..Settings::default()
        };
        let dialect = Gantry::new(app.clone(), &settings).unwrap();
        let router = serve_through_gate(dialect.routes(), app.clone());
        Self { app, router, log }
    }

    async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body)
                .unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))),
        }
    }

    async fn get(&self, target: &str) -> Answered {
        self.send(Request::get(target).body(Body::empty()).unwrap())
            .await
    }

    /// Sends a job hook as GitLab would.
    async fn collect(&self, body: impl Into<Body>) -> Answered {
        self.send(hook().body(body.into()).unwrap()).await
    }

    /// Everything in the log whose type begins so.
    async fn events(&self, event_type: &str) -> Vec<Recorded> {
        let filter = Filter {
            event_types: vec![format!("{event_type}*")],
            ..Filter::all()
        };
        let page = self
            .log
            .read_all(Position::START, &filter, PageLimit::events(1000))
            .await;
        page.unwrap().events
    }

    async fn only_event(&self, event_type: &str) -> Value {
        let events = self.events(event_type).await;
        assert_eq!(events.len(), 1, "{events:?}");
        serde_json::from_slice(&events[0].data).unwrap()
    }
}

/// After every test the views equal views rebuilt from the log.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            projections::conformance::check(&self.log, &self.app.views, config());
        }
    }
}

fn config() -> ViewsConfig {
    let now = NOW.parse().unwrap();
    ViewsConfig::new(move || now)
}

fn source(name: &str, tokens: &[&str]) -> Source {
    Source {
        name: name.to_owned(),
        tokens: tokens
            .iter()
            .map(|token| SecretString::from(*token))
            .collect(),
        ..Source::default()
    }
}

fn hook() -> http::request::Builder {
    Request::post("/v1/collect")
        .header("x-gitlab-event", "Job Hook")
        .header("x-gitlab-token", TOKEN)
        .header("content-type", "application/json")
}

/// A job hook with everything that GitLab sends and nothing that we need to know.
fn job() -> Value {
    json!({
        "object_kind": "build",
        "ref": "develop",
        "tag": false,
        "build_id": 90210,
        "build_name": "solver: [linux-x64, gcc-14] \"quoted\" 🦀",
        "build_stage": "stage-1",
        "build_status": "success",
        "build_created_at": "2026-11-20 22:40:11 UTC",
        "build_started_at": "2026-11-20 22:43:58 UTC",
        "build_finished_at": "2026-11-20T23:31:20.318Z",
        "build_duration": 2842.5,
        "build_failure_reason": "unknown_failure",
        "pipeline_id": 33107,
        "runner": {"id": 412, "description": "hpc-build-07", "tags": ["linux"]},
        "project_id": 57,
        "project_name": "Alpen Lab / HPC / solver-stack",
        "project": {"id": 57, "path_with_namespace": "hpc/solver-stack"},
        "user": null,
        "a field of tomorrow": {"nested": [1, 2.50, 1e3]},
    })
}

fn with(field: &str, value: Value) -> String {
    let mut body = job();
    body[field] = value;
    body.to_string()
}

fn without(field: &str) -> String {
    let mut body = job();
    body.as_object_mut().unwrap().remove(field);
    body.to_string()
}

fn fields(answered: &Answered) -> Vec<&str> {
    let errors = answered.body["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    errors
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}
