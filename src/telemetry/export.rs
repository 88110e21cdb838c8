//! Where telemetry goes: the Prometheus text format always, an OTLP receiver when one is
//! configured.

use std::time::Duration;

use anyhow::Context;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_otlp::{LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::{Encoder, TextEncoder};

use crate::config::Telemetry;

/// The metrics of this process as Prometheus reads them.
#[derive(Clone)]
pub(crate) struct Registry(prometheus::Registry);

impl Registry {
    /// The text of `/metrics`.
    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be written: {error}");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

/// The providers of all three signals.
pub(crate) struct Exporters {
    pub(super) traces: Option<SdkTracerProvider>,
    pub(super) logs: Option<SdkLoggerProvider>,
    meters: SdkMeterProvider,
    registry: Registry,
}

impl Exporters {
    /// Makes the providers.
    ///
    /// # Errors
    /// When an endpoint cannot be used.
    pub(crate) fn new(settings: &Telemetry) -> anyhow::Result<Self> {
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .build();
        let registry = Registry(prometheus::Registry::new());
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.0.clone())
            .build()
            .context("metrics cannot be offered to Prometheus")?;
        let mut meters = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(reader);
        let (mut traces, mut logs) = (None, None);
        if let Some(base) = &settings.otlp_endpoint {
            let base = base.expose().trim_end_matches('/');
            meters = meters.with_reader(
                PeriodicReader::builder(metric_exporter(base)?)
                    .with_interval(Duration::from_secs(settings.otlp_metrics_seconds.max(1)))
                    .build(),
            );
            traces = Some(tracer(base, settings.trace_ratio, resource.clone())?);
            logs = Some(
                SdkLoggerProvider::builder()
                    .with_resource(resource)
                    .with_batch_exporter(log_exporter(base)?)
                    .build(),
            );
        }
        Ok(Self {
            traces,
            logs,
            meters: meters.build(),
            registry,
        })
    }

    pub(crate) fn meters(&self) -> &SdkMeterProvider {
        &self.meters
    }

    /// The meter of all our instruments; they live as long as its provider.
    pub(crate) fn meter(&self) -> Meter {
        self.meters.meter("tallyman")
    }

    /// The metrics as Prometheus reads them.
    pub(crate) fn registry(&self) -> Registry {
        self.registry.clone()
    }

    pub(super) fn stop(self) {
        // One after the other, because one may log about the other.
        let traces = self.traces.map(|provider| provider.shutdown());
        let logs = self.logs.map(|provider| provider.shutdown());
        let meters = Some(self.meters.shutdown());
        for (signal, result) in [("traces", traces), ("logs", logs), ("metrics", meters)] {
            if let Some(Err(error)) = result {
                // The subscriber may be closed already, so this goes to stderr.
                eprintln!("the last {signal} could not be sent: {error}");
            }
        }
    }
}

fn tracer(base: &str, ratio: f64, resource: Resource) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{base}/v1/traces"))
        .build()
        .context("telemetry.otlp_endpoint")?;
    // By the trace's id and not by the caller's flag: most callers do not set it.
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(Sampler::TraceIdRatioBased(ratio))
        .with_batch_exporter(exporter)
        .build())
}

fn metric_exporter(base: &str) -> anyhow::Result<MetricExporter> {
    MetricExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{base}/v1/metrics"))
        .build()
        .context("telemetry.otlp_endpoint")
}

fn log_exporter(base: &str) -> anyhow::Result<LogExporter> {
    LogExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{base}/v1/logs"))
        .build()
        .context("telemetry.otlp_endpoint")
}
