//! Our own API, `/v1/…`: events, the current state, and the actions of operators.
//!
//! Each context has a folder, which begins with the table of its routes: [`core`], [`builds`] and
//! [`jobs`]. [`docs`] serves these tables for machines and people: `/openapi.json` and `/docs`.
//!
//! Open without a token are health, readiness, `/v1/info`, the documents and
//! `/v1/allocation/explain`, whose answers `GET /v1/allocation` gives without a token as well.
//! Everything else needs a token with the role that the handler names in its first line.

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

macro_rules! sections {
    ($($context:ident $variant:ident $events:ident,)+) => { &[$($context::SECTION,)+] };
}

/// What each context brings.
const SECTIONS: &[Section] = domain::contexts!(sections);

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
