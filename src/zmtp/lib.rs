//! ZeroMQ, as much of it as workers of the job runner need: a socket that publishes and one that
//! subscribes, both bound here, on TCP and without authentication.
//!
//! Our own implementation, because the ports face untrusted machines: a peer has little time for
//! the handshake, its frames have a bounded size, and its queue is bounded, drops the excess and
//! counts it ([`PortStats`]). Peers of ZMTP 3 and 2 are understood, which is libzmq since 3.2.
//!
//! `frames` and `greeting` are the bytes, and pure; `handshake` is how two sockets meet;
//! [`Publisher`] and [`Subscriber`] are what they do then.

mod accept;
mod frames;
mod greeting;
mod handshake;
mod news;
mod publisher;
mod queue;
mod stats;
mod subscriber;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

pub use news::Subscribed;
pub use publisher::Publisher;
pub use queue::Urgency;
pub use stats::{PortReading, PortStats};
pub use subscriber::{Heard, Subscriber};

/// How much one port bears.
#[derive(Clone, Copy, Debug)]
pub struct PortLimits {
    /// Most peers at once; more are turned away.
    pub peers_max: usize,
    /// Most peers of one address, so that one machine cannot take all places.
    pub peers_per_address_max: usize,
    /// Most messages that wait for one peer; more are lost to it.
    pub queue_max: usize,
    /// Most bytes that wait for one peer; messages beyond are lost to it.
    pub queue_bytes_max: u64,
    /// Most bytes that wait for all peers together; messages beyond are lost to the peer that they
    /// are for.
    pub port_bytes_max: u64,
    /// Longest frame of a peer, in bytes. One that sends a longer one is cut off.
    pub frame_bytes_max: usize,
    /// Most subscriptions of one peer; more are not heeded.
    pub subscriptions_max: usize,
    /// Longest prefix of a subscription, in bytes; longer ones are not heeded.
    pub prefix_bytes_max: usize,
    /// How long a peer may take for the handshake.
    pub greeting_within: Duration,
    /// How long a peer may take to read what is sent to it.
    pub writing_within: Duration,
}

impl Default for PortLimits {
    fn default() -> Self {
        Self {
            peers_max: 4096,
            peers_per_address_max: 512,
            queue_max: 4096,
            queue_bytes_max: 1024 * 1024,
            port_bytes_max: 64 * 1024 * 1024,
            frame_bytes_max: 16 * 1024,
            subscriptions_max: 64,
            prefix_bytes_max: 300,
            greeting_within: Duration::from_secs(10),
            writing_within: Duration::from_secs(60),
        }
    }
}

/// How many peers may wait to be taken.
const BACKLOG: u32 = 1024;

/// Binds a port. With keep-alive, the system notices peers that vanish, also on a port where
/// nothing is ever sent.
///
/// # Errors
/// When another process has the port, or we lack the permission.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_keepalive(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
