//! What an allocator has cost.

use serde::{Deserialize, Serialize};

use super::Grant;
use crate::{Ending, UsageSample};

/// What an allocator has cost over a history. Scores of several histories add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many builds were scored.
    pub jobs: u64,
    /// How many of them were killed for memory at least once.
    pub failed_jobs: u64,
    /// How many attempts there were.
    pub attempts: u64,
    /// How many builds were killed for memory in life. What they needed is not known, so they are
    /// no jobs here.
    pub killed: u64,
    /// How many of those would have been killed here as well, because no more was granted than in
    /// life.
    pub killed_too: u64,
    /// Peak times duration, in byte-hours.
    pub memory_used: f64,
    /// What was held above that, failed attempts included, in byte-hours.
    pub memory_wasted: f64,
    pub cpu: CpuScore,
}

/// What an allocator has cost in CPU, in core-hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuScore {
    pub requested: f64,
    pub used: f64,
    /// What was used above the request.
    pub throttled: f64,
}

impl Score {
    /// Adds one build that was granted so much: attempts double until they hold the peak. A failed
    /// attempt wastes all it held for as long as the build takes. Of a build that was killed in
    /// life only the least is known that it would have wasted.
    pub fn add_build(&mut self, grant: Grant, sample: &UsageSample) {
        let hours = sample.seconds / 3600.0;
        let (cpu, memory) = match &sample.ending {
            Ending::Success { cpu, memory } => (cpu, memory),
            Ending::OutOfMemory { limit, .. } => return self.add_killed(grant, *limit, hours),
        };
        let mut held = 0.0;
        let mut attempt = grant.memory.max(1.0);
        let mut attempts = 1;
        while attempt < memory.max {
            held += attempt;
            attempt *= 2.0;
            attempts += 1;
        }
        held += attempt;
        self.jobs += 1;
        self.failed_jobs += u64::from(attempts > 1);
        self.attempts += attempts;
        self.memory_used += memory.max * hours;
        self.memory_wasted += (held - memory.max) * hours;
        self.cpu.requested += grant.cpu * hours;
        self.cpu.used += cpu.mean * hours;
        self.cpu.throttled += (cpu.mean - grant.cpu).max(0.0) * hours;
    }

    /// Every attempt with no more than the limit is killed as well, after as long.
    fn add_killed(&mut self, grant: Grant, limit: f64, hours: f64) {
        let mut attempt = grant.memory.max(1.0);
        self.killed += 1;
        self.killed_too += u64::from(attempt <= limit);
        while attempt <= limit {
            self.memory_wasted += attempt * hours;
            attempt *= 2.0;
        }
    }

    /// Adds the score of another history.
    pub fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.failed_jobs += other.failed_jobs;
        self.attempts += other.attempts;
        self.killed += other.killed;
        self.killed_too += other.killed_too;
        self.memory_used += other.memory_used;
        self.memory_wasted += other.memory_wasted;
        self.cpu.requested += other.cpu.requested;
        self.cpu.used += other.cpu.used;
        self.cpu.throttled += other.cpu.throttled;
    }

    /// Waste per use: lower is better.
    #[must_use]
    pub fn waste_per_use(&self) -> f64 {
        share(self.memory_wasted, self.memory_used)
    }

    /// The share of builds that were killed at least once.
    #[must_use]
    pub fn failed_share(&self) -> f64 {
        share(self.failed_jobs as f64, self.jobs as f64)
    }

    /// Attempts per build.
    #[must_use]
    pub fn attempts_per_job(&self) -> f64 {
        share(self.attempts as f64, self.jobs as f64)
    }

    /// Use per use and waste (memory allocation quality): higher is better.
    #[must_use]
    pub fn memory_utilisation(&self) -> f64 {
        share(self.memory_used, self.memory_used + self.memory_wasted)
    }
}

impl CpuScore {
    /// Which share of the request was used.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        share(self.used - self.throttled, self.requested)
    }

    /// Which share of the use lay above the request.
    #[must_use]
    pub fn throttled_share(&self) -> f64 {
        share(self.throttled, self.used)
    }

    /// Idle and twice throttled, per use: lower is better.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let idle = self.requested - (self.used - self.throttled);
        share(idle + 2.0 * self.throttled, self.used)
    }
}

/// Zero of nothing is nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
