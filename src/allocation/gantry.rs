//! The strategy of Gantry: the mean of the five newest builds that resemble the requested one.
//!
//! The answers are those of the released service, number for number. The cost is not: the service
//! searches its history twelve times per question, and here every build is filed under its twelve
//! keys when it is learnt, so that a question is at most twelve look-ups however long the history
//! is.

mod bucket;
mod keys;
mod raises;
mod reason;
mod records;
mod state;
#[cfg(test)]
mod tests;

use crate::key::KeyMap;
use crate::{Answer, Ending, Megabytes, Millicores, Reason, Refs, SampleFlaw, Spec, UsageSample};

use bucket::{Bucket, SAMPLE_MIN};
use keys::Lately;
use raises::Raises;
use records::{Record, Records};

pub use keys::{EXPENSIVE_VARIANTS, VariantMatch};
pub use reason::{GantryMatch, GantryReason, GantrySample};

/// Below this many cores a mean is taken for a measuring error.
const CPU_MIN: f64 = 0.2;
/// Below this many bytes a mean is taken for a measuring error.
const MEMORY_MIN: f64 = 10_000_000.0;
const CPU_DEFAULT: f64 = 1.0;
const MEMORY_DEFAULT: f64 = 2_000_000_000.0;
const CPU_LIMIT_DEFAULT: f64 = 5.0;
const MEMORY_LIMIT_DEFAULT: f64 = 5_000_000_000.0;
/// The memory limit as a multiple of the highest peak of the sample.
const MEMORY_LIMIT_FACTOR: f64 = 1.2;

/// The strategy of Gantry and what it has learnt.
#[derive(Clone, Debug)]
pub struct Gantry {
    refs: Refs,
    learnt: u64,
    buckets: KeyMap<Bucket>,
    records: Records,
    raises: Raises,
    lately: Lately,
}

/// What Gantry's arithmetic gives, before anything is rounded for Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GantryEstimate {
    /// In cores.
    pub cpu: f64,
    /// In bytes.
    pub memory: f64,
    /// In cores.
    pub cpu_limit: f64,
    /// In bytes.
    pub memory_limit: f64,
}

impl Gantry {
    /// A strategy without history that will learn from `refs`.
    #[must_use]
    pub fn new(refs: Refs) -> Self {
        Self {
            refs,
            learnt: 0,
            buckets: KeyMap::default(),
            records: Records::default(),
            raises: Raises::default(),
            lately: Lately::default(),
        }
    }

    /// How many builds it has learnt from.
    #[must_use]
    pub fn learnt(&self) -> u64 {
        self.learnt
    }

    /// Files one build. Builds of other refs change nothing, and neither do kills that Gantry
    /// itself has answered to: its answers from an imported history are the same as before. Any
    /// other kill raises the next answers.
    ///
    /// # Errors
    /// When the sample is flawed; nothing has changed then.
    pub fn learn(&mut self, sample: &UsageSample) -> Result<(), SampleFlaw> {
        sample.check()?;
        if !self.refs.take(&sample.git_ref) {
            return Ok(());
        }
        let (cpu, memory) = match &sample.ending {
            Ending::Success { cpu, memory } => (cpu, memory),
            Ending::OutOfMemory { imported: true, .. } => return Ok(()),
            Ending::OutOfMemory { limit, .. } => {
                self.raises.killed(&sample.spec, *limit);
                return Ok(());
            }
        };
        self.raises.succeeded(&sample.spec, memory.max);
        let id = self.records.add(Record {
            // Builds without an end are older than all others and keep the order of history.
            ended_at: sample.ended_at.unwrap_or(f64::NEG_INFINITY),
            cpu_mean: cpu.mean,
            cpu_max: cpu.max,
            memory_mean: memory.mean,
            memory_max: memory.max,
            position: sample.position,
            sequence: self.learnt,
        });
        self.learnt += 1;
        let keys = self.lately.filed_under(&sample.spec);
        for key in keys.into_iter().flatten() {
            let bucket = self.buckets.entry(key).or_default();
            bucket.file(id, &mut self.records);
        }
        self.records.drop_if_unused(id);
        Ok(())
    }

    /// Answers from the first set of builds that is large enough, or with the defaults.
    #[must_use]
    pub fn answer(&self, spec: &Spec) -> Answer {
        let (estimate, reason) = self.estimate(spec);
        let cpu = Millicores::nearest(estimate.cpu);
        Answer {
            cpu,
            memory: Megabytes::nearest(estimate.memory),
            cpu_limit: Some(Millicores::nearest(estimate.cpu_limit)),
            memory_limit: Some(Megabytes::nearest(estimate.memory_limit)),
            build_jobs: Some((estimate.cpu.round_ties_even() as u32).max(1)),
            reason: Reason::Gantry(reason),
        }
    }

    /// The answer before it is rounded, and where it comes from.
    #[must_use]
    pub fn estimate(&self, spec: &Spec) -> (GantryEstimate, GantryReason) {
        let (mut estimate, mut reason) = self.estimate_from_sample(spec);
        if let Some(least) = self.raises.of(spec) {
            reason.raised_to = (estimate.memory < least).then_some(least);
            estimate.memory = estimate.memory.max(least);
            estimate.memory_limit = estimate.memory_limit.max(least);
        }
        (estimate, reason)
    }

    fn estimate_from_sample(&self, spec: &Spec) -> (GantryEstimate, GantryReason) {
        let Some((matched, bucket)) = self.find(spec) else {
            return (defaults(), GantryReason::nothing_matched());
        };
        let sample: Vec<&Record> = bucket.newest().map(|id| self.records.get(id)).collect();
        let reason = GantryReason {
            matched: Some(matched),
            seen: bucket.seen(),
            sample: sample.iter().map(|record| record.explained()).collect(),
            raised_to: None,
        };
        (estimate(&sample), reason)
    }

    fn find(&self, spec: &Spec) -> Option<(GantryMatch, &Bucket)> {
        keys::asked_under(spec).find_map(|(matched, key)| {
            let bucket = self.buckets.get(&key)?;
            (bucket.newest().count() >= SAMPLE_MIN).then_some((matched, bucket))
        })
    }
}

fn defaults() -> GantryEstimate {
    GantryEstimate {
        cpu: CPU_DEFAULT,
        memory: MEMORY_DEFAULT,
        cpu_limit: CPU_LIMIT_DEFAULT,
        memory_limit: MEMORY_LIMIT_DEFAULT,
    }
}

fn estimate(sample: &[&Record]) -> GantryEstimate {
    // The sum runs from newest to oldest, as the service adds: halves round differently otherwise.
    let mean = |value: fn(&Record) -> f64| {
        sample.iter().map(|record| value(record)).sum::<f64>() / sample.len() as f64
    };
    let cpu = mean(|record| record.cpu_mean);
    let memory = mean(|record| record.memory_mean);
    let peak = sample
        .iter()
        .map(|record| record.memory_max)
        .fold(0.0, f64::max);
    GantryEstimate {
        cpu: if cpu < CPU_MIN { CPU_DEFAULT } else { cpu },
        memory: if memory < MEMORY_MIN {
            MEMORY_DEFAULT
        } else {
            memory
        },
        cpu_limit: mean(|record| record.cpu_max),
        memory_limit: MEMORY_LIMIT_FACTOR * peak,
    }
}
