//! How many connections one address has.

use std::net::IpAddr;

use shares::{Share, Shares, caller_address};
use web::Network;

/// How many connections one address may have.
#[derive(Clone, Debug, Default)]
pub(crate) struct PerAddress {
    pub(crate) connections_max: usize,
    /// An address of this machine or of a proxy, behind which there are many clients; 0 is no
    /// limit.
    pub(crate) trusted_connections_max: usize,
    pub(crate) proxies: Vec<Network>,
}

/// Counts connections by address.
pub(super) struct Peers {
    limits: PerAddress,
    shares: Shares<IpAddr>,
}

impl Peers {
    pub(super) fn new(limits: PerAddress) -> Self {
        Self {
            limits,
            shares: Shares::default(),
        }
    }

    /// Counts a connection for as long as the result is kept; none when the address has as many as
    /// it may.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Share<IpAddr>> {
        let peer = peer.to_canonical();
        let max = self.max(peer).unwrap_or(usize::MAX);
        self.shares.take(caller_address(peer), max)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(peers: &Peers, address: &str, count: usize) -> Vec<Share<IpAddr>> {
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
        assert!(peers.shares.is_empty(), "what was dropped is counted");
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
