//! The first log lines of a server that takes requests: its data, its ports, and missing
//! configuration.

use std::net::SocketAddr;

use crate::app::Opened;
use crate::app::modules::{Line, OpenPort};
use crate::config::Config;

/// What the report is made of besides the configuration.
struct Facts<'a> {
    address: SocketAddr,
    ports: &'a [OpenPort],
    /// The last position of the log.
    head: u64,
    views: usize,
    /// How many of the views are at the head.
    views_live: usize,
}

/// Logs the report of a server that was started.
pub(super) fn log(opened: &Opened, address: SocketAddr, ports: &[OpenPort]) {
    let statuses = opened.services.views.statuses();
    let facts = Facts {
        address,
        ports,
        head: opened.services.log.head().0,
        views: statuses.len(),
        views_live: statuses.iter().filter(|view| view.is_live()).count(),
    };
    for line in lines(&opened.config, &facts, opened.modules.report()) {
        match line {
            Line::Info(text) => tracing::info!("{text}"),
            Line::Warn(text) => tracing::warn!("{text}"),
        }
    }
}

fn lines(config: &Config, facts: &Facts<'_>, modules: Vec<Line>) -> Vec<Line> {
    let dir = &config.data.dir;
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
    let (version, dir) = (env!("CARGO_PKG_VERSION"), dir.display());
    let (head, views, live) = (facts.head, facts.views, facts.views_live);
    let mut lines = vec![
        Line::Info(format!(
            "tallyman {version}: data directory {dir}, log head {head}, {live} of {views} views up to date"
        )),
        Line::Info(listening(facts)),
    ];
    lines.extend(modules);
    lines
}

fn listening(facts: &Facts<'_>) -> String {
    let mut text = format!("listening: HTTP on http://{}", facts.address);
    for OpenPort { name, address, .. } in facts.ports {
        let address = address.as_deref().unwrap_or("no port yet (it is in use)");
        text.push_str(&format!(", worker {name} on {address}"));
    }
    text
}

#[cfg(test)]
mod tests;
