//! Collections of the usage of builds: pending ones and their outcomes.

use ::projections::Collections;
use ::projections::builds::collections::{CollectionFilter, CollectionState};
use axum::extract::State;
use domain::core::token::Role;
use serde::Deserialize;
use utoipa::IntoParams;
use web::paging::Listing;
use web::{App, Caller, Problem, Query, View};

use crate::builds::wire::{Collection, CollectionCount};
use crate::parameters;
use crate::reads::{self, Page};

/// The scope of everything here.
const SCOPE: &str = "builds:read";

/// Filters of the list of collections; all of them must match.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CollectionParams {
    /// The state: `queued`, `retrying`, `recorded`, `skipped`, `failed`, `abandoned` or
    /// `out_of_memory`.
    state: Option<String>,
    /// The reason of a skipped or failed collection.
    reason: Option<String>,
    /// Only collections that entered their state at or after this (RFC 3339).
    since: Option<String>,
    /// Only collections that entered their state before this (RFC 3339).
    until: Option<String>,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// List collections.
#[utoipa::path(get, path = "/v1/collections", tag = "builds", params(CollectionParams),
    responses((status = 200, body = Listing<Collection>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<CollectionParams>,
) -> Result<View<Listing<Collection>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let filter = CollectionFilter {
        state: parameters::word("state", params.state, &CollectionState::WORDS)?,
        reason: params.reason,
        since: parameters::time("since", params.since.as_deref())?,
        until: parameters::time("until", params.until.as_deref())?,
    };
    page.of(
        &app,
        move |views, cursor, limit| views.of::<Collections>()?.list(&filter, cursor, limit),
        Collection::of,
    )
    .await
}

/// Count collections by state and reason.
#[utoipa::path(get, path = "/v1/collections/counts", tag = "builds",
    responses((status = 200, body = Vec<CollectionCount>)))]
pub(crate) async fn counts(
    State(app): State<App>,
    caller: Caller,
) -> Result<View<Vec<CollectionCount>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let View { position, body } =
        reads::view(&app, |views| views.of::<Collections>()?.counts()).await?;
    let body = body
        .into_iter()
        .map(|count| CollectionCount {
            state: count.state,
            reason: count.reason,
            count: count.count,
        })
        .collect();
    Ok(View { position, body })
}
