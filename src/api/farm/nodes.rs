//! The machines that builds run on.

use axum::extract::State;
use domain::token::Role;
use serde::Deserialize;
use utoipa::IntoParams;
use web::paging::{self, Listing};
use web::{Caller, House, Path, Problem, Query, View};

use super::SCOPE;
use crate::wire::Node;

/// Which machines.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NodeParams {
    /// Only those with this name.
    hostname: Option<String>,
    /// How many a page has, 1 to 1000.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Which machines are there?
#[utoipa::path(get, path = "/v1/nodes", tag = "farm", params(NodeParams),
    responses((status = 200, body = Listing<Node>)))]
pub(crate) async fn list(
    State(house): State<House>,
    caller: Caller,
    Query(params): Query<NodeParams>,
) -> Result<View<Listing<Node>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let limit = paging::limit(params.limit)?;
    let cursor = paging::open(params.cursor.as_deref())?;
    let position = house.views.position();
    let body = match params.hostname {
        Some(hostname) => {
            let found = house
                .views
                .ask(move |views| views.nodes().by_hostname(&hostname))
                .await?;
            Listing {
                items: found.into_iter().map(Node::of).collect(),
                next: None,
            }
        }
        None => {
            let page = house
                .views
                .ask(move |views| views.nodes().list(&cursor, limit))
                .await?;
            Listing::of(page, Node::of)
        }
    };
    Ok(View { position, body })
}

/// What is this machine?
#[utoipa::path(get, path = "/v1/nodes/{uuid}", tag = "farm",
    params(("uuid" = String, Path, description = "The machine's `system_uuid`")),
    responses((status = 200, body = Node)))]
pub(crate) async fn get(
    State(house): State<House>,
    caller: Caller,
    Path(uuid): Path<String>,
) -> Result<View<Node>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let unknown = Problem::not_found("no such machine was described");
    let position = house.views.position();
    let row = house
        .views
        .ask(move |views| views.nodes().get(&uuid))
        .await?;
    Ok(View {
        position,
        body: Node::of(row.ok_or(unknown)?),
    })
}
