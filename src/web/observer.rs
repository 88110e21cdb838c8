//! What observes requests and responses.

use std::time::Duration;

use http::Method;

use crate::trace_parent::TraceParent;

/// Called for every request, so that this crate need not know any meters.
///
/// It is called on the way out of each request and must not wait for anything.
pub trait HttpObserver: Send + Sync + 'static {
    /// A request was answered. The route is the template (`/v1/builds/{build}`), never the path:
    /// the number of meters stays bounded. What matched no route is `unmatched`.
    fn answered(&self, route: &str, method: &Method, status: u16, took: Duration) {
        let _ = (route, method, status, took);
    }

    fn panicked(&self, route: &str) {
        let _ = route;
    }

    /// A request's span was opened; an exporter of traces may hang it under its parent.
    fn entered(&self, span: &tracing::Span, trace: TraceParent) {
        let _ = (span, trace);
    }
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl HttpObserver for NoObserver {}
