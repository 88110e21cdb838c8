//! Our own API, `/v1/…`: everything that happened, how things stand because of it, and what an operator
//! may do about it.
//!
//! | route | here | asks |
//! |---|---|---|
//! | `/healthz` `/readyz` `/metrics` `/v1/info` | [`core::service`] | the app itself |
//! | `/v1/events` `/v1/events/{position}` `/v1/streams/{stream}` | [`core::events`] | the log |
//! | `/v1/builds…` | [`builds::build`] | view `builds`; requeues a collection |
//! | `/v1/collections` | [`builds::collections`] | view `collections` |
//! | `/v1/usage` `/v1/packages…` `/v1/nodes…` | [`builds::farm`] | views `usage`, `packages`, `nodes` |
//! | `/v1/allocation/…` | [`builds::allocation`] | views `allocation`, `accuracy`; trains, promotes and rolls back a model |
//! | `/v1/projections…` `/v1/operations…` | [`core::projections`], [`core::operations`] | how the views stand; rebuilds one |
//! | `/v1/runs…` `/v1/run-logs` | [`jobs::runs`] | view `runs`; what logs say, and what happens to runs as it happens; ends and kills one |
//! | `/v1/audit…` | [`core::audit`] | view `audit`; submits a kept body again |
//! | `/v1/groups…` `/v1/users…` `/v1/workers…` `/v1/worker-pools…` `/v1/projects…` `/v1/job-templates…` `/v1/jobs…` | `records` | view `roster`; creates and edits |
//! | `/v1/apply` | [`core::apply`] | makes all of those as one document wants them |
//! | `/v1/tokens…` | [`core::tokens`] | view `tokens`; issues and revokes |
//! | `/openapi.json` `/docs` | [`docs`] | this table, for machines and people |
//!
//! Open to everybody are health, readiness, `/v1/info`, the documents and `/v1/allocation/explain`, which
//! tells what `GET /v1/allocation` tells to everybody anyway. Everything else needs a token with the role
//! that the handler names in its first line.

#![expect(
    unused_qualifications,
    reason = "the macro that documents a route writes out the types of its query"
)]

pub mod builds;
mod categories;
pub mod core;
pub mod docs;
pub mod jobs;
mod parameters;
mod provisioning;
mod reads;
mod records;
mod redacted;
mod scopes;
mod section;
mod sse;
mod state;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use web::App;

pub use utoipa::openapi::OpenApi;

pub(crate) use section::Section;
pub use state::{Api, Prices, ReadAnswers, Settings, WorkerAnswers};

/// What each context brings.
const SECTIONS: &[Section] = &[core::SECTION, builds::SECTION, jobs::SECTION];

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
    let routes = OpenApiRouter::with_openapi(docs::heading());
    let routes = SECTIONS
        .iter()
        .fold(routes, |routes, section| routes.merge((section.routes)()));
    routes.split_for_parts()
}

#[cfg(test)]
mod contract;
