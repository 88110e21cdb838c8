//! The machines that builds run on.

use ::projections::Nodes;
use axum::extract::State;
use domain::core::token::Role;
use serde::Deserialize;
use utoipa::IntoParams;
use web::paging::Listing;
use web::{App, Caller, Path, Problem, Query, View};

use super::SCOPE;
use crate::builds::wire::Node;
use crate::parameters::AsOfParams;
use crate::reads::{self, Page};

/// Filters of the list of machines.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NodeParams {
    /// Only machines with this host name.
    hostname: Option<String>,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// List machines.
#[utoipa::path(get, path = "/v1/nodes", tag = "farm", params(NodeParams),
    responses((status = 200, body = Listing<Node>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<NodeParams>,
) -> Result<View<Listing<Node>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    page.of(
        &app,
        move |views, cursor, limit| {
            let nodes = views.of::<Nodes>()?;
            match params.hostname {
                Some(hostname) => nodes.by_hostname(&hostname, cursor, limit),
                None => nodes.list(cursor, limit),
            }
        },
        Node::of,
    )
    .await
}

/// Get a machine, now or as of a moment.
#[utoipa::path(get, path = "/v1/nodes/{uuid}", tag = "farm",
    params(("uuid" = String, Path, description = "The machine's `system_uuid`"), AsOfParams),
    responses((status = 200, body = Node)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(uuid): Path<String>,
    Query(params): Query<AsOfParams>,
) -> Result<View<Node>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let unknown = Problem::not_found("no such machine was described");
    reads::row::<Nodes, _>(&app, &params, &uuid, unknown, Node::of).await
}
