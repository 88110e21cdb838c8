//! Log lines and spans.

use std::io::IsTerminal;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::Exporters;
use crate::config::{LogFormat, Telemetry};

/// Keeps telemetry alive; [`Guard::stop`] sends what is left.
pub(crate) struct Guard {
    exporters: Exporters,
}

impl Guard {
    /// The exporters, for further meters.
    pub(crate) fn exporters(&self) -> &Exporters {
        &self.exporters
    }

    /// Sends what is left and ends. Blocks; call it from a blocking thread.
    pub(crate) fn stop(self) {
        self.exporters.stop();
    }
}

/// Starts telemetry for the process.
///
/// # Errors
/// When a directive or an endpoint cannot be understood, or telemetry was started before.
pub(crate) fn start(settings: &Telemetry) -> anyhow::Result<Guard> {
    let exporters = Exporters::new(settings)?;
    let lines = match settings.log_format {
        LogFormat::Text => fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(std::io::stderr).boxed(),
    };
    let spans = exporters.traces.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("tallyman"))
            .with_filter(own_spans())
    });
    let logs = exporters
        .logs
        .as_ref()
        .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(own_spans()));
    tracing_subscriber::registry()
        .with(lines.with_filter(directives(&settings.log)?))
        .with(spans)
        .with(logs)
        .try_init()
        .context("telemetry can be started once")?;
    Ok(Guard { exporters })
}

fn directives(text: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::builder()
        .parse(text)
        .with_context(|| format!("telemetry.log: `{text}` is no level and no list of directives"))
}

/// What is exported: our own spans. Libraries have spans of their own, and those of the exporter's
/// client would feed on themselves.
fn own_spans() -> EnvFilter {
    EnvFilter::new(
        "info,web=debug,eventlog_file=debug,projections=debug,hyper=off,hyper_util=off,h2=off,reqwest=off,tower=off,opentelemetry=off,sled=off",
    )
}
