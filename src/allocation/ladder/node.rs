//! What is remembered under one key.

use serde::{Deserialize, Serialize};

use super::resource::Resource;
use super::track::Track;

/// What is remembered under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    memory: Track,
    cpu: Track,
    /// Moving average of log2 of hours.
    hours: f32,
    /// The least that a retry must get, in bytes; 0 unless the latest build was killed for memory.
    retry_min: f64,
    /// Its last position in the history.
    pub(super) touched: u64,
}

/// How far above its limit a killed build is taken to have wanted to go.
const KILLED_FACTOR: f64 = 1.25;
/// How much of the limit a retry gets at least.
const RETRY_FACTOR: f64 = 2.0;

impl Node {
    pub(super) fn track(&self, resource: Resource) -> &Track {
        match resource {
            Resource::Memory => &self.memory,
            Resource::Cpu => &self.cpu,
        }
    }

    /// The usual duration, as log2 of hours.
    pub(super) fn hours(&self) -> f64 {
        f64::from(self.hours)
    }

    /// The least that the next attempt must get, in bytes.
    pub(super) fn retry_min(&self) -> f64 {
        self.retry_min
    }

    /// Remembers a build that succeeded. All values are log2: bytes, cores, hours.
    pub(super) fn push(&mut self, memory: f64, cpu: f64, hours: f64) {
        let n = self.memory.seen();
        let weight = (1.0 / (f64::from(n) + 1.0)).max(0.25);
        self.hours += ((hours - f64::from(self.hours)) * weight) as f32;
        self.memory.push(memory as f32);
        self.cpu.push(cpu as f32);
        self.retry_min = 0.0;
    }

    /// Remembers a build that was killed at a memory limit, in bytes. It has no information about
    /// CPU.
    pub(super) fn push_killed(&mut self, limit: f64, hours: f64) {
        if self.memory.seen() == 0 {
            self.hours = hours as f32;
        }
        self.memory
            .push_high(Resource::Memory.log(KILLED_FACTOR * limit) as f32);
        self.retry_min = self.retry_min.max(RETRY_FACTOR * limit);
    }
}
