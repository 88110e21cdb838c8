//! What went through a port, for meters.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one port.
#[derive(Debug, Default)]
pub struct PortStats {
    pub(super) peers: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) cut_off: AtomicU64,
    pub(super) messages: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) lost: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortReading {
    /// Peers that are connected and have finished the handshake.
    pub peers: u64,
    /// Peers for whom there was no place.
    pub turned_away: u64,
    /// Peers that were cut off because they made no sense, or were too slow.
    pub cut_off: u64,
    /// Messages that were published or received.
    pub messages: u64,
    /// How often a message was handed to a peer.
    pub delivered: u64,
    /// How often a message was lost to a peer whose queue was full.
    pub lost: u64,
    /// Bytes that wait for peers to read them.
    pub waiting_bytes: u64,
}

impl PortStats {
    /// What they show now.
    #[must_use]
    pub fn read(&self) -> PortReading {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PortReading {
            peers: read(&self.peers),
            turned_away: read(&self.turned_away),
            cut_off: read(&self.cut_off),
            messages: read(&self.messages),
            delivered: read(&self.delivered),
            lost: read(&self.lost),
            waiting_bytes: 0,
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
