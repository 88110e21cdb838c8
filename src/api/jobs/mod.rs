//! Jobs, their runs, and the workers that execute them.
//!
//! | route | here | asks |
//! |---|---|---|
//! | `/v1/runs…` `/v1/run-logs` | [`runs`] | view `runs`; what logs say, and what happens to runs as it happens; ends and kills one |
//! | `/v1/workers…` `/v1/worker-pools…` `/v1/projects…` `/v1/job-templates…` `/v1/jobs…` | `records` | view `roster`; creates and edits |

mod records;
pub mod runs;
pub mod wire;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Api, Section};

pub(crate) const SECTION: Section = Section {
    routes,
    tags: &[("runs", "Runs of jobs and their logs")],
    scopes: &[("runs", true)],
    open: &[
        "job",
        "job_template",
        "kill_request",
        "mail",
        "project",
        "run",
        "run_log",
        "worker",
        "worker_pool",
    ],
    words: &[("/runs", "state", &runs::STATES)],
    ..Section::EMPTY
};

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
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
        .merge(records::records())
}
