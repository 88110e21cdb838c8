//! The contract, row by row.

use std::ops::Deref;
use std::sync::Arc;

use axum::body::Body;
use commands::Clock;
use eventlog::{EventLog, MemoryLog, Position};
use http::Request;
use secrecy::SecretString;
use serde_json::{Value, json};
use testapp::{Backend, TestResponse as Answered};
use web::Settings as WebSettings;

use super::*;

mod allocate;
mod bodies;
mod collect;
mod rebuilding;
mod sources;
mod trouble;

const TOKEN: &str = "let-me-in";
const NOW: &str = "2026-11-21T07:00:00Z";

/// The dialect in an application of memory.
struct TestApp(testapp::TestApp);

impl Deref for TestApp {
    type Target = testapp::TestApp;

    fn deref(&self) -> &testapp::TestApp {
        &self.0
    }
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
        let backend = Backend::over(log, Clock::fixed(NOW.parse().unwrap()));
        let app = backend.app(WebSettings::default()).finish();
        let settings = Settings {
            sources,
            ..Settings::default()
        };
        let dialect = Gantry::new(app.clone(), &settings).unwrap();
        Self(testapp::TestApp::new(backend, app, dialect.routes()))
    }

    /// Sends a job hook as GitLab would.
    async fn collect(&self, body: impl Into<Body>) -> Answered {
        self.send(hook().body(body.into()).unwrap()).await
    }

    async fn only_event(&self, event_type: &str) -> Value {
        let events = self.events(event_type).await;
        assert_eq!(events.len(), 1, "{events:?}");
        serde_json::from_slice(&events[0].data).unwrap()
    }
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
