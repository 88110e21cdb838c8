//! The audit: who changed what, what was refused, and what became of refused bodies.

use ::projections::core::audit::{AuditFilter, AuditRow};
use ::projections::core::refused_bodies::BodyRow;
use ::projections::{Audits, RefusedBodies};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::core::audit::{Audit, AuditCommand, BodyResubmitted};
use domain::core::token::Role;
use domain::{Actor, ActorKind};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::paging::Listing;
use web::{App, Caller, FieldError, KeptBody, Path, Problem, Query, Unread, View};

use crate::parameters;
use crate::parameters::Reason;
use crate::reads::{Page, PageParams};

/// The scope of reading here.
const READ: &str = "audit:read";
/// The scope of submitting again.
const WRITE: &str = "audit:write";

/// One entry of the audit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// The position of the event; `/v1/events/{position}` has all of it.
    pub position: u64,
    /// When the event was appended to the log.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// The type of the event.
    #[serde(rename = "type")]
    #[schema(example = "audit.webhook_rejected")]
    pub event_type: String,
    /// The stream of the event.
    pub stream: String,
    /// The actor, as far as it is known.
    #[schema(value_type = Option<Object>)]
    pub actor: Option<Actor>,
    /// The interface: `api`, a dialect, `cli`, …
    pub dialect: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The address of the client.
    pub source_ip: Option<String>,
    /// The actor's reason.
    pub reason: Option<String>,
    /// What the event is about, in one line.
    pub summary: String,
    /// How many more events of this kind were counted and not written.
    pub unwritten: u64,
}

/// A refused webhook body that is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RefusedBody {
    /// The digest of the body, by which it is submitted again.
    pub digest: String,
    /// The size in bytes.
    pub size: u64,
    /// The dialect that refused it.
    pub dialect: String,
    /// The source that sent it.
    pub source: String,
    /// All faults of the body.
    pub errors: Vec<String>,
    /// When it was first refused.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When it was last refused or resubmitted.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How often it was resubmitted.
    pub resubmissions: u32,
    /// Whether it was finally accepted.
    pub accepted: bool,
}

/// Result of resubmitting a body.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Resubmitted {
    /// `accepted` or `duplicate`.
    pub status: &'static str,
    /// The id of the event that the body became.
    pub event_id: Uuid,
    /// The position of that event.
    pub position: u64,
}

impl AuditEntry {
    fn of(row: AuditRow) -> Self {
        let kind = row.actor_kind.unwrap_or(ActorKind::Anonymous);
        let display = row.actor_display;
        Self {
            position: row.position.0,
            recorded_at: row.recorded_at,
            event_type: row.event_type,
            stream: row.stream,
            actor: row.actor.map(|id| Actor { kind, id, display }),
            dialect: row.dialect,
            request_id: row.request_id,
            source_ip: row.source_ip,
            reason: row.reason,
            summary: row.summary,
            unwritten: row.unwritten,
        }
    }
}

impl RefusedBody {
    fn of(row: BodyRow) -> Self {
        Self {
            digest: row.body.digest,
            size: row.body.size,
            dialect: row.dialect,
            source: row.source,
            errors: row.errors,
            first_at: row.first_at,
            at: row.at,
            resubmissions: row.resubmissions,
            accepted: row.accepted,
        }
    }
}

/// Filters of the audit; every one must hold.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// The type of the event, in full.
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// The actor: an id, a display name, a kind (`token`), or kind and name (`token:ci`).
    actor: Option<String>,
    /// The interface: `api`, a dialect, `cli`, …
    dialect: Option<String>,
    /// Recorded at or after this (RFC 3339).
    since: Option<String>,
    /// Recorded before this (RFC 3339).
    until: Option<String>,
    /// Oldest first.
    oldest_first: bool,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// List audit entries.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = Listing<AuditEntry>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<AuditParams>,
) -> Result<View<Listing<AuditEntry>>, Problem> {
    caller.may(Role::Operator, READ)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let filter = AuditFilter {
        event_type: params.event_type,
        actor: params.actor,
        dialect: params.dialect,
        since: parameters::time("since", params.since.as_deref())?,
        until: parameters::time("until", params.until.as_deref())?,
        oldest_first: params.oldest_first,
    };
    page.of(
        &app,
        move |views, cursor, limit| views.of::<Audits>()?.list(&filter, cursor, limit),
        AuditEntry::of,
    )
    .await
}

