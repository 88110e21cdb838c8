//! The contract, row by row. Rows marked W break the worker, rows marked D dashboards and scripts.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use commands::Clock;
use domain::{Aggregate, Metadata};
use eventlog::{EventLog, MemoryLog};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use people::Seal;
use serde_json::{Value, json};
use sha1::Sha1;
use tables::MemoryTables;
use testapp::{Backend, TestResponse as Answered};
use tower::ServiceExt;
use web::{Settings as WebSettings, serve_through_gate};

use super::*;
use crate::refusal::Reply;

mod audited;
mod chance;
mod dashboard;
mod farm;
mod jobs;
mod kill_requests;
mod order;
mod reading;
mod rebuilding;
mod requests;
mod returns;
mod rights;
mod run_logs;
mod runs;
mod sessions;
mod settings;
mod states;
mod trace;
mod visibility;
mod workers;

const NOW: &str = "2026-11-21T08:05:42.863340Z";

/// The dialect in an application of memory.
struct TestApp {
    base: testapp::TestApp,
    people: People,
    dialect: JobRunner,
}

impl Deref for TestApp {
    type Target = testapp::TestApp;

    fn deref(&self) -> &testapp::TestApp {
        &self.base
    }
}

/// Takes the user from a header, unverified.
struct ByHeader;

impl Sessions for ByHeader {
    fn user(&self, _: &People, _: &Method, headers: &HeaderMap) -> Reply<Option<u64>> {
        let number = headers
            .get("test-user")
            .map(|number| number.to_str().unwrap());
        Ok(number.map(|number| number.parse().unwrap()))
    }
}

/// The caller.
#[derive(Clone, Copy, Debug)]
enum As {
    Worker(&'static str, &'static str),
    User(u64),
    Anonymous,
}

/// The worker of the contract's examples.
const WORKER: As = As::Worker("worker1", "verysecret");

/// Sees project 1.
const VIEWER: As = As::User(1);

/// Sees project 1 and may change it.
const ADMIN: As = As::User(2);

/// Belongs to nothing.
const LONER: As = As::User(4);

/// May change project 1, and does not see it.
const OUTSIDER: As = As::User(5);

/// A worker of another project.
const STRANGER: As = As::Worker("worker2", "othersecret");

impl TestApp {
    fn empty(settings: Settings) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        Self::on(
            Arc::new(MemoryLog::new(move || now)),
            Seal::for_now(),
            settings,
        )
    }

    /// An app that finds this log, and the key that its secrets were locked with.
    fn on(log: Arc<dyn EventLog>, seal: Seal, settings: Settings) -> Self {
        Self::with_tables(log, Arc::new(MemoryTables::new()), seal, settings)
    }

    /// The same with views in these tables.
    fn with_tables(
        log: Arc<dyn EventLog>,
        tables: Arc<MemoryTables>,
        seal: Seal,
        settings: Settings,
    ) -> Self {
        let backend = Backend::with_tables(log, tables, Clock::fixed(NOW.parse().unwrap()));
        let app = backend.app(WebSettings::default()).finish();
        let people = testapp::people(&app, seal);
        let sessions = Box::new(ByHeader);
        let dialect = JobRunner::with_sessions(app.clone(), people.clone(), settings, sessions);
        Self {
            base: testapp::TestApp::new(backend, app, dialect.routes()),
            people,
            dialect,
        }
    }

    /// An app with the farm of the contract's examples.
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let app = Self::empty(settings);
        app.set_up_farm().await;
        app
    }

    async fn ask(&self, who: As, method: &str, target: &str, body: impl Into<Bytes>) -> Answered {
        self.send(request(who, method, target, body.into())).await
    }

    async fn get(&self, who: As, target: &str) -> Answered {
        self.ask(who, "GET", target, "").await
    }

    async fn patch(&self, who: As, target: &str, body: Value) -> StatusCode {
        let answered = self.ask(who, "PATCH", target, body.to_string()).await;
        if answered.status == StatusCode::ACCEPTED {
            assert_eq!(answered.text, "");
        }
        answered.status
    }

    async fn last_event(&self, event_type: &str) -> Value {
        let events = self.events(event_type).await;
        serde_json::from_slice(&events.last().unwrap().data).unwrap()
    }

    /// The number of what was created.
    async fn create(&self, who: As, resource: Resource, body: Value) -> u64 {
        let target = format!("/api/v1/{}/", resource.name());
        let answered = self.ask(who, "POST", &target, body.to_string()).await;
        assert_eq!(answered.status, 201, "{answered:?}");
        assert_eq!(answered.text, "");
        let place = answered.header("location");
        let place = place.strip_prefix("http://127.0.0.1:8124").unwrap();
        resource.number_in(place).unwrap()
    }

    /// A run of job 1 that waits.
    async fn run(&self) -> u64 {
        self.run_of(1).await
    }

    async fn run_of(&self, job: u64) -> u64 {
        let job = Resource::Job.uri(job);
        let body = json!({"job": job, "schedule_dts": "2012-01-01T00:00:00Z"});
        self.create(WORKER, Resource::Run, body).await
    }

    /// Sends a worker's reports about a run, each of which is accepted.
    async fn report(&self, run: u64, reports: &[Value]) {
        for report in reports {
            let target = Resource::Run.uri(run);
            assert_eq!(
                self.patch(WORKER, &target, report.clone()).await,
                202,
                "{report}"
            );
        }
    }

    async fn see(&self, run: u64) -> Value {
        let answered = self.get(WORKER, &Resource::Run.uri(run)).await;
        assert_eq!(answered.status, 200);
        answered.json()
    }

    async fn tell<A: Aggregate>(&self, number: u64, command: A::Command) {
        self.execute::<A>(&number.to_string(), command).await;
    }
}

/// What a list of the old API answers.
trait Listed {
    /// The numbers of the things in a list.
    fn ids(&self) -> Vec<u64>;
}

impl Listed for Answered {
    fn ids(&self) -> Vec<u64> {
        let body = self.json();
        let objects = body["objects"].as_array().unwrap();
        objects
            .iter()
            .map(|object| object["id"].as_u64().unwrap())
            .collect()
    }
}

/// A worker's report when it claims a run.
fn claim() -> Value {
    json!({"worker": "/api/v1/worker/1/", "enqueue_dts": "2026-11-21 08:05:42.966390+00:00"})
}

/// A worker's report when it starts a run.
fn start() -> Value {
    json!({"start_dts": "2026-11-21 08:05:43.355886+00:00"})
}

/// A worker's report when a run is over.
fn over(success: bool) -> Value {
    json!({"return_dts": "2026-11-21 08:05:44.591439+00:00", "return_success": success})
}

/// A request as the original worker sends it.
fn request(who: As, method: &str, target: &str, body: Bytes) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "127.0.0.1:8124")
        .header("accept", "*/*")
        .header("accept-encoding", "gzip, deflate, compress")
        .header("content-type", "application/json");
    match who {
        As::Worker(key, secret) => {
            let digest = sign(secret, method, target, &body);
            request = request.header("authorization", format!("ApiKey {key}:{digest}"));
        }
        As::User(number) => request = request.header("test-user", number),
        As::Anonymous => {}
    }
    if !body.is_empty() {
        request = request.header("content-length", body.len());
    }
    request.body(Body::from(body)).unwrap()
}

fn sign(secret: &str, method: &str, target: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    for part in [method.as_bytes(), target.as_bytes(), body] {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}
