//! The app's own strategy: many keys from special to general, and what each has been worth.
//!
//! Every build is remembered under ten *levels* of keys, from "exactly this spec" to "this
//! package". For each level, four *statistics* sum up the recent peaks. The distance of the next
//! peak from a statistic is counted in *transfer kernels*, so that the margin is learnt and not
//! chosen. The statistic whose kernel promises the least waste, failures included, answers.
//!
//! Start reading at [`Ladder`]; `level` has the keys, `track` the statistics, `kernels` the counts,
//! `grid` the costs, and `climb` the choice.
//!
//! CPU and memory use the same machinery with different costs: too little memory kills a build, too
//! little CPU slows it.

mod climb;
mod cold;
mod grid;
mod kernels;
mod level;
mod merge;
mod node;
mod predict;
mod reason;
mod resource;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod track;

use crate::key::{Key, KeyMap};
use crate::{Ending, SampleFlaw, UsageSample};

use cold::Cold;
use grid::KERNEL_GRID;
use kernels::{PackageKernels, Place, SharedKernels};
use level::Level;
use node::Node;
use resource::Resource;

pub use merge::MergeError;
pub use predict::LadderEstimate;
pub use reason::{Basis, Bound, LadderReason, NewPackage, Rung, RunnerUp};
pub use settings::{Learning, Policy, PolicyError};
pub use track::Statistic;

/// A millisecond in hours: no build is taken to be shorter.
const HOURS_MIN: f64 = 1.0 / 3_600_000.0;

/// The strategy of the app and what it has learnt.
#[derive(Clone, Debug)]
pub struct Ladder {
    learning: Learning,
    policy: Policy,
    nodes: KeyMap<Node>,
    shared: SharedKernels,
    packages: KeyMap<Package>,
    cold: Cold,
    jobs: Jobs,
    learnt_to: Option<u64>,
}

/// What is known of one package besides its nodes.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Package {
    kernels: PackageKernels,
    /// Its last position in the history.
    touched: u64,
}

/// Sums over all jobs. Integers, so that they do not depend on the order of adding.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Jobs {
    count: u64,
    /// Peak times duration, in bytes times milliseconds.
    byte_milliseconds: u128,
}

impl Jobs {
    fn add(&mut self, bytes: f64, seconds: f64) {
        let milliseconds = (seconds * 1000.0).round().max(1.0) as u128;
        self.count += 1;
        let product = (bytes.round() as u128).saturating_mul(milliseconds);
        self.byte_milliseconds = self.byte_milliseconds.saturating_add(product);
    }

    /// The mean of peak times duration, in byte-hours.
    fn mean_byte_hours(&self) -> f64 {
        self.byte_milliseconds as f64 / 3_600_000.0 / self.count.max(1) as f64
    }
}

impl Ladder {
    /// A strategy without history.
    #[must_use]
    pub fn new(learning: Learning, policy: Policy) -> Self {
        Self {
            learning,
            policy,
            nodes: KeyMap::default(),
            shared: SharedKernels::default(),
            packages: KeyMap::default(),
            cold: Cold::default(),
            jobs: Jobs::default(),
            learnt_to: None,
        }
    }

    /// How many builds it has learnt from, killed ones apart.
    #[must_use]
    pub fn learnt(&self) -> u64 {
        self.jobs.count
    }

    /// How many keys it remembers.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// How many packages it has kernels for.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.packages.len()
    }

    /// Learns one build. Builds of other refs change nothing.
    ///
    /// # Errors
    /// When the sample is flawed; nothing has changed then.
    pub fn learn(&mut self, sample: &UsageSample) -> Result<(), SampleFlaw> {
        sample.check()?;
        if !self.learning.refs.take(&sample.git_ref) {
            return Ok(());
        }
        let heavy = &self.learning.heavy_variants;
        let keys = level::learnt_under(&sample.spec, sample.build_jobs, heavy);
        let hours = (sample.seconds / 3600.0).max(HOURS_MIN);
        match &sample.ending {
            Ending::Success { cpu, memory } => {
                let peak = Resource::Memory.log(memory.max);
                let cores = Resource::Cpu.log(cpu.mean);
                self.count_package(sample, peak, cpu.mean);
                self.count_transfers(sample, &keys, peak, cores);
                self.push(sample, &keys, |node| node.push(peak, cores, hours.log2()));
                self.jobs.add(memory.max, sample.seconds);
            }
            // It has no peak, so it counts in no kernel; the retry will.
            Ending::OutOfMemory { limit, .. } => {
                self.push(sample, &keys, |node| node.push_killed(*limit, hours.log2()));
            }
        }
        self.learnt_to = self.learnt_to.max(Some(sample.position));
        self.forget();
        Ok(())
    }

    fn count_package(&mut self, sample: &UsageSample, peak: f64, cores: f64) {
        let package = level::package(&sample.spec);
        if !self.packages.contains_key(&package) {
            self.cold
                .count(&sample.spec, sample.build_jobs, peak, cores);
        }
        let package = self.packages.entry(package).or_default();
        package.touched = package.touched.max(sample.position);
    }

    /// Counts how far the new values are from what the nodes would have answered before.
    fn count_transfers(
        &mut self,
        sample: &UsageSample,
        keys: &[(&Level, Key)],
        peak: f64,
        cores: f64,
    ) {
        let package = self
            .packages
            .entry(level::package(&sample.spec))
            .or_default();
        for (level, key) in keys {
            let Some(node) = self.nodes.get(key) else {
                continue;
            };
            for (resource, value) in [(Resource::Memory, peak), (Resource::Cpu, cores)] {
                for summary in node.track(resource).summaries() {
                    let place = Place::of(resource, level.index, &summary);
                    let bin = KERNEL_GRID.bin(value - summary.value);
                    self.shared.count(place, bin);
                    package.kernels.count(place, bin);
                }
            }
        }
    }

    fn push(&mut self, sample: &UsageSample, keys: &[(&Level, Key)], push: impl Fn(&mut Node)) {
        for (_, key) in keys {
            let node = self.nodes.entry(*key).or_default();
            push(node);
            node.touched = node.touched.max(sample.position);
        }
    }

    /// Keeps memory bounded whatever names history holds.
    fn forget(&mut self) {
        while self.nodes.len() > self.learning.nodes_max {
            let positions = self.nodes.values().map(|node| node.touched).collect();
            let oldest = oldest_kept(positions);
            self.nodes.retain(|_, node| node.touched > oldest);
        }
        while self.packages.len() > self.learning.packages_max {
            let positions = self.packages.values().map(|it| it.touched).collect();
            let oldest = oldest_kept(positions);
            self.packages.retain(|_, package| package.touched > oldest);
        }
    }
}

/// The position that bounds the longest untouched quarter.
fn oldest_kept(mut positions: Vec<u64>) -> u64 {
    let quarter = positions.len() / 4;
    *positions.select_nth_unstable(quarter).1
}
