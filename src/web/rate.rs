//! The rate limit of one caller.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::Limits;
use shares::caller_address;

/// How many addresses are remembered; beyond that the rest share one allowance.
const ADDRESSES_MAX: usize = 100_000;

/// How many new questions go by between two clean-ups.
const CLEAN_UP_EVERY: u32 = 4096;

pub(crate) struct Rate {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
    limit_loopback: bool,
    asked: AtomicU32,
}

impl Rate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let per_second = NonZeroU32::new(limits.requests_per_second_max);
        let limiter = per_second.map(|per_second| {
            let burst = NonZeroU32::new(limits.requests_burst_max).unwrap_or(per_second);
            DefaultKeyedRateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst))
        });
        Self {
            limiter,
            clock: DefaultClock::default(),
            limit_loopback: limits.limit_loopback,
            asked: AtomicU32::new(0),
        }
    }

    /// Counts one request of an address; above the limit, returns after how many seconds to try
    /// again.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        if address.is_loopback() && !self.limit_loopback {
            return Ok(());
        }
        if self
            .asked
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(CLEAN_UP_EVERY)
        {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        let key = caller_address(address);
        let key = if limiter.len() < ADDRESSES_MAX {
            key
        } else {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        };
        limiter.check_key(&key).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            wait.as_secs() + 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(limit_loopback: bool) -> Rate {
        Rate::new(&Limits {
            requests_per_second_max: 1,
            requests_burst_max: 2,
            limit_loopback,
            ..Limits::default()
        })
    }

    #[test]
    fn each_address_has_an_allowance_of_its_own() {
        let rate = rate(false);
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        assert_eq!([rate.check(one), rate.check(one)], [Ok(()), Ok(())]);
        assert!(matches!(rate.check(one), Err(1..=2)));
        assert_eq!(rate.check(two), Ok(()));
    }

    #[test]
    fn a_whole_network_of_ipv6_is_one_caller() {
        let rate = rate(false);
        for (address, admitted) in [
            ("2001:db8::1", true),
            ("2001:db8::2", true),
            ("2001:db8::3", false),
        ] {
            assert_eq!(
                rate.check(address.parse().unwrap()).is_ok(),
                admitted,
                "{address}"
            );
        }
    }

    #[test]
    fn loopback_is_limited_only_when_configured() {
        let here = "127.0.0.1".parse().unwrap();
        for (limit_loopback, admitted) in [(false, true), (true, false)] {
            let rate = rate(limit_loopback);
            let last = (0..10).map(|_| rate.check(here)).last().unwrap();
            assert_eq!(last.is_ok(), admitted, "limit_loopback = {limit_loopback}");
        }
    }
}
