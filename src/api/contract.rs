//! What the API promises.

use std::sync::Arc;

use ::projections::{Views, ViewsConfig};
use axum::Router;
use axum::body::Body;
use blobs::Blobs;
use commands::{Clock, Commands};
use domain::builds::build::{Build, BuildCommand, Reported, Runner};
use domain::core::token::{Issued, Role, Token, TokenCommand};
use domain::{Metadata, Verbatim};
use eventlog::{EventLog, MemoryLog, Position};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use people::{People, Seal, secret};
use serde_json::{Value, json};
use tables::MemoryTables;
use tower::ServiceExt;
use web::{App, Settings, serve_through_gate};

use crate::Api;

mod apply;
mod audit;
mod builds;
mod callers;
mod documents;
mod events;
mod models;
mod past;
mod readiness;
mod refusals;
mod roster;
mod runs;
mod streams;
mod visibility;

const NOW: &str = "2026-11-21T07:00:00Z";

/// The API in an app of memory, with one token for each role.
struct TestApp {
    app: App,
    people: People,
    router: Router,
    log: Arc<dyn EventLog>,
    clock: Clock,
}

/// What came back.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

const READER: &str = "tally_reader";
const OPERATOR: &str = "tally_operator";
const ADMIN: &str = "tally_admin";

/// What recognises users, with a key of its own.
fn people(app: &App) -> People {
    let auditor = Arc::clone(&app.auditor);
    People::new(
        app.commands.clone(),
        app.views.clone(),
        auditor,
        Seal::for_now(),
    )
}

/// The routes of an API without settings of its own.
fn routes(app: &App) -> Router<App> {
    Api::new(app.clone(), people(app), crate::Settings::default()).routes([])
}

impl TestApp {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        Self::with_all(settings, crate::Settings::default()).await
    }

    async fn with_all(settings: Settings, own: crate::Settings) -> Self {
        let now = NOW.parse().unwrap();
        let clock = Clock::fixed(now);
        let of_log = clock.clone();
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new(move || of_log.now()));
        let views = Views::start(Arc::clone(&log), Arc::new(MemoryTables::new()), config());
        let views = views.unwrap();
        let commands = Commands::new(Arc::clone(&log), clock.clone());
        let app = App::build(commands, views, Blobs::memory(), settings)
            .metrics(|| "tallyman_up 1\n".to_owned())
            .resubmit(audit::CHOOSY, Arc::new(audit::Choosy))
            .finish();
        let people = people(&app);
        let api = Api::new(app.clone(), people.clone(), own);
        let router = serve_through_gate(api.routes([]), app.clone());
        let app = Self {
            app,
            people,
            router,
            log,
            clock,
        };
        for (secret, role) in [
            (READER, Role::Reader),
            (OPERATOR, Role::Operator),
            (ADMIN, Role::Admin),
        ] {
            app.token(secret, role, &[]).await;
        }
        app
    }

    async fn token(&self, secret: &str, role: Role, scopes: &[&str]) {
        let command = TokenCommand::Issue(Issued {
            name: secret.to_owned(),
            hash: secret::token_hash(secret),
            role,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expires_at: None,
            at: self.clock.now(),
        });
        let done = self
            .app
            .commands
            .execute::<Token>(secret, command, &Metadata::default())
            .await;
        self.seen(done.unwrap().position()).await;
    }

    /// Reports a build, and waits until the views know.
    async fn report(&self, number: i64, status: &str) -> Position {
        self.report_of(number, status, r#"{"big":  9007199254740993}"#)
            .await
    }

    /// The same with a body.
    async fn report_with(&self, number: i64, body: &str) -> Position {
        self.report_of(number, "running", body).await
    }

    async fn report_of(&self, number: i64, status: &str, body: &str) -> Position {
        let now = self.clock.now();
        let key = format!("default:{number}");
        let report = Reported {
            source: "default".to_owned(),
            build_id: number,
            status: status.to_owned(),
            stage: "stage-1".to_owned(),
            name: None,
            git_ref: "develop".to_owned(),
            created_at: None,
            started_at: Some(now),
            finished_at: Some(now),
            runner: Some(Runner {
                id: None,
                description: "aws".to_owned(),
            }),
            pipeline_id: None,
            project_id: None,
            project: None,
            failure_reason: None,
            retries_count: None,
            instance: None,
            delivery: format!("{key} {status}"),
            body: Some(Verbatim::parse(body.to_owned()).unwrap()),
            body_blob: None,
            at: now,
        };
        let metadata = Metadata {
            dialect: Some("gantry".to_owned()),
            ..Metadata::default()
        };
        let done = self
            .app
            .commands
            .execute::<Build>(&key, BuildCommand::Report(report), &metadata)
            .await;
        self.seen(done.unwrap().position()).await
    }

    async fn seen(&self, position: Option<Position>) -> Position {
        let position = position.unwrap();
        self.app.wait_for(position).await.unwrap();
        position
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

    async fn ask(
        &self,
        method: &str,
        target: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(target);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, target: &str) -> Answered {
        self.ask("GET", target, Some(ADMIN), None).await
    }

    async fn post(&self, target: &str, body: Option<Value>) -> Answered {
        self.ask("POST", target, Some(ADMIN), body).await
    }
}

/// After every test the views equal views rebuilt from the log.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            ::projections::conformance::check(&self.log, &self.app.views, config());
        }
    }
}

fn config() -> ViewsConfig {
    let now = NOW.parse().unwrap();
    ViewsConfig::new(move || now)
}

fn items<'a>(answered: &'a Answered, field: &str) -> Vec<&'a Value> {
    let items = answered.body["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{answered:?}"));
    items.iter().map(|item| &item[field]).collect()
}
