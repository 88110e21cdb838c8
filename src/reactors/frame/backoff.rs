//! How long to wait after a failure.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use parking_lot::Mutex;

/// Exponential waits with full jitter: anything between nothing and a bound that doubles, so that
/// many who failed together do not come back together.
#[derive(Debug)]
pub struct Backoff {
    base: Duration,
    max: Duration,
    state: Mutex<u64>,
}

impl Backoff {
    /// Waits of at most `base`, 2 × `base`, 4 × `base`, …, `max`. The same seed gives the same
    /// waits; without one they differ from start to start.
    #[must_use]
    pub fn new(base: Duration, max: Duration, seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        Self {
            base,
            max,
            state: Mutex::new(seed),
        }
    }

    /// The longest wait after failure `failures` in a row, from 1.
    #[must_use]
    pub fn bound(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.max)
    }

    /// A wait after failure `failures` in a row, from 1.
    pub fn wait(&self, failures: u32) -> Duration {
        // The upper 53 bits make a fraction below 1 that a float holds exactly.
        let fraction = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        self.bound(failures).mul_f64(fraction)
    }

    /// SplitMix64: small, even, and good enough to keep callers apart.
    fn next(&self) -> u64 {
        let mut state = self.state.lock();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