/// List refused bodies.
#[utoipa::path(get, path = "/v1/audit/bodies", tag = "audit", params(PageParams),
    responses((status = 200, body = Listing<RefusedBody>)))]
pub(crate) async fn bodies(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<PageParams>,
) -> Result<View<Listing<RefusedBody>>, Problem> {
    caller.may(Role::Operator, READ)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    page.of(
        &app,
        move |views, cursor, limit| views.of::<RefusedBodies>()?.list(cursor, limit),
        RefusedBody::of,
    )
    .await
}

/// Get a refused body, byte for byte.
#[utoipa::path(get, path = "/v1/audit/bodies/{digest}", tag = "audit",
    params(("digest" = String, Path, description = "The body's digest")),
    responses((status = 200, description = "The body", body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn body(
    State(app): State<App>,
    caller: Caller,
    Path(digest): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Role::Operator, READ)?;
    let (_, body) = find(&app, &digest).await?;
    // A browser never takes it for the type that it claims to have.
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, body).into_response())
}

/// Resubmit a refused body, after the hook or the program was corrected.
#[utoipa::path(post, path = "/v1/audit/bodies/{digest}/resubmit", tag = "audit",
    params(("digest" = String, Path, description = "The body's digest")),
    request_body = Option<Reason>,
    responses((status = 200, body = Resubmitted)))]
pub(crate) async fn resubmit(
    State(app): State<App>,
    caller: Caller,
    Path(digest): Path<String>,
    unread: Unread,
) -> Result<View<Resubmitted>, Problem> {
    caller.may(Role::Operator, WRITE)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    let (row, body) = find(&app, &digest).await?;
    let taker = app.resubmit(&row.dialect).ok_or_else(|| {
        Problem::conflict(format!(
            "bodies of the dialect `{}` cannot be submitted again: it is not configured here",
            row.dialect
        ))
    })?;
    let kept = KeptBody {
        source: row.source,
        headers: row.headers,
        body,
        metadata: metadata.clone(),
    };
    let taken = taker.resubmit(&app, kept).await;
    // Only faults of the body itself are recorded as another refusal.
    let errors = match &taken {
        Ok(_) => Vec::new(),
        Err(problem) if problem.status().is_client_error() => reply(problem),
        Err(problem) => return Err(problem.clone()),
    };
    let command = AuditCommand::ResubmitBody(BodyResubmitted {
        accepted: taken.is_ok(),
        errors,
        at: app.commands.clock().now(),
    });
    // The note comes after what was taken, so the views that show the one show the other.
    let key = format!("body:{digest}");
    app.execute::<Audit, _>(&metadata, &key, command, Problem::from)
        .await?;
    let taken = taken?;
    let body = Resubmitted {
        status: if taken.duplicate {
            "duplicate"
        } else {
            "accepted"
        },
        event_id: taken.event_id,
        position: taken.position.0,
    };
    Ok(View {
        position: app.views.position(),
        body,
    })
}

fn reply(problem: &Problem) -> Vec<String> {
    let field = |error: &FieldError| format!("{} {}", error.field, error.message);
    match problem.errors.as_slice() {
        [] => vec![
            problem
                .detail
                .clone()
                .unwrap_or_else(|| problem.title.to_string()),
        ],
        errors => errors.iter().map(field).collect(),
    }
}

async fn find(app: &App, digest: &str) -> Result<(BodyRow, bytes::Bytes), Problem> {
    let unknown = || Problem::not_found("refused body not found");
    let asked = digest.to_owned();
    let row = app
        .views
        .ask(move |views| views.of::<RefusedBodies>()?.get(&asked))
        .await?
        .ok_or_else(unknown)?;
    match app.refused_bodies.find(&row.source, &row.body).await {
        Ok(Some(body)) => Ok((row, body)),
        Ok(None) => Err(Problem::gone("the refused body is no longer stored")),
        Err(error) => {
            tracing::error!(%error, "a refused body cannot be read: {error}");
            Err(Problem::unavailable("the body cannot be read at present").retry_after(5))
        }
    }
}
