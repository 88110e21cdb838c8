//! Requests, by route and status.

use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram, MeterProvider};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use web::{HttpObserver, TraceParent};

/// Bounds of the histogram in seconds: from a memory hit to the longest patience.
const BOUNDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Keeps the meters of all HTTP surfaces.
pub(crate) struct Requests {
    durations: Histogram<f64>,
    panics: Counter<u64>,
    traced: bool,
}

impl Requests {
    /// Makes the instruments; `traced` is whether spans are exported.
    pub(crate) fn new(provider: &SdkMeterProvider, traced: bool) -> Self {
        let meter = provider.meter("tallyman");
        Self {
            traced,
            durations: meter
                .f64_histogram("tallyman.http.request.duration")
                .with_unit("s")
                .with_boundaries(BOUNDS.to_vec())
                .with_description("How long requests took, by route, method and status")
                .build(),
            panics: meter
                .u64_counter("tallyman.http.panics")
                .with_description("Handlers that panicked")
                .build(),
        }
    }
}

impl HttpObserver for Requests {
    fn answered(&self, route: &str, method: &axum::http::Method, status: u16, took: Duration) {
        self.durations.record(
            took.as_secs_f64(),
            &[
                KeyValue::new("route", route.to_owned()),
                KeyValue::new("method", method.as_str().to_owned()),
                KeyValue::new("status", i64::from(status)),
            ],
        );
    }

    fn panicked(&self, route: &str) {
        self.panics
            .add(1, &[KeyValue::new("route", route.to_owned())]);
    }

    fn entered(&self, span: &tracing::Span, trace: TraceParent) {
        if self.traced
            && let Some(context) = remote(&trace.to_string())
        {
            // Fails only where no spans are exported, and then there is no parent to set.
            let _ = span.set_parent(Context::new().with_remote_span_context(context));
        }
    }
}

/// The trace that a `traceparent` names. Whether it is sampled is decided here, by its id.
fn remote(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let parent = SpanId::from_hex(parts.next()?).ok()?;
    Some(SpanContext::new(
        trace,
        parent,
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    ))
}
