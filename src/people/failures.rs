//! How often one address may present a wrong credential, before its credentials are refused
//! unchecked for a while. Only failures count: a client with a valid credential is never delayed by
//! its own requests.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// Failures that are borne at once.
const AT_ONCE_MAX: f64 = 20.0;

/// How long until one more is borne.
const ONE_MORE_AFTER: Duration = Duration::from_secs(3);

/// How many addresses and names are remembered. No more are added then: an attacker has to fail
/// thousands of times a second to reach this, and the remembered ones stay.
const KEYS_MAX: usize = 50_000;

/// Failures by address and by the name that was tried.
#[derive(Default)]
pub struct Failures(Mutex<BTreeMap<Key, Borne>>);

/// One caller has a whole /64 of IPv6 addresses to choose from; a name has any length.
type Key = (IpAddr, [u8; 32]);

#[derive(Clone, Copy, Debug)]
struct Borne {
    left: f64,
    since: Instant,
}

impl Failures {
    /// Whether a credential of this name is checked; if not, after how many seconds to try again.
    /// Unknown names are treated the same, so that the answers do not reveal which names exist.
    ///
    /// # Errors
    /// When there were too many failures.
    pub fn check(&self, address: IpAddr, name: &str) -> Result<(), u64> {
        self.check_at(address, name, Instant::now())
    }

    /// Takes a failure into account.
    pub fn note(&self, address: IpAddr, name: &str) {
        self.note_at(address, name, Instant::now());
    }

    fn check_at(&self, address: IpAddr, name: &str, now: Instant) -> Result<(), u64> {
        let all = self.0.lock();
        let Some(borne) = all.get(&key(address, name)).map(|borne| borne.at(now)) else {
            return Ok(());
        };
        if borne.left >= 1.0 {
            return Ok(());
        }
        let wait = ONE_MORE_AFTER.mul_f64(1.0 - borne.left);
        Err(wait.as_secs() + 1)
    }

    fn note_at(&self, address: IpAddr, name: &str, now: Instant) {
        let mut all = self.0.lock();
        if all.len() >= KEYS_MAX {
            all.retain(|_, borne| borne.at(now).left < AT_ONCE_MAX);
        }
        let key = key(address, name);
        if all.len() >= KEYS_MAX && !all.contains_key(&key) {
            return;
        }
        let full = Borne {
            left: AT_ONCE_MAX,
            since: now,
        };
        let borne = all.entry(key).or_insert(full);
        *borne = borne.at(now);
        borne.left = (borne.left - 1.0).max(0.0);
    }
}

impl Borne {
    fn at(self, now: Instant) -> Self {
        let waited = now.saturating_duration_since(self.since);
        let earned = waited.as_secs_f64() / ONE_MORE_AFTER.as_secs_f64();
        Self {
            left: (self.left + earned).min(AT_ONCE_MAX),
            since: now,
        }
    }
}

fn key(address: IpAddr, name: &str) -> Key {
    let network = match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
    };
    (network, Sha256::digest(name.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_too_many_failures_the_address_is_refused_unchecked_under_that_name() {
        let (failures, now) = (Failures::default(), Instant::now());
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        for _ in 0..20 {
            assert_eq!(failures.check_at(one, "worker1", now), Ok(()));
            failures.note_at(one, "worker1", now);
        }
        assert!(matches!(failures.check_at(one, "worker1", now), Err(1..=4)));
        // Others behind the same address, and the same elsewhere, have done nothing wrong.
        assert_eq!(failures.check_at(one, "worker2", now), Ok(()));
        assert_eq!(failures.check_at(two, "worker1", now), Ok(()));
        let later = now + ONE_MORE_AFTER;
        assert_eq!(failures.check_at(one, "worker1", later), Ok(()));
        failures.note_at(one, "worker1", later);
        assert!(failures.check_at(one, "worker1", later).is_err());
    }

    #[test]
    fn a_whole_network_of_ipv6_is_one_caller() {
        let (failures, now) = (Failures::default(), Instant::now());
        for number in 0..20 {
            let address = format!("2001:db8::{number:x}").parse().unwrap();
            failures.note_at(address, "worker1", now);
        }
        let another = "2001:db8::ffff".parse().unwrap();
        assert!(failures.check_at(another, "worker1", now).is_err());
    }
}
