//! The start report's lines about sources of builds.

use secrecy::ExposeSecret;

use crate::app::modules::Line;
use crate::config::{Config, OneOrMany};

pub(super) fn lines(config: &Config) -> Vec<Line> {
    vec![sources(config), prometheus(config)]
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
            "Prometheus: not queried, because collector.enabled is false: the usage of builds is not collected"
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
