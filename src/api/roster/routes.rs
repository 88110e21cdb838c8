//! The routes of each kind, with their descriptions.

use ::provisioning::ShownWorker;
use domain::core::group::Group;
use domain::core::user::User;
use domain::jobs::job::Job;
use domain::jobs::job_template::JobTemplate;
use domain::jobs::project::Project;
use domain::jobs::worker::Worker;
use domain::jobs::worker_pool::WorkerPool;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::Problem;

use super::{AsOfParams, Made};
use crate::builds::Reason;
use crate::reads::PageParams;
use crate::{Api, roster};

/// Writes down the routes of each kind.
macro_rules! kinds {
    ($($module:ident, $kind:ident, $fields:ident, $shown:ident, $list:literal, $one:literal, $history:literal $({ $($present:tt)* })?;)+) => {
        $(
            impl roster::Resource for $kind { $($($present)*)? }

            /// The routes of one kind.
            pub(crate) mod $module {
                use axum::extract::State;
                use axum::response::Response;
                use ::provisioning::{$fields, $shown};
                use web::paging::Listing;
                use web::{Caller, Path, Problem, Query, Unread, View};

                use super::{AsOfParams, $kind, Made, PageParams, Reason, roster};
                use crate::Api;
                use crate::events::StreamParams;
                use crate::wire::EventPage;

                /// List them.
                #[utoipa::path(get, path = $list, tag = "roster", params(PageParams),
                    operation_id = concat!(stringify!($module), "_list"),
                    responses((status = 200, body = Listing<$shown>)))]
                pub(crate) async fn list(
                    State(app): State<Api>,
                    caller: Caller,
                    Query(params): Query<PageParams>,
                ) -> Result<View<Listing<$shown>>, Problem> {
                    roster::list::<$kind>(&app, &caller, params).await
                }

                /// Create one.
                #[utoipa::path(post, path = $list, tag = "roster", params(Reason), request_body = $fields,
                    operation_id = concat!(stringify!($module), "_create"),
                    responses((status = 201, description = "Created", body = Made<$shown>)))]
                pub(crate) async fn create(
                    State(app): State<Api>,
                    caller: Caller,
                    Query(reason): Query<Reason>,
                    unread: Unread,
                ) -> Result<Response, Problem> {
                    roster::create::<$kind>(&app, &caller, reason, unread).await
                }

                /// Get one, now or as of a moment.
                #[utoipa::path(get, path = $one, tag = "roster",
                    operation_id = concat!(stringify!($module), "_get"),
                    params(("id" = u64, Path, description = "The number"), AsOfParams),
                    responses((status = 200, body = $shown)))]
                pub(crate) async fn get(
                    State(app): State<Api>,
                    caller: Caller,
                    Path(number): Path<u64>,
                    Query(params): Query<AsOfParams>,
                ) -> Result<View<$shown>, Problem> {
                    roster::get::<$kind>(&app, &caller, number, &params).await
                }

                /// Change the given fields.
                #[utoipa::path(patch, path = $one, tag = "roster", request_body = $fields,
                    operation_id = concat!(stringify!($module), "_edit"),
                    params(("id" = u64, Path, description = "The number"), Reason),
                    responses((status = 200, body = $shown)))]
                pub(crate) async fn edit(
                    State(app): State<Api>,
                    caller: Caller,
                    Path(number): Path<u64>,
                    Query(reason): Query<Reason>,
                    unread: Unread,
                ) -> Result<View<$shown>, Problem> {
                    roster::edit::<$kind>(&app, &caller, number, reason, unread).await
                }

                /// List its events.
                #[utoipa::path(get, path = $history, tag = "roster",
                    operation_id = concat!(stringify!($module), "_history"),
                    params(("id" = u64, Path, description = "The number"), StreamParams),
                    responses((status = 200, body = EventPage)))]
                pub(crate) async fn history(
                    State(app): State<Api>,
                    caller: Caller,
                    Path(number): Path<u64>,
                    Query(params): Query<StreamParams>,
                ) -> Result<View<EventPage>, Problem> {
                    roster::history::<$kind>(&app, &caller, number, &params).await
                }
            }
        )+
    };
}

kinds! {
    groups, Group, GroupFields, ShownGroup, "/v1/groups", "/v1/groups/{id}", "/v1/groups/{id}/history";
    users, User, UserFields, ShownUser, "/v1/users", "/v1/users/{id}", "/v1/users/{id}/history";
    workers, Worker, WorkerFields, ShownWorker, "/v1/workers", "/v1/workers/{id}", "/v1/workers/{id}/history" {
        fn add_present(app: &Api, shown: &mut ShownWorker) -> Result<(), Problem> {
            roster::add_reports(app, shown)
        }
    };
    worker_pools, WorkerPool, WorkerPoolFields, ShownWorkerPool, "/v1/worker-pools", "/v1/worker-pools/{id}", "/v1/worker-pools/{id}/history";
    projects, Project, ProjectFields, ShownProject, "/v1/projects", "/v1/projects/{id}", "/v1/projects/{id}/history";
    job_templates, JobTemplate, JobTemplateFields, ShownJobTemplate, "/v1/job-templates", "/v1/job-templates/{id}", "/v1/job-templates/{id}/history";
    jobs, Job, JobFields, ShownJob, "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/history";
}

/// Puts the routes of a kind into the router.
macro_rules! routes_of {
    ($router:expr, $($module:ident)+) => {
        $router$(
            .routes(routes!($module::list, $module::create))
            .routes(routes!($module::get, $module::edit))
            .routes(routes!($module::history))
        )+
    };
}

/// The routes of all kinds, with their descriptions.
pub(crate) fn documented() -> OpenApiRouter<Api> {
    routes_of!(OpenApiRouter::new(), groups users workers worker_pools projects job_templates jobs)
}
