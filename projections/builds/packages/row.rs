//! What is known of one package.

use std::collections::VecDeque;

use domain::builds::build::{OutOfMemory, UsageRecorded};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use crate::engine::Envelope;
use crate::engine::stored::time;

/// How many versions are remembered, those that were built last.
const VERSIONS_MAX: usize = 8;

/// How many peaks are remembered for the trend: the newer half is compared with the older half.
const PEAKS_MAX: usize = 16;

/// What is known of one package. CPU in cores, memory in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackageRow {
    pub name: String,
    /// How many builds of it have a usage record.
    pub builds: u64,
    /// How many were killed because they needed more memory than they were allowed.
    pub out_of_memory: u64,
    /// The most memory that any build used, or was killed at.
    pub memory_peak: f64,
    /// The most cores that any build used.
    pub cpu_peak: f64,
    /// The largest memory samples of its builds.
    pub memory_max: Histogram,
    /// The mean cores of its builds.
    pub cpu_mean: Histogram,
    /// How long its builds ran, in seconds.
    pub duration: Histogram,
    /// What was requested and used.
    pub waste: Waste,
    /// The versions that were built last, the newest first.
    pub versions: Vec<VersionSeen>,
    /// The last peaks, the newest last.
    peaks: VecDeque<f64>,
    /// When the first build of it ended that is known here.
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// When the latest build of it ended.
    #[serde(with = "time")]
    pub last_at: Timestamp,
    /// The last event about it.
    pub position: Position,
}

/// What was requested and not used, and the other way round, summed over builds that had a request.
///
/// GB are 1 000 000 000 bytes, hours are those that the build ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waste {
    /// Σ max(0, memory request − largest memory sample) · hours, in GB·h.
    pub memory_unused: f64,
    /// Σ max(0, largest memory sample − memory request) · hours, in GB·h: what others had to spare.
    pub memory_over: f64,
    /// Σ mean memory · hours, in GB·h.
    pub memory_used: f64,
    /// Σ max(0, CPU request − mean cores) · hours, in core hours.
    pub cpu_unused: f64,
    /// Σ max(0, mean cores − CPU request) · hours, in core hours.
    pub cpu_over: f64,
    /// Σ mean cores · hours, in core hours.
    pub cpu_used: f64,
    /// Σ memory request · hours of killed builds, in GB·h: all of it was for nothing.
    pub memory_killed: f64,
}

/// A version that was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSeen {
    pub version: String,
    /// When the latest build of it ended.
    #[serde(with = "time")]
    pub last_at: Timestamp,
}

impl PackageRow {
    pub(crate) fn begin(name: &str, at: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            builds: 0,
            out_of_memory: 0,
            memory_peak: 0.0,
            cpu_peak: 0.0,
            memory_max: Histogram::default(),
            cpu_mean: Histogram::default(),
            duration: Histogram::default(),
            waste: Waste::default(),
            versions: Vec::new(),
            peaks: VecDeque::new(),
            first_at: at,
            last_at: at,
            position: Position::START,
        }
    }

    pub(crate) fn take_usage(&mut self, usage: &UsageRecorded, envelope: &Envelope<'_>) {
        self.builds += 1;
        let seconds = usage
            .finished_at
            .duration_since(usage.started_at)
            .as_secs_f64();
        self.memory_peak = self.memory_peak.max(usage.memory.max);
        self.cpu_peak = self.cpu_peak.max(usage.cpu.max);
        self.memory_max.add(usage.memory.max);
        self.cpu_mean.add(usage.cpu.mean);
        self.duration.add(seconds);
        self.waste.take(usage, seconds.max(0.0) / 3600.0);
        self.take_peak(usage.memory.max);
        self.take_version(&usage.spec.version, usage.finished_at, envelope);
    }

    pub(crate) fn take_kill(&mut self, killed: &OutOfMemory, envelope: &Envelope<'_>) {
        self.out_of_memory += 1;
        let seconds = killed
            .finished_at
            .duration_since(killed.started_at)
            .as_secs_f64();
        let request = killed.memory_request.unwrap_or(0.0);
        self.waste.memory_killed += request / 1e9 * seconds.max(0.0) / 3600.0;
        // It needed at least that much.
        self.memory_peak = self.memory_peak.max(killed.memory_limit);
        self.take_version(&killed.spec.version, killed.finished_at, envelope);
    }

    /// How much more the newest eight builds needed at their peaks than the eight before, as a share: 0.1 is
    /// ten percent more. None before there are four of each.
    #[must_use]
    pub fn trend(&self) -> Option<f64> {
        let newer_count = (self.peaks.len() / 2).min(PEAKS_MAX / 2);
        if newer_count < 4 {
            return None;
        }
        let mean =
            |peaks: &mut dyn Iterator<Item = &f64>, count: usize| peaks.sum::<f64>() / count as f64;
        let older_count = self.peaks.len() - newer_count;
        let older = mean(&mut self.peaks.iter().take(older_count), older_count);
        let newer = mean(&mut self.peaks.iter().skip(older_count), newer_count);
        Some(newer / older - 1.0)
    }

    fn take_peak(&mut self, peak: f64) {
        if peak.is_finite() && peak > 0.0 {
            self.peaks.push_back(peak);
        }
        if self.peaks.len() > PEAKS_MAX {
            self.peaks.pop_front();
        }
    }

    fn take_version(&mut self, version: &str, at: Timestamp, envelope: &Envelope<'_>) {
        let known = self
            .versions
            .iter()
            .position(|known| known.version == version);
        let last_at = known.map_or(at, |index| self.versions.remove(index).last_at.max(at));
        let version = version.to_owned();
        self.versions.insert(0, VersionSeen { version, last_at });
        self.versions.truncate(VERSIONS_MAX);
        self.first_at = self.first_at.min(at);
        self.last_at = self.last_at.max(at);
        self.position = envelope.position;
    }
}

impl Waste {
    fn take(&mut self, usage: &UsageRecorded, hours: f64) {
        let (memory, cpu) = (&usage.memory, &usage.cpu);
        self.memory_used += memory.mean / 1e9 * hours;
        self.cpu_used += cpu.mean * hours;
        if let Some(request) = memory.request {
            self.memory_unused += (request - memory.max).max(0.0) / 1e9 * hours;
            self.memory_over += (memory.max - request).max(0.0) / 1e9 * hours;
        }
        if let Some(request) = cpu.request {
            self.cpu_unused += (request - cpu.mean).max(0.0) * hours;
            self.cpu_over += (cpu.mean - request).max(0.0) * hours;
        }
    }
}
