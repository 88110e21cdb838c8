//! Taking connections, a bounded number of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shares::{Shares, caller_address};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::PortLimits;
use crate::handshake::Ended;
use crate::stats::{PortStats, count};

/// How long nothing is taken after the system could not give a connection; it mostly has no more
/// files.
const BREATH: Duration = Duration::from_millis(200);

pub(super) trait Connections: Send + Sync + 'static {
    /// How many, and how much of each.
    fn limits(&self) -> &PortLimits;

    /// What went through.
    fn stats(&self) -> &PortStats;

    /// Talks to one peer, for as long as it is here.
    fn talk(
        self: Arc<Self>,
        stream: TcpStream,
    ) -> impl Future<Output = Result<(), Ended>> + Send + 'static;
}

/// Takes connections until it is dropped, and with it all of them.
pub(super) async fn accept<C: Connections>(port: Arc<C>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(port.limits().peers_max));
    let addresses = Shares::default();
    let mut talks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = talks.join_next(), if !talks.is_empty() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            count(&port.stats().turned_away);
            tracing::debug!(%peer, "turned {peer} away: as many are here as there may be");
            continue;
        };
        let most = port.limits().peers_per_address_max;
        let Some(of_address) = addresses.take(caller_address(peer.ip()), most) else {
            count(&port.stats().turned_away);
            tracing::debug!(%peer, "turned {peer} away: its address has {most} connections already");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let port = Arc::clone(&port);
        talks.spawn(async move {
            let _places = (place, of_address);
            if let Err(ended) = Arc::clone(&port).talk(stream).await {
                if !matches!(ended, Ended::Broken(_)) {
                    count(&port.stats().cut_off);
                }
                tracing::debug!(%peer, %ended, "cut {peer} off: {ended}");
            }
        });
    }
}

/// Counts a peer for as long as it is here.
pub(super) struct Present<'a>(&'a PortStats);

impl<'a> Present<'a> {
    pub(super) fn new(stats: &'a PortStats) -> Self {
        count(&stats.peers);
        Self(stats)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.peers.fetch_sub(1, Ordering::Relaxed);
    }
}
