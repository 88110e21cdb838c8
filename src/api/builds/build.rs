//! Builds: their state and history, and requeueing the collection of their usage.

use ::projections::Builds;
use ::projections::builds::build::{BuildFilter, BuildOrder};
use ::projections::builds::collections::CollectionState;
use axum::extract::State;
use commands::CommandError;
use domain::builds::build::{Build as Aggregate, BuildCommand, BuildKey, BuildRejection};
use domain::core::token::Role;
use eventlog::StreamName;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::paging::{self, Listing};
use web::{App, Caller, Path, Problem, Query, Unread, View};

use crate::builds::wire::Build;
use crate::core::events::{StreamParams, stream_page};
use crate::core::wire::EventPage;
use crate::parameters::{self, AsOfParams, Reason};
use crate::reads::{self, Page};

/// The scope of reading here.
const READ: &str = "builds:read";
/// The scope of changing something here.
const WRITE: &str = "builds:write";

/// Filters of the list of builds; all of them must match.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BuildParams {
    /// The source that numbered the builds.
    source: Option<String>,
    /// The status, as the source calls it.
    status: Option<String>,
    /// The git ref.
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    /// The package that was built.
    package: Option<String>,
    /// The host name of the machine.
    hostname: Option<String>,
    /// The `system_uuid` of the machine.
    node: Option<String>,
    /// The stage of the pipeline.
    stage: Option<String>,
    /// The state of the collection of their usage.
    collection: Option<String>,
    /// The order: `seen` (the default; by first report, never changes), `updated` or `finished`.
    order: Option<String>,
    /// Only builds whose time in this order is at or after this (RFC 3339).
    since: Option<String>,
    /// Only builds whose time in this order is before this (RFC 3339).
    until: Option<String>,
    /// Oldest first.
    oldest_first: bool,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

impl BuildParams {
    fn filter(self) -> Result<BuildFilter, Problem> {
        let order = parameters::word("order", self.order, &["seen", "updated", "finished"])?;
        Ok(BuildFilter {
            source: self.source,
            status: self.status,
            git_ref: self.git_ref,
            package: self.package,
            hostname: self.hostname,
            node: self.node,
            stage: self.stage,
            collection: parameters::word("collection", self.collection, &CollectionState::WORDS)?,
            order: match order.as_deref() {
                Some("updated") => BuildOrder::Updated,
                Some("finished") => BuildOrder::Finished,
                _ => BuildOrder::Seen,
            },
            since: parameters::time("since", self.since.as_deref())?,
            until: parameters::time("until", self.until.as_deref())?,
            oldest_first: self.oldest_first,
        })
    }
}

/// List builds.
#[utoipa::path(get, path = "/v1/builds", tag = "builds", params(BuildParams),
    responses((status = 200, body = Listing<Build>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<BuildParams>,
) -> Result<View<Listing<Build>>, Problem> {
    caller.may(Role::Reader, READ)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let filter = params.filter()?;
    page.of(
        &app,
        move |views, cursor, limit| views.of::<Builds>()?.list(&filter, cursor, limit),
        Build::of,
    )
    .await
}

/// Get a build, now or as of a moment.
#[utoipa::path(get, path = "/v1/builds/{build}", tag = "builds",
    params(("build" = String, Path, description = "`source:number`, or the number alone for the default source"), AsOfParams),
    responses((status = 200, body = Build)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(build): Path<String>,
    Query(params): Query<AsOfParams>,
) -> Result<View<Build>, Problem> {
    caller.may(Role::Reader, READ)?;
    let key = key_of(&build)?;
    reads::row::<Builds, _>(&app, &params, &key, unknown(&key), Build::of).await
}

/// List the events of a build.
#[utoipa::path(get, path = "/v1/builds/{build}/history", tag = "builds",
    params(("build" = String, Path, description = "`source:number`, or the number alone for the default source"), StreamParams),
    responses((status = 200, body = EventPage)))]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(build): Path<String>,
    Query(params): Query<StreamParams>,
) -> Result<View<EventPage>, Problem> {
    caller.may(Role::Reader, READ)?;
    let key = key_of(&build)?;
    let limit = paging::limit(params.limit)?;
    let stream = StreamName::new("build", &key.to_string()).map_err(|_| unknown(&key))?;
    stream_page(&app, &stream, params.from, limit)
        .await
        .map_err(|problem| {
            if problem.status() == StatusCode::NOT_FOUND {
                unknown(&key)
            } else {
                problem
            }
        })
}

/// Result of requeueing a collection.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Requeued {
    /// The build as it is now.
    build: Build,
    /// Whether a new collection was started; false if one is already pending.
    requeued: bool,
}

/// Requeue the collection of a build's usage.
#[utoipa::path(post, path = "/v1/builds/{build}/collect", tag = "builds",
    params(("build" = String, Path, description = "`source:number`, or the number alone for the default source")),
    request_body = Option<Reason>,
    responses((status = 200, body = Requeued)))]
pub(crate) async fn collect(
    State(app): State<App>,
    caller: Caller,
    Path(build): Path<String>,
    unread: Unread,
) -> Result<View<Requeued>, Problem> {
    caller.may(Role::Operator, WRITE)?;
    let key = key_of(&build)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    let at = app.commands.clock().now();
    let command = BuildCommand::RequeueCollection { at };
    let refuse = |error| match error {
        CommandError::Rejected(BuildRejection::Unknown) => unknown(&key),
        other => Problem::from(other),
    };
    let outcome = app
        .execute::<Aggregate, _>(&metadata, &key.to_string(), command, refuse)
        .await?;
    let position = app.views.position();
    let requested = key.clone();
    let row = app
        .views
        .ask(move |views| views.of::<Builds>()?.get(&requested))
        .await?;
    let body = Requeued {
        build: Build::of(row.ok_or_else(|| unknown(&key))?),
        requeued: !outcome.is_empty(),
    };
    Ok(View { position, body })
}

/// Reads the name of a build.
pub(crate) fn key_of(text: &str) -> Result<BuildKey, Problem> {
    text.parse()
        .map_err(|error: domain::builds::build::KeyError| {
            Problem::bad_request("invalid build: expected `source:number`")
                .at("build", error.to_string())
        })
}

fn unknown(key: &BuildKey) -> Problem {
    Problem::not_found(format!("build {key} not found"))
}
