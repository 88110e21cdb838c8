//! The routes of a kind, with their descriptions.

/// Declares the routes of kinds of records, and `records`, which has them all.
macro_rules! record_routes {
    ($($module:ident, $kind:ident, $fields:ident, $shown:ident, $list:literal, $one:literal, $history:literal $({ $($present:tt)* })?;)+) => {
        $(
            impl $crate::records::Resource for $kind { $($($present)*)? }

            /// The routes of one kind.
            pub(crate) mod $module {
                use axum::extract::State;
                use axum::response::Response;
                use ::provisioning::{$fields, $shown};
                use web::paging::Listing;
                use web::{Caller, Path, Problem, Query, Unread, View};

                use super::$kind;
                use $crate::core::events::StreamParams;
                use $crate::core::wire::EventPage;
                use $crate::parameters::{AsOfParams, Reason};
                use $crate::reads::PageParams;
                use $crate::records::{self, Made};
                use $crate::Api;

                /// List them.
                #[utoipa::path(get, path = $list, tag = "roster", params(PageParams),
                    operation_id = concat!(stringify!($module), "_list"),
                    responses((status = 200, body = Listing<$shown>)))]
                pub(crate) async fn list(
                    State(app): State<Api>,
                    caller: Caller,
                    Query(params): Query<PageParams>,
                ) -> Result<View<Listing<$shown>>, Problem> {
                    records::list::<$kind>(&app, &caller, params).await
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
                    records::create::<$kind>(&app, &caller, reason, unread).await
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
                    records::get::<$kind>(&app, &caller, number, &params).await
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
                    records::edit::<$kind>(&app, &caller, number, reason, unread).await
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
                    records::history::<$kind>(&app, &caller, number, &params).await
                }
            }
        )+

        /// The routes of all these kinds.
        pub(crate) fn records() -> utoipa_axum::router::OpenApiRouter<$crate::Api> {
            utoipa_axum::router::OpenApiRouter::new()$(
                .routes(utoipa_axum::routes!($module::list, $module::create))
                .routes(utoipa_axum::routes!($module::get, $module::edit))
                .routes(utoipa_axum::routes!($module::history))
            )+
        }
    };
}
pub(crate) use record_routes;
