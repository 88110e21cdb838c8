//! The contract, row by row. Rows marked W break the worker, rows marked D dashboards and scripts.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use blobs::Blobs;
use bytes::Bytes;
use commands::{Clock, Commands};
use domain::{Aggregate, Metadata};
use eventlog::{EventLog, Filter, MemoryLog, PageLimit, Position, Recorded};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use people::Seal;
use projections::{Views, ViewsConfig};
use serde_json::{Value, json};
use sha1::Sha1;
use tables::MemoryTables;
use tower::ServiceExt;
use web::{Settings as WebSettings, serve_through_gate};

use super::*;
use crate::refusal::Reply;

mod audited;
mod chance;
mod dashboard;
mod farm;
mod fresh_views;
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
mod states;
mod trace;
mod visibility;
mod wishes;
mod workers;

const NOW: &str = "2026-11-21T08:05:42.863340Z";

/// A dialect in an app of memory.
struct TestApp {
    app: App,
    people: People,
    router: Router,
    log: Arc<dyn EventLog>,
    clock: Clock,
    dialect: JobRunner,
}

/// What came back.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
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
        let now: Timestamp = NOW.parse().unwrap();
        let clock = Clock::fixed(now);
        let config = ViewsConfig::new(move || now);
        let views = Views::start(Arc::clone(&log), tables, config).unwrap();
        let commands = Commands::new(Arc::clone(&log), clock.clone());
        let app = App::build(commands, views, Blobs::memory(), WebSettings::default()).finish();
        let auditor = Arc::clone(&app.auditor);
        let people = People::new(app.commands.clone(), app.views.clone(), auditor, seal);
        let sessions = Box::new(ByHeader);
        let dialect = JobRunner::with_sessions(app.clone(), people.clone(), settings, sessions);
        let router = serve_through_gate(dialect.routes(), app.clone());
        Self {
            app,
            people,
            router,
            log,
            clock,
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

    async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
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

    /// Everything in the log whose type begins so.
    async fn events(&self, event_type: &str) -> Vec<Recorded> {
        let filter = Filter {
            event_types: vec![format!("{event_type}*")],
            ..Filter::all()
        };
        let page = self
            .log
            .read_all(Position::START, &filter, PageLimit::events(10_000))
            .await;
        page.unwrap().events
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
        let reply = self
            .app
            .commands
            .execute::<A>(&number.to_string(), command, &Metadata::default())
            .await;
        if let Some(position) = reply.unwrap().position() {
            self.app.wait_for(position).await.unwrap();
        }
    }
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The numbers of the things in a list.
    fn ids(&self) -> Vec<u64> {
        let body = self.json();
        let objects = body["objects"].as_array().unwrap();
        objects
            .iter()
            .map(|object| object["id"].as_u64().unwrap())
            .collect()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
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
