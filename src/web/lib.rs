//! What HTTP surfaces share: callers, limits and refusals.
//!
//! The crate knows requests and answers, and no single surface: which routes there are is a matter
//! of `api`, the dialects and the dashboard. Start reading at [`App`], what every handler has at
//! hand, then [`serve_through_gate`], what every request passes, then [`Problem`].

mod app;
pub mod body;
mod caller;
mod changes;
mod closed_connections;
mod context;
mod extract;
mod gate;
mod kept_bodies;
mod limits;
mod network;
mod observer;
mod operations;
pub mod paging;
mod problem;
pub mod quoted;
mod rate;
mod refusal;
mod response_budget;
mod streams;
mod texts;
mod trace_parent;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;

pub use app::{App, AppBuilder, KeptBody, Parts, ReadyCheck, Resubmit, Settings, Taken};
pub use caller::{Caller, CallerIfAny, Reach, name_of};
pub use closed_connections::{CloseReason, ClosedConnections};
pub use context::{REQUEST_ID, RequestContext, TRACEPARENT};
pub use extract::{Path, Query, Unread};
pub use gate::{AsIs, Audited};
pub use kept_bodies::KeptBodies;
pub use limits::{Limits, REQUEST_LINE_BYTES_MAX};
pub use network::{Network, NetworkError};
pub use observer::{HttpObserver, NoObserver};
pub use operations::{
    OPERATIONS_MAX, OperationHandle, OperationReporter, OperationState, OperationStatus, Operations,
};
pub use problem::{FieldError, PROBLEM_JSON, Problem, ProblemBody};
pub use response_budget::{Charge, ResponseBudget};
pub use trace_parent::TraceParent;
pub use view::{MIN_POSITION, POSITION, View};

/// Puts the gate before all routes and gives them the app.
pub fn serve_through_gate(routes: Router<App>, app: App) -> Router {
    routes
        .fallback(gate::no_route)
        .method_not_allowed_fallback(gate::no_method)
        // Our own extractors keep the configured limit; axum's would add a second one.
        .layer(DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            gate::gate,
        ))
        .with_state(app)
}
