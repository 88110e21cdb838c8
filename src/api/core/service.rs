//! Health, readiness, metrics and version of the process.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commands::CommandError;
use domain::core::token::Role;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{App, CallerIfAny, Problem, View};

/// The answer of a live process.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Readiness of the process.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether everything is ready.
    ready: bool,
    /// The reasons against readiness, by component.
    unready: BTreeMap<String, String>,
    /// Problems that need an operator although the service continues, by component: for example
    /// damage found while reading the log, with its place.
    #[schema(example = json!({"log.damage": "a frame's checksum is wrong at byte 9000 of 00000000000000000001.seg, where position 17 should stand"}))]
    details: BTreeMap<&'static str, String>,
    /// The log.
    log: Log,
}

/// The log and its backend.
#[derive(Debug, Serialize, ToSchema)]
pub struct Log {
    /// The backend, as `log.backend` names it.
    #[schema(example = "file")]
    backend: &'static str,
    /// The layout of the backend.
    #[schema(example = "segments")]
    layout: &'static str,
    /// The id of the log; `null` for a log in memory.
    #[schema(value_type = Option<String>, format = Uuid)]
    log_id: Option<Uuid>,
    /// Durable events that cannot be read here yet; 0 without a local copy.
    lag: u64,
}

/// The running program.
#[derive(Debug, Serialize, ToSchema)]
pub struct Info {
    /// The name of the program.
    name: &'static str,
    /// Its version.
    version: String,
    /// The backend of the log.
    backend: &'static str,
    /// The last position that is durable.
    head: u64,
    /// The last position that every view includes.
    position: u64,
    /// Whether the log accepts writes.
    writable: bool,
    /// The addresses of the other ports; `null` while another process has the port.
    #[schema(example = json!({"broadcaster": "tcp://127.0.0.1:5556", "events": "tcp://127.0.0.1:5555"}))]
    ports: BTreeMap<&'static str, Option<String>>,
}

/// Check that the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "service", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> axum::Json<Health> {
    axum::Json(Health { status: "ok" })
}

/// Check readiness: the log accepts writes and the views have caught up.
#[utoipa::path(get, path = "/readyz", tag = "service", security(()),
    responses((status = 200, body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let mut unready: BTreeMap<String, String> = app
        .unready()
        .into_iter()
        .map(|(name, reason)| (name.to_owned(), reason))
        .collect();
    if let Some(reason) = app.commands.stopped() {
        tracing::debug!(%reason, "not ready: the log does not accept writes");
        unready.insert("log".to_owned(), outside(&reason).to_owned());
    }
    if !app.views.are_live() {
        for status in app.views.statuses() {
            if let Some(reason) = crate::core::projections::not_live(&status) {
                unready.insert(format!("views.{}", status.name), reason);
            }
        }
    }
    let ready = unready.is_empty();
    let log = app.commands.describe_log();
    let details = app.details();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        ready,
        unready,
        details,
        log: Log {
            backend: log.backend,
            layout: log.layout,
            log_id: log.log_id,
            lag: log.lag,
        },
    };
    (status, axum::Json(readiness)).into_response()
}

/// The public reason of a log that does not accept writes.
fn outside<R>(reason: &CommandError<R>) -> &'static str {
    match reason {
        CommandError::Full { .. } => "no space is left on the disk of the log",
        _ => "the log does not accept writes",
    }
}

/// Get the metrics for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "service", security((), ("token" = [])),
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(
    State(app): State<App>,
    CallerIfAny(caller): CallerIfAny,
) -> Result<Response, Problem> {
    if !app.settings.metrics_open {
        caller.may(Role::Reader, "metrics:read")?;
    }
    let text = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, text)], app.metrics()).into_response())
}

/// Get name, version, backend and positions.
#[utoipa::path(get, path = "/v1/info", tag = "service", security(()),
    responses((status = 200, body = Info)))]
pub(crate) async fn info(State(app): State<App>) -> View<Info> {
    let position = app.views.position();
    View {
        position,
        body: Info {
            name: "tallyman",
            version: app.settings.version.clone(),
            backend: app.commands.describe_log().backend,
            head: app.commands.head().0,
            position: position.0,
            writable: app.commands.stopped().is_none(),
            ports: app.ports(),
        },
    }
}
