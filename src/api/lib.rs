//! Our own API, `/v1/…`: everything that happened, how things stand because of it, and what an operator
//! may do about it.
//!
//! | route | here | asks |
//! |---|---|---|
//! | `/healthz` `/readyz` `/metrics` `/v1/info` | [`service`] | the app itself |
//! | `/v1/events` `/v1/events/{position}` `/v1/streams/{stream}` | [`events`] | the log |
//! | `/v1/builds…` | [`builds`] | view `builds`; requeues a collection |
//! | `/v1/collections` | [`collections`] | view `collections` |
//! | `/v1/usage` `/v1/packages…` `/v1/nodes…` | [`farm`] | views `usage`, `packages`, `nodes` |
//! | `/v1/allocation/…` | [`allocation`] | views `allocation`, `accuracy`; trains, promotes and rolls back a model |
//! | `/v1/projections…` `/v1/operations…` | [`projections`], [`operations`] | how the views stand; rebuilds one |
//! | `/v1/runs…` `/v1/run-logs` | [`runs`] | view `runs`; what logs say, and what happens to runs as it happens; ends and kills one |
//! | `/v1/audit…` | [`audit`] | view `audit`; submits a kept body again |
//! | `/v1/groups…` `/v1/users…` `/v1/workers…` `/v1/worker-pools…` `/v1/projects…` `/v1/job-templates…` `/v1/jobs…` | [`roster`] | view `roster`; creates and edits |
//! | `/v1/apply` | [`apply`] | makes all of those as one document wants them |
//! | `/v1/tokens…` | [`tokens`] | view `tokens`; issues and revokes |
//! | `/openapi.json` `/docs` | [`docs`] | this table, for machines and people |
//!
//! Open to everybody are health, readiness, `/v1/info`, the documents and `/v1/allocation/explain`, which
//! tells what `GET /v1/allocation` tells to everybody anyway. Everything else needs a token with the role
//! that the handler names in its first line.

#![expect(
    unused_qualifications,
    reason = "the macro that documents a route writes out the types of its query"
)]

pub mod allocation;
pub mod apply;
pub mod audit;
pub mod builds;
mod categories;
pub mod collections;
pub mod docs;
pub mod events;
pub mod farm;
pub mod operations;
mod parameters;
pub mod projections;
mod provisioning;
mod reads;
mod redacted;
pub mod roster;
pub mod runs;
mod scopes;
pub mod service;
mod sse;
mod state;
pub mod tokens;
pub mod wire;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::App;

pub use utoipa::openapi::OpenApi;

pub use state::{Api, Prices, ReadAnswers, Settings, WorkerAnswers};

/// What this API is called in the metadata of events.
pub const DIALECT: &str = "api";

impl Api {
    /// The routes, with the documents of dialects that are described together with them.
    pub fn routes(&self, dialects: impl IntoIterator<Item = OpenApi>) -> Router<App> {
        let (router, mut openapi) = documented();
        for dialect in dialects {
            openapi.merge(dialect);
        }
        let documents = docs::routes(&docs::complete(openapi));
        router.merge(documents).with_state(self.clone())
    }
}

/// The document that describes the routes.
#[must_use]
pub fn openapi() -> OpenApi {
    docs::complete(documented().1)
}

fn documented() -> (Router<Api>, OpenApi) {
    OpenApiRouter::with_openapi(docs::heading())
        .routes(routes!(service::healthz))
        .routes(routes!(service::readyz))
        .routes(routes!(service::metrics))
        .routes(routes!(service::info))
        .routes(routes!(events::list))
        .routes(routes!(events::get))
        .routes(routes!(events::stream))
        .routes(routes!(builds::list))
        .routes(routes!(builds::get))
        .routes(routes!(builds::history))
        .routes(routes!(builds::collect))
        .routes(routes!(collections::list))
        .routes(routes!(collections::counts))
        .routes(routes!(farm::usage::list))
        .routes(routes!(farm::usage::get))
        .routes(routes!(farm::packages::list))
        .routes(routes!(farm::packages::get))
        .routes(routes!(farm::nodes::list))
        .routes(routes!(farm::nodes::get))
        .routes(routes!(farm::pulse))
        .routes(routes!(allocation::explain))
        .routes(routes!(allocation::accuracy::accuracy))
        .routes(routes!(allocation::models::list))
        .routes(routes!(allocation::models::get))
        .routes(routes!(allocation::models::promote))
        .routes(routes!(allocation::models::roll_back))
        .routes(routes!(allocation::retrain::retrain))
        .routes(routes!(projections::list))
        .routes(routes!(projections::rebuild))
        .routes(routes!(operations::list))
        .routes(routes!(operations::get))
        .routes(routes!(runs::list))
        .routes(routes!(runs::counts))
        .routes(routes!(runs::live::follow))
        .routes(routes!(runs::get))
        .routes(routes!(runs::history))
        .routes(routes!(runs::log))
        .routes(routes!(runs::kills::kill_requests))
        .routes(routes!(runs::ending::end))
        .routes(routes!(runs::ending::kill))
        .routes(routes!(runs::search::search))
        .routes(routes!(audit::list))
        .routes(routes!(audit::bodies))
        .routes(routes!(audit::body))
        .routes(routes!(audit::resubmit))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::get, tokens::revoke))
        .routes(routes!(apply::apply))
        .merge(roster::documented())
        .split_for_parts()
}

#[cfg(test)]
mod contract;
