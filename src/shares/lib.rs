//! How much of a limited thing each caller holds, so that one cannot take all there is.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// What is held, counted by caller. Clones share the counts.
#[derive(Clone, Debug)]
pub struct Shares<K: Ord>(Arc<Mutex<BTreeMap<K, usize>>>);

impl<K: Ord> Default for Shares<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord + Clone> Shares<K> {
    /// Counts one more for a caller for as long as the result is kept; none when the caller holds
    /// `max` already.
    pub fn take(&self, caller: K, max: usize) -> Option<Share<K>> {
        let mut counts = self.0.lock();
        let held = counts.get(&caller).copied().unwrap_or_default();
        if held >= max {
            return None;
        }
        counts.insert(caller.clone(), held + 1);
        let shares = self.clone();
        Some(Share { caller, shares })
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// One of the things that a caller holds; given back when this is dropped.
#[derive(Debug)]
pub struct Share<K: Ord> {
    caller: K,
    shares: Shares<K>,
}

impl<K: Ord> Drop for Share<K> {
    fn drop(&mut self) {
        let mut counts = self.shares.0.lock();
        if let Some(held) = counts.get_mut(&self.caller) {
            *held -= 1;
            if *held == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

/// The address by which a caller is counted: a client has a whole /64 of IPv6 addresses to choose
/// from, and `::ffff:192.0.2.1` is 192.0.2.1.
#[must_use]
pub fn caller_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_holds_no_more_than_its_share_until_it_gives_some_back() {
        let shares = Shares::default();
        let [first, _second] = [(); 2].map(|()| shares.take("one", 2).unwrap());
        assert!(shares.take("one", 2).is_none());
        let other = shares.take("two", 1).unwrap();
        drop(first);
        let again = shares.take("one", 2).unwrap();
        assert!(shares.take("one", 2).is_none());
        drop((again, other, _second));
        assert!(shares.is_empty());
        assert!(shares.take("one", 0).is_none() && shares.is_empty());
    }

    #[test]
    fn a_client_is_counted_by_its_network() {
        for (address, counted) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1:2:3:4", "2001:db8::"),
        ] {
            let counted: IpAddr = counted.parse().unwrap();
            assert_eq!(
                caller_address(address.parse().unwrap()),
                counted,
                "{address}"
            );
        }
    }
}
