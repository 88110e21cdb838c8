//! Ports that this process listens on, or retries while another process has them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::steady::{Steady, rest};
use zmtp::{Publisher, Subscriber, listen};

/// The wait before a port that was taken is tried again; twice as long after every other.
const RETRY_WAIT: Duration = Duration::from_secs(1);

/// The longest of these waits.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(60);

/// Which port is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This one, by configuration: without it there is no start.
    Exactly(u16),
    /// This one, by default: while another process has it, everything else works.
    Usually(u16),
}

/// The state of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortState {
    Bound(SocketAddr),
    /// It is not, and is tried again.
    Waiting {
        address: SocketAddr,
        /// Why we do not have it.
        reason: String,
    },
}

/// A port that is served, or waited for.
#[derive(Debug)]
pub struct Port {
    state: watch::Receiver<PortState>,
    steady: Steady,
}

/// What is served on a port.
#[derive(Clone)]
pub enum Socket {
    Publisher(Publisher),
    Subscriber(Subscriber),
}

impl Port {
    /// Serves a socket on a port of this address.
    ///
    /// # Errors
    /// When a configured port is not free.
    pub fn open(
        socket: Socket,
        ip: IpAddr,
        wanted: Wanted,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let (Wanted::Exactly(port) | Wanted::Usually(port)) = wanted;
        let address = SocketAddr::new(ip, port);
        let first = match listen(address) {
            Ok(listener) => Some(listener),
            Err(error) if matches!(wanted, Wanted::Exactly(_)) => return Err(error),
            Err(error) => {
                tracing::warn!(%address, %error, "cannot listen on {address}, retrying: {error}");
                None
            }
        };
        let state = match &first {
            Some(listener) => PortState::Bound(listener.local_addr()?),
            None => waiting(address, "another process has it"),
        };
        let (tell, state) = watch::channel(state);
        let first = parking_lot::Mutex::new(first);
        let steady = Steady::start("a port", stop, move |_, stop| {
            let (socket, tell, first) = (socket.clone(), tell.clone(), first.lock().take());
            async move {
                tokio::select! {
                    () = serve(&socket, address, first, &tell) => {}
                    () = stop.cancelled() => {}
                }
            }
        });
        Ok(Self { state, steady })
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> PortState {
        self.state.borrow().clone()
    }

    /// The address that peers connect to, when the port is ours.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &*self.state.borrow() {
            PortState::Bound(address) => Some(*address),
            PortState::Waiting { .. } => None,
        }
    }

    /// Lets go of it.
    pub async fn close(self) {
        self.steady.stop().await;
    }
}

async fn serve(
    socket: &Socket,
    address: SocketAddr,
    first: Option<TcpListener>,
    tell: &watch::Sender<PortState>,
) {
    let listener = match first {
        Some(listener) => listener,
        None => wait_for(address, tell).await,
    };
    match socket {
        Socket::Publisher(publisher) => publisher.serve(listener).await,
        Socket::Subscriber(subscriber) => subscriber.serve(listener).await,
    }
}

async fn wait_for(address: SocketAddr, tell: &watch::Sender<PortState>) -> TcpListener {
    let mut wait = RETRY_WAIT;
    let never = CancellationToken::new();
    loop {
        match listen(address).and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((bound, listener)) => {
                tracing::info!(address = %bound, "listening on {bound} now");
                tell.send_replace(PortState::Bound(bound));
                return listener;
            }
            Err(error) => tell.send_replace(waiting(address, &error.to_string())),
        };
        let _ = rest(&never, wait).await;
        wait = RETRY_WAIT_MAX.min(wait * 2);
    }
}

fn waiting(address: SocketAddr, reason: &str) -> PortState {
    let reason = reason.to_owned();
    PortState::Waiting { address, reason }
}

#[cfg(test)]
mod tests;
