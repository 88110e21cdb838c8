//! Builds, what they used, and the allocations that follow from it.
//!
//! | route | here | asks |
//! |---|---|---|
//! | `/v1/builds…` | [`build`] | view `builds`; requeues a collection |
//! | `/v1/collections` | [`collections`] | view `collections` |
//! | `/v1/usage` `/v1/packages…` `/v1/nodes…` | [`farm`] | views `usage`, `packages`, `nodes` |
//! | `/v1/allocation/…` | [`allocation`] | views `allocation`, `accuracy`; trains, promotes and rolls back a model |

pub mod allocation;
pub mod build;
pub mod collections;
pub mod farm;
pub mod wire;

use ::projections::builds::collections::CollectionState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Api, Section};

pub(crate) const SECTION: Section = Section {
    routes,
    tags: &[
        ("builds", "Builds and the collection of their usage"),
        ("farm", "Usage records, packages and machines"),
        ("allocation", "Resource allocations and their models"),
        ("gantry", "The API of spack-gantry, unchanged"),
    ],
    scopes: &[("allocation", true), ("builds", true), ("farm", false)],
    open: &["allocation", "build", "node"],
    words: &[
        ("", "strategy", &["gantry", "ladder"]),
        ("/accuracy", "by", &["strategy", "package"]),
        ("/builds", "order", &["seen", "updated", "finished"]),
        ("/packages", "sort", &farm::packages::WORDS),
        ("/builds", "collection", &CollectionState::WORDS),
        ("/collections", "state", &CollectionState::WORDS),
    ],
    ..Section::EMPTY
};

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(build::list))
        .routes(routes!(build::get))
        .routes(routes!(build::history))
        .routes(routes!(build::collect))
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
}
