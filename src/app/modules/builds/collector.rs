//! Starts the reactor that learns what builds used.

use std::sync::Arc;
use std::time::Duration;

use reactors::collector::{Collector, CollectorConfig};
use reactors::frame::{FrameConfig, Running, StatsReading};
use reactors::gitlab::GitlabConfig;
use reactors::prometheus::PrometheusConfig;
use tokio_util::sync::CancellationToken;

use crate::app::Services;
use crate::config::Config;

/// The collector while it runs. Clones are the same one.
#[derive(Clone)]
pub(crate) struct RunningCollector(Arc<parking_lot::Mutex<Option<Running>>>);

/// Whether the collector can be started with this configuration.
///
/// # Errors
/// As [`start`].
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    if config.collector.enabled {
        Collector::check(&settings(config))?;
    }
    Ok(())
}

/// Starts the collector, unless it is switched off.
///
/// # Errors
/// When an address, a secret or the expression for stages cannot be used.
pub(crate) fn start(
    config: &Config,
    services: &Services,
    stop: CancellationToken,
) -> anyhow::Result<Option<RunningCollector>> {
    if !config.collector.enabled {
        return Ok(None);
    }
    let settings = settings(config);
    let running = Collector::start(
        services.commands.clone(),
        services.views.clone(),
        settings,
        stop,
    )?;
    Ok(Some(RunningCollector(Arc::new(parking_lot::Mutex::new(
        Some(running),
    )))))
}

impl RunningCollector {
    /// What it did so far; nothing once it has stopped.
    pub(crate) fn stats(&self) -> StatsReading {
        self.0
            .lock()
            .as_ref()
            .map(Running::stats)
            .unwrap_or_default()
    }

    /// Ends it; what is under way may go on for a while.
    pub(crate) async fn stop(&self) {
        let running = self.0.lock().take();
        if let Some(running) = running {
            running.stop().await;
        }
    }
}

fn settings(config: &Config) -> CollectorConfig {
    let collector = &config.collector;
    let prometheus = config.prometheus.url.as_ref().map(|url| PrometheusConfig {
        cookie: config.prometheus.cookie.clone(),
        timeout: Duration::from_secs(config.prometheus.seconds_max),
        ..PrometheusConfig::new(url.expose())
    });
    let gitlab = config.gitlab.url.as_ref().map(|url| GitlabConfig {
        timeout: Duration::from_secs(config.gitlab.seconds_max),
        ..GitlabConfig::new(
            url.expose(),
            config.gitlab.token.clone().unwrap_or_default(),
        )
    });
    CollectorConfig {
        prometheus,
        gitlab,
        stage: collector.stage_pattern.clone(),
        runner_prefixes: collector.runner_prefixes.clone(),
        settle: Duration::from_secs(collector.settle_seconds),
        frame: FrameConfig {
            concurrency: collector.concurrency_max,
            attempts_max: collector.attempts_max,
            backoff_base: Duration::from_secs_f64(collector.backoff_seconds),
            backoff_max: Duration::from_secs_f64(collector.backoff_seconds_max),
            ..FrameConfig::default()
        },
        ..CollectorConfig::default()
    }
}
