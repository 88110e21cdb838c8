//! What the API promises.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use domain::builds::build::{Build, BuildCommand, Reported, Runner};
use domain::core::token::{Issued, Role, Token, TokenCommand};
use domain::{Metadata, Verbatim};
use eventlog::Position;
use http::{Request, StatusCode};
use people::{People, Seal, secret};
use serde_json::{Value, json};
use testapp::{Backend, TestResponse as Answered};
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

/// The API in an application of memory, with one token for each role.
struct TestApp {
    base: testapp::TestApp,
    people: People,
}

impl Deref for TestApp {
    type Target = testapp::TestApp;

    fn deref(&self) -> &testapp::TestApp {
        &self.base
    }
}

const READER: &str = "tally_reader";
const OPERATOR: &str = "tally_operator";
const ADMIN: &str = "tally_admin";

/// What recognises users, with a key of its own.
fn people(app: &App) -> People {
    testapp::people(app, Seal::for_now())
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
        let backend = Backend::at(NOW);
        let app = backend
            .app(settings)
            .metrics(|| "tallyman_up 1\n".to_owned())
            .resubmit(audit::CHOOSY, Arc::new(audit::Choosy))
            .finish();
        let people = people(&app);
        let routes = Api::new(app.clone(), people.clone(), own).routes([]);
        let app = Self {
            base: testapp::TestApp::new(backend, app, routes),
            people,
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
        self.execute::<Token>(secret, command).await;
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
        let command = BuildCommand::Report(report);
        let done = self.execute_with::<Build>(&key, command, &metadata);
        done.await.unwrap()
    }

    async fn seen(&self, position: Option<Position>) -> Position {
        let position = position.unwrap();
        self.app.wait_for(position).await.unwrap();
        position
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

fn items<'a>(answered: &'a Answered, field: &str) -> Vec<&'a Value> {
    let items = answered.body["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{answered:?}"));
    items.iter().map(|item| &item[field]).collect()
}
