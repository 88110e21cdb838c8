//! `tallyman serve`: opens the app, takes requests, and closes it in order.

mod connections;
mod descriptors;
mod signals;
mod start_report;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::modules::OpenPort;
use crate::app::{self, Announcement, Metered, Modules};
use crate::config::{self, Config, Flags};
use crate::telemetry;

use connections::{Allowance, PerAddress, Stop};
use descriptors::Connectable;
use signals::StopSignals;

/// Runs a server until it is stopped.
///
/// # Errors
/// When the configuration makes no sense, the app cannot be opened, or the address is taken.
pub(crate) fn run(flags: &Flags) -> anyhow::Result<()> {
    run_with(flags, async |_: &Config| Ok(()), |_| {})
}

/// The same. `prepare` may fill the data directory, once everything else that could fail has not;
/// `ready` learns where the server listens once it takes requests.
///
/// # Errors
/// As [`run`], and when `prepare` fails.
pub(crate) fn run_with(
    flags: &Flags,
    prepare: impl AsyncFnOnce(&Config) -> anyhow::Result<()>,
    ready: impl FnOnce(Ready),
) -> anyhow::Result<()> {
    let loaded = config::load(flags, &std::env::vars().collect())?;
    let telemetry = telemetry::start(&loaded.config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(loaded.config, &telemetry, prepare, ready));
    runtime.shutdown_timeout(Duration::from_secs(5));
    telemetry.stop();
    result
}

/// A server that takes requests.
pub(crate) struct Ready {
    pub(crate) address: SocketAddr,
    /// The token of the data directory.
    pub(crate) admin_token: secrecy::SecretString,
}

async fn serve(
    config: Config,
    telemetry: &telemetry::Guard,
    prepare: impl AsyncFnOnce(&Config) -> anyhow::Result<()>,
    ready: impl FnOnce(Ready),
) -> anyhow::Result<()> {
    // Before anything is opened: a signal that comes early must still close it.
    let mut signals = StopSignals::register()?;
    let descriptors = descriptors::raise_limit();
    let exporters = telemetry.exporters();
    let traced = config.telemetry.otlp_endpoint.is_some();
    let requests = Arc::new(telemetry::Requests::new(exporters.meters(), traced));
    let metered = Metered {
        registry: exporters.registry(),
        requests,
    };
    let stop = CancellationToken::new();
    let listen = config.server.listen;
    // Everything that can be refused is tried before the data directory is touched: a start that
    // fails leaves nothing behind.
    let mut modules = Modules::new(&config)?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("server.listen: {listen} cannot be listened on"))?;
    let address = listener.local_addr()?;
    let wanted = Connectable {
        clients_max: config.server.connections_max,
        workers_max: modules.peers_max(),
    };
    let connectable = descriptors::share(descriptors, wanted)?;
    modules.bind(connectable.workers_max, &stop)?;
    prepare(&config).await?;
    let opened = app::open_to_serve(config, modules, metered, &stop).await?;
    let _announcement = announced(&opened.config.data.dir, address);
    let modules = &opened.modules;
    modules.observe(&exporters.meter(), &opened.services, &opened.app);
    let ports = modules.ports();
    start_report::log(&opened, address, &ports);
    announce(address, ports)?;
    ready(Ready {
        address,
        admin_token: opened.admin_token.clone(),
    });

    let connections = Stop {
        orderly: stop.clone(),
        now: CancellationToken::new(),
    };
    let closed = opened.app.closed_connections.clone();
    let allowance = allowance(&opened.config.server, connectable, closed);
    let served = connections::serve(listener, opened.router(), allowance, connections.clone());
    let mut server = tokio::spawn(served);
    tokio::select! {
        signal = signals.next() => tracing::info!("{signal}: stopping; a second signal hastens it"),
        ended = &mut server => ended.context("the server's task broke")?,
    }
    stop.cancel();
    // Readers of event streams would stay for ever.
    opened.app.close();
    let patience = Duration::from_secs(opened.config.server.shutdown_seconds_max);
    let stopped = async {
        if tokio::time::timeout(patience, &mut server).await.is_err() {
            tracing::warn!("requests were still under way after {patience:?} and were cut off");
            connections.now.cancel();
        }
        opened.modules.stop().await;
    };
    tokio::select! {
        () = stopped => {}
        signal = signals.next() => {
            tracing::warn!("{signal} again: what is under way is cut off");
            connections.now.cancel();
        }
    }
    // Never cut short: it writes down what was folded and closes the log.
    opened.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Writes the address for the command line. On a full disk reads are served without it.
fn announced(data_dir: &Path, address: SocketAddr) -> Option<Announcement> {
    Announcement::make(data_dir, address)
        .inspect_err(|error| {
            tracing::warn!(
                %error,
                "the command line does not find this server by its data directory, only by --server: {error}"
            );
        })
        .ok()
}

fn allowance(
    server: &config::Server,
    connectable: Connectable,
    closed: web::ClosedConnections,
) -> Allowance {
    Allowance {
        connections_max: connectable.clients_max,
        per_address: PerAddress {
            connections_max: server.connections_per_address_max,
            trusted_connections_max: server.connections_per_trusted_address_max,
            proxies: server.trusted_proxies.clone(),
        },
        head_time_max: Duration::from_secs(server.head_seconds_max),
        idle_time_max: Duration::from_secs(server.idle_seconds_max),
        write_time_max: Duration::from_secs(server.write_seconds_max),
        closed,
    }
}

/// Prints where the server listens on standard output: scripts wait for these lines.
fn announce(address: SocketAddr, ports: Vec<OpenPort>) -> std::io::Result<()> {
    let mut text = format!("listening on http://{address}\n");
    for OpenPort {
        purpose, address, ..
    } in ports
    {
        if let Some(address) = address {
            text.push_str(&format!("{purpose} on {address}\n"));
        }
    }
    // In one write: a script that waits for the first line may close the pipe before the second.
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
