//! The limits of login attempts: from one address, and under one name.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use sha2::{Digest, Sha256};

/// Attempts that one address may make at once, and how long until it may make one more.
const OF_ADDRESS: (u32, Duration) = (20, Duration::from_secs(3));

/// Attempts that may be made at once under one name, from anywhere, and how long until one more.
const UNDER_NAME: (u32, Duration) = (10, Duration::from_secs(6));

/// How many addresses and names are remembered; beyond that the rest share one allowance.
const KEYS_MAX: usize = 100_000;

/// How many attempts go by between two clean-ups.
const CLEAN_UP_EVERY: u32 = 1024;

/// Who has tried how often.
pub(crate) struct Attempts {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    names: DefaultKeyedRateLimiter<[u8; 32]>,
    clock: DefaultClock,
    taken: AtomicU32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            addresses: DefaultKeyedRateLimiter::keyed(quota(OF_ADDRESS)),
            names: DefaultKeyedRateLimiter::keyed(quota(UNDER_NAME)),
            clock: DefaultClock::default(),
            taken: AtomicU32::new(0),
        }
    }
}

impl Attempts {
    /// Counts an attempt; above the limit, returns after how many seconds to try again.
    pub(crate) fn take(&self, address: IpAddr, name: &str) -> Result<(), u64> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        if taken.is_multiple_of(CLEAN_UP_EVERY) {
            self.addresses.retain_recent();
            self.names.retain_recent();
        }
        let address = match self.addresses.len() < KEYS_MAX {
            true => network(address),
            false => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        // Hashed, because a name has any length.
        let name = match self.names.len() < KEYS_MAX {
            true => Sha256::digest(name.as_bytes()).into(),
            false => [0; 32],
        };
        let wait =
            |refused: governor::NotUntil<_>| refused.wait_time_from(self.clock.now()).as_secs() + 1;
        self.addresses.check_key(&address).map_err(wait)?;
        self.names.check_key(&name).map_err(wait)
    }
}

fn quota((at_once, one_more_after): (u32, Duration)) -> Quota {
    let at_once = NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(one_more_after);
    quota.map_or(Quota::per_minute(at_once), |quota| {
        quota.allow_burst(at_once)
    })
}

/// One caller has a whole /64 of IPv6 addresses to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_address_tries_only_so_often_whatever_the_names() {
        let attempts = Attempts::default();
        let tried = (0..100).filter(|n| attempts.take(address(1), &n.to_string()).is_ok());
        assert_eq!(tried.count(), OF_ADDRESS.0 as usize);
        assert_eq!(attempts.take(address(2), "jane"), Ok(()));
    }

    #[test]
    fn one_name_is_tried_only_so_often_whatever_the_addresses() {
        let attempts = Attempts::default();
        let tried = (0..100).filter(|n| attempts.take(address(*n), "jane").is_ok());
        assert_eq!(tried.count(), UNDER_NAME.0 as usize);
        assert!(matches!(attempts.take(address(200), "jane"), Err(1..=7)));
        assert_eq!(attempts.take(address(200), "joe"), Ok(()));
    }
}
