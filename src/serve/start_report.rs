//! What a server says of itself when it takes requests: which data, which ports, and what it was not given.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use secrecy::ExposeSecret;

use crate::app::Opened;
use crate::config::{Config, OneOrMany};

/// One line of the report.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Info(String),
    Warn(String),
}

/// What the report is made of besides the configuration.
struct Facts<'a> {
    address: SocketAddr,
    ports: &'a BTreeMap<&'static str, Option<String>>,
    /// The last position of the log.
    head: u64,
    views: usize,
    /// How many of the views are at the head.
    views_live: usize,
}

/// Logs the report of a server that was started.
pub(super) fn log(
    opened: &Opened,
    address: SocketAddr,
    ports: &BTreeMap<&'static str, Option<String>>,
) {
    let statuses = opened.services.views.statuses();
    let facts = Facts {
        address,
        ports,
        head: opened.services.log.head().0,
        views: statuses.len(),
        views_live: statuses.iter().filter(|view| view.is_live()).count(),
    };
    for line in lines(&opened.config, &facts) {
        match line {
            Line::Info(text) => tracing::info!("{text}"),
            Line::Warn(text) => tracing::warn!("{text}"),
        }
    }
}

fn lines(config: &Config, facts: &Facts<'_>) -> Vec<Line> {
    let dir = &config.data.dir;
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
    let (version, dir) = (env!("CARGO_PKG_VERSION"), dir.display());
    let (head, views, live) = (facts.head, facts.views, facts.views_live);
    let mut lines = vec![
        Line::Info(format!(
            "tallyman {version}: data directory {dir}, log head {head}, {live} of {views} views up to date"
        )),
        Line::Info(listening(facts)),
        sources(config),
        prometheus(config),
        job_runner(config),
    ];
    lines.extend(job_writes(config));
    lines
}

fn listening(facts: &Facts<'_>) -> String {
    let mut text = format!("listening: HTTP on http://{}", facts.address);
    for (name, address) in facts.ports {
        let address = address.as_deref().unwrap_or("no port yet (it is in use)");
        text.push_str(&format!(", worker {name} on {address}"));
    }
    text
}

fn sources(config: &Config) -> Line {
    let mut usable = Vec::new();
    let mut without = Vec::new();
    for (name, source) in &config.sources {
        // An empty text is no token: it is left out there as well.
        let is_missing = |secrets: &OneOrMany| {
            let mut secrets = secrets.all().into_iter();
            secrets.all(|secret| secret.expose_secret().is_empty())
        };
        match (is_missing(&source.token), is_missing(&source.signing_token)) {
            (true, true) => without.push(format!("`{name}`")),
            (false, true) => usable.push(format!("{name} (token)")),
            (true, false) => usable.push(format!("{name} (signing token)")),
            (false, false) => usable.push(format!("{name} (token, signing token)")),
        }
    }
    let hint = "set sources.NAME.token or sources.NAME.signing_token";
    if usable.is_empty() {
        Line::Warn(format!(
            "webhook sources: none is configured, every webhook is refused: {hint}, or GITLAB_WEBHOOK_TOKEN"
        ))
    } else if without.is_empty() {
        Line::Info(format!("webhook sources: {}", usable.join(", ")))
    } else {
        Line::Warn(format!(
            "webhook sources: {}; without a credential, so refused: {}: {hint}",
            usable.join(", "),
            without.join(", ")
        ))
    }
}

fn prometheus(config: &Config) -> Line {
    if !config.collector.enabled {
        return Line::Info(
            "Prometheus: not asked, for collector.enabled is false: the usage of builds is not collected"
                .to_owned(),
        );
    }
    match &config.prometheus.url {
        Some(url) => Line::Info(format!("Prometheus: {url}")),
        None => Line::Warn(
            "Prometheus: prometheus.url is not set: the usage of builds is not collected (set it, or PROMETHEUS_URL)"
                .to_owned(),
        ),
    }
}

fn job_runner(config: &Config) -> Line {
    let section = &config.jobrunner;
    Line::Info(if section.enabled {
        format!("job-runner: time zone {}", section.time_zone)
    } else {
        "job-runner: switched off (jobrunner.enabled is false)".to_owned()
    })
}

/// What a worker's key is worth.
fn job_writes(config: &Config) -> Option<Line> {
    let section = &config.jobrunner;
    (section.enabled && section.job_writes_by_workers).then(|| {
        Line::Warn(
            "job-runner: jobrunner.job_writes_by_workers is true: the key of a worker is enough to change the scripts \
             of jobs of its own pools, as with the old server; set it to false if no client of yours needs it"
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests;
