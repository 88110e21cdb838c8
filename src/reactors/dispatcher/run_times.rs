//! For how long runs have been executed.
//!
//! Measured while this process is awake, from when it first saw a run executed; what the clock on
//! the wall shows plays no part. Across a restart it goes on from what was kept: what was measured
//! before, and what has passed since on the clock of the machine that counts from its boot. Without
//! such evidence a run has the time until then for free.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::boot::Boot;

/// A run as it is executed since some start: a run that is started again is another.
pub type Start = (u64, Timestamp);

/// For how long runs have been executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTimes {
    times: BTreeMap<Start, Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    /// Before this process saw it.
    before: Duration,
    /// When this process saw it.
    seen: Duration,
}

/// What is kept of it for the next start of this process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// When that was, by the clock that counts from the boot.
    pub boot: Option<Boot>,
    /// The runs, when their start was received, and for how many seconds they have been executed.
    pub runs: Vec<(u64, Timestamp, f64)>,
}

impl RunTimes {
    /// Goes on from what was kept.
    #[must_use]
    pub fn resume(kept: &Kept, boot: Option<&Boot>, awake: Duration) -> Self {
        let since = kept.boot.as_ref().zip(boot);
        let passed = since.and_then(|(before, now)| now.since(before));
        let passed = passed.unwrap_or_default();
        let times = kept.runs.iter().map(|(run, start, seconds)| {
            let before = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
            let time = Time {
                before: before.saturating_add(passed),
                seen: awake,
            };
            ((*run, *start), time)
        });
        Self {
            times: times.collect(),
        }
    }

    /// Takes note of all runs that are executed now; others are forgotten.
    pub fn see(&mut self, executed: &[Start], awake: Duration) {
        let mut before = std::mem::take(&mut self.times);
        for start in executed {
            let first = Time {
                before: Duration::ZERO,
                seen: awake,
            };
            let time = before.remove(start).unwrap_or(first);
            self.times.insert(*start, time);
        }
    }

    /// For how long a run has been executed.
    #[must_use]
    pub fn of(&self, start: Start, awake: Duration) -> Duration {
        let time = self.times.get(&start);
        let time = time.map(|time| {
            let seen = awake.saturating_sub(time.seen);
            time.before.saturating_add(seen)
        });
        time.unwrap_or_default()
    }

    /// What is to be kept.
    #[must_use]
    pub fn keep(&self, boot: Option<Boot>, awake: Duration) -> Kept {
        let starts = self.times.keys();
        let runs = starts.map(|(run, at)| (*run, *at, self.of((*run, *at), awake).as_secs_f64()));
        Kept {
            boot,
            runs: runs.collect(),
        }
    }

    /// The runs that are executed.
    pub fn starts(&self) -> impl Iterator<Item = Start> {
        self.times.keys().copied()
    }

    /// Whether no run is executed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

#[cfg(test)]
mod tests;
