//! What every context needs: the service itself, events, audit, tokens, views, groups and users.
//!
//! | route | here | asks |
//! |---|---|---|
//! | `/healthz` `/readyz` `/metrics` `/v1/info` | [`service`] | the app itself |
//! | `/v1/events` `/v1/events/{position}` `/v1/streams/{stream}` | [`events`] | the log |
//! | `/v1/projections…` `/v1/operations…` | [`projections`], [`operations`] | how the views stand; rebuilds one |
//! | `/v1/audit…` | [`audit`] | view `audit`; submits a kept body again |
//! | `/v1/groups…` `/v1/users…` | `records` | view `roster`; creates and edits |
//! | `/v1/apply` | [`apply`] | makes all of those as one document wants them |
//! | `/v1/tokens…` | [`tokens`] | view `tokens`; issues and revokes |

pub mod apply;
pub mod audit;
pub mod events;
pub mod operations;
pub mod projections;
mod records;
pub mod service;
pub mod tokens;
pub mod wire;

use domain::core::token::Role;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Api, Section};

pub(crate) const SECTION: Section = Section {
    routes,
    tags: &[
        ("service", "Health, readiness, metrics, version"),
        ("events", "The event log"),
        (
            "roster",
            "Groups, users, workers, projects, job templates and jobs",
        ),
        ("audit", "Changes by hand and refused requests"),
        ("tokens", "API tokens"),
        ("operations", "Views and long-running operations"),
    ],
    scopes: &[
        ("audit", true),
        ("events", false),
        ("metrics", false),
        ("operations", false),
        ("projections", true),
        ("tokens", true),
    ],
    open: &["group", "name", "numbers", "user"],
    restricted: &[
        ("audit", Role::Operator, "audit:read"),
        ("token", Role::Admin, "tokens:read"),
    ],
    words: &[("/events", "order", &["asc", "desc"])],
};

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(service::healthz))
        .routes(routes!(service::readyz))
        .routes(routes!(service::metrics))
        .routes(routes!(service::info))
        .routes(routes!(events::list))
        .routes(routes!(events::get))
        .routes(routes!(events::stream))
        .routes(routes!(projections::list))
        .routes(routes!(projections::rebuild))
        .routes(routes!(operations::list))
        .routes(routes!(operations::get))
        .routes(routes!(audit::list))
        .routes(routes!(audit::bodies))
        .routes(routes!(audit::body))
        .routes(routes!(audit::resubmit))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::get, tokens::revoke))
        .routes(routes!(apply::apply))
        .merge(records::records())
}
