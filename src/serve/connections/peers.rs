//! How many connections one address has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use web::{Network, caller_address};

/// How many connections one address may have.
#[derive(Clone, Debug, Default)]
pub(crate) struct PerAddress {
    /// Any address.
    pub(crate) connections_max: usize,
    /// An address of this machine or of a proxy, behind which there are many clients; 0 is no limit.
    pub(crate) trusted_connections_max: usize,
    /// The proxies.
    pub(crate) proxies: Vec<Network>,
}

/// Counts connections by address.
pub(super) struct Peers {
    limits: PerAddress,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl Peers {
    pub(super) fn new(limits: PerAddress) -> Arc<Self> {
        Arc::new(Self {
            limits,
            counts: Mutex::default(),
        })
    }

    /// Counts a connection for as long as the result is kept; none when the address has as many as it may.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Counted> {
        let peer = peer.to_canonical();
        let max = self.max(peer);
        let address = caller_address(peer);
        let mut counts = self.counts.lock();
        let count = counts.entry(address).or_default();
        if max.is_some_and(|max| *count >= max) {
            return None;
        }
        *count += 1;
        Some(Counted {
            peers: Arc::clone(self),
            address,
        })
    }

    fn max(&self, peer: IpAddr) -> Option<usize> {
        let limits = &self.limits;
        let proxy = |network: &Network| network.contains(peer);
        if peer.is_loopback() || limits.proxies.iter().any(proxy) {
            let max = limits.trusted_connections_max;
            return (max > 0).then_some(max);
        }
        Some(limits.connections_max)
    }
}

/// A connection that counts for its address.
pub(super) struct Counted {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.peers.counts.lock();
        if let Entry::Occupied(mut entry) = counts.entry(self.address) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(peers: &Arc<Peers>, address: &str, count: usize) -> Vec<Counted> {
        let address = address.parse().unwrap();
        (0..count).filter_map(|_| peers.admit(address)).collect()
    }

    #[test]
    fn one_address_cannot_take_the_connections_of_another() {
        let peers = Peers::new(PerAddress {
            connections_max: 2,
            trusted_connections_max: 0,
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
        });
        for (address, expected) in [
            ("192.0.2.1", 2),
            ("::ffff:192.0.2.2", 2),
            // A client has a whole /64 to choose from.
            ("2001:db8::1", 2),
            ("127.0.0.1", 9),
            ("::1", 9),
            ("::ffff:10.1.1.1", 9),
        ] {
            let held = admitted(&peers, address, 9);
            assert_eq!(held.len(), expected, "{address}");
            let neighbour = if address == "2001:db8::1" {
                "2001:db8::2"
            } else {
                address
            };
            if expected == 2 {
                assert_eq!(admitted(&peers, neighbour, 1).len(), 0, "{neighbour}");
            }
        }
        assert!(
            peers.counts.lock().is_empty(),
            "what was dropped is counted"
        );
    }

    #[test]
    fn this_machine_and_proxies_have_a_limit_of_their_own() {
        let peers = Peers::new(PerAddress {
            connections_max: 1,
            trusted_connections_max: 3,
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
        });
        for address in ["127.0.0.1", "10.0.0.1"] {
            assert_eq!(admitted(&peers, address, 9).len(), 3, "{address}");
        }
    }
}
