//! Usage records of builds.

use ::projections::Usages;
use ::projections::builds::usage::UsageFilter;
use axum::extract::State;
use domain::core::token::Role;
use serde::Deserialize;
use utoipa::IntoParams;
use web::paging::Listing;
use web::{App, Caller, Path, Problem, Query, View};

use super::SCOPE;
use crate::builds::build::key_of;
use crate::builds::wire::Usage;
use crate::parameters;
use crate::parameters::AsOfParams;
use crate::reads::{self, Page};

/// Filters of the list of usage records; all of them must match.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// The package.
    package: Option<String>,
    /// The git ref.
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    /// The stack.
    stack: Option<String>,
    /// The machine's name.
    hostname: Option<String>,
    /// Only builds that ended at or after this (RFC 3339).
    since: Option<String>,
    /// Only builds that ended before this (RFC 3339).
    until: Option<String>,
    /// Oldest first.
    oldest_first: bool,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// List usage records.
#[utoipa::path(get, path = "/v1/usage", tag = "farm", params(UsageParams),
    responses((status = 200, body = Listing<Usage>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<UsageParams>,
) -> Result<View<Listing<Usage>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let filter = UsageFilter {
        package: params.package,
        git_ref: params.git_ref,
        stack: params.stack,
        hostname: params.hostname,
        since: parameters::time("since", params.since.as_deref())?,
        until: parameters::time("until", params.until.as_deref())?,
        oldest_first: params.oldest_first,
    };
    page.of(
        &app,
        move |views, cursor, limit| views.of::<Usages>()?.list(&filter, cursor, limit),
        Usage::of,
    )
    .await
}

/// Get the usage record of a build, now or as of a moment.
#[utoipa::path(get, path = "/v1/usage/{build}", tag = "farm",
    params(("build" = String, Path, description = "`source:number`, or the number alone for the default source"), AsOfParams),
    responses((status = 200, body = Usage)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(build): Path<String>,
    Query(params): Query<AsOfParams>,
) -> Result<View<Usage>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let key = key_of(&build)?;
    let unknown = Problem::not_found(format!("what the build {key} used is not known"));
    reads::row::<Usages, _>(&app, &params, &key, unknown, Usage::of).await
}
