//! Limits of values that their types do not keep.

use super::secrets::SecretUrl;
use super::{Config, ConfigError};

/// Refuses a configuration that the application cannot work with.
///
/// # Errors
/// A [`ConfigError::Value`] with the key and what it may be.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    server(config)?;
    collector(config)?;
    jobrunner(config)?;
    outside(config)?;
    allocation(config)?;
    sources(config)
}

fn wrong(key: &'static str, reason: &str) -> Result<(), ConfigError> {
    Err(ConfigError::Value {
        key: key.into(),
        reason: reason.to_owned(),
    })
}

fn server(config: &Config) -> Result<(), ConfigError> {
    if config.log.segment_bytes < 1 << 20 {
        return wrong("log.segment_bytes", "a segment is at least 1 MiB");
    }
    if config.server.requests_max == 0 {
        return wrong(
            "server.requests_max",
            "at least one request must be allowed",
        );
    }
    let server = &config.server;
    if server.connections_max == 0 || server.connections_per_address_max == 0 {
        return wrong(
            "server",
            "connections_max and connections_per_address_max are at least 1",
        );
    }
    if config.jobrunner.peers_per_address_max == 0 || server.streams_per_caller_max == Some(0) {
        return wrong(
            "jobrunner.peers_per_address_max, server.streams_per_caller_max",
            "are at least 1",
        );
    }
    let times = [
        server.head_seconds_max,
        server.idle_seconds_max,
        server.write_seconds_max,
    ];
    if times.iter().any(|time| !(1..=86_400).contains(time)) {
        return wrong(
            "server",
            "head_seconds_max, idle_seconds_max and write_seconds_max are from 1 to 86400",
        );
    }
    Ok(())
}

fn collector(config: &Config) -> Result<(), ConfigError> {
    let waits = [
        config.collector.backoff_seconds,
        config.collector.backoff_seconds_max,
    ];
    if waits.iter().any(|wait| !(0.001..=86_400.0).contains(wait)) {
        return wrong(
            "collector.backoff_seconds",
            "a wait is between a millisecond and a day",
        );
    }
    if config.collector.attempts_max == 0 || config.collector.concurrency_max == 0 {
        return wrong(
            "collector",
            "attempts_max and concurrency_max are at least 1",
        );
    }
    Ok(())
}

fn jobrunner(config: &Config) -> Result<(), ConfigError> {
    if config.jobrunner.time_zone().is_none() {
        return wrong(
            "jobrunner.time_zone",
            "no such zone is known; it is a name such as Europe/Amsterdam",
        );
    }
    let section = &config.jobrunner;
    // A worker that receives nothing for ten minutes considers its connection broken.
    if !(1..600).contains(&section.ping_seconds) {
        return wrong(
            "jobrunner.ping_seconds",
            "workers want to hear something at least every ten minutes: from 1 to 599",
        );
    }
    if !(1..=86_400).contains(&section.health_seconds)
        || !(1..=3600).contains(&section.round_seconds)
        || !(1..=1000).contains(&section.unresponsive_intervals)
        || section.ping_margin_seconds > 86_400
    {
        return wrong(
            "jobrunner",
            "round_seconds is from 1 to 3600, health_seconds from 1 to 86400, ping_margin_seconds up to 86400, unresponsive_intervals from 1 to 1000",
        );
    }
    Ok(())
}

fn outside(config: &Config) -> Result<(), ConfigError> {
    // Neither client would send what an address names: it would only end up in error messages.
    let has_credentials = |url: &Option<SecretUrl>| {
        let url = url.as_ref();
        url.is_some_and(SecretUrl::has_credentials)
    };
    if has_credentials(&config.blobs.endpoint) {
        let reason = "the address holds credentials: set blobs.access_key_id and blobs.secret_access_key instead";
        return wrong("blobs.endpoint", reason);
    }
    if has_credentials(&config.telemetry.otlp_endpoint) {
        let reason = "the address holds credentials: set the environment variable OTEL_EXPORTER_OTLP_HEADERS instead";
        return wrong("telemetry.otlp_endpoint", reason);
    }
    if !(0.0..=1.0).contains(&config.telemetry.trace_ratio) {
        return wrong("telemetry.trace_ratio", "must be between 0 and 1");
    }
    Ok(())
}

fn allocation(config: &Config) -> Result<(), ConfigError> {
    let allocation = &config.allocation;
    if !(0.0..=1.0).contains(&allocation.record_ratio) {
        return wrong("allocation.record_ratio", "must be between 0 and 1");
    }
    if allocation.shadow.is_some() && allocation.record_ratio == 0.0 {
        let reason =
            "answers that are not recorded cannot be compared: set allocation.record_ratio as well";
        return wrong("allocation.shadow", reason);
    }
    let prices = [allocation.price_gb_hour, allocation.price_core_hour];
    if prices.iter().any(|price| !(0.0..=1e9).contains(price)) {
        return wrong(
            "allocation.price_gb_hour",
            "a price is at least 0, as is that of a core",
        );
    }
    Ok(())
}

fn sources(config: &Config) -> Result<(), ConfigError> {
    if let Some(name) = config
        .sources
        .keys()
        .find(|name| domain::builds::build::BuildKey::new(name, 0).is_err())
    {
        let reason = format!("`{name}` is no name for a source");
        return Err(ConfigError::Value {
            key: "sources".into(),
            reason,
        });
    }
    Ok(())
}
