//! The clock that counts from the machine's boot: it cannot be set, and survives a restart of this
//! process.

use std::fs::read_to_string;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time on the clock that counts from the boot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    pub id: String,
    /// Seconds since then.
    pub seconds: f64,
}

impl Boot {
    /// Now; none on a machine without such a clock.
    #[must_use]
    pub fn now() -> Option<Self> {
        // Small files of the kernel's, answered from memory.
        let id = read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let uptime = read_to_string("/proc/uptime").ok()?;
        let seconds = uptime.split_whitespace().next()?.parse().ok()?;
        let id = id.trim().to_owned();
        Some(Self { id, seconds })
    }

    /// How much has passed since another time; none when that is not known.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Option<Duration> {
        let passed = self.seconds - earlier.seconds;
        let is_same = self.id == earlier.id;
        Duration::try_from_secs_f64(passed).ok().filter(|_| is_same)
    }
}
