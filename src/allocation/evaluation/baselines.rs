//! Allocators from the literature, as opponents.
//!
//! All of them know a task by its name and variants; one that is new there, by its name alone; and
//! one whose name is new gets what was set by hand. An allocator that falls from the first straight
//! to the last looks up to 8 % worse on a farm where variants change often, which flatters those it
//! is compared with.

use std::collections::BTreeMap;

use super::{Allocator, Grant, Question};
use crate::{Ending, Spec, UsageSample};

/// The default of memory set by hand, in bytes.
const MEMORY_DEFAULT: f64 = 16e9;
/// The default of CPU set by hand, in cores.
const CPU_DEFAULT: f64 = 1.0;

/// Gives what was set by hand.
pub(super) struct Preset;

impl Allocator for Preset {
    fn grant(&self, question: Question<'_>) -> Grant {
        Grant {
            memory: question.preset_memory.unwrap_or(MEMORY_DEFAULT),
            cpu: question.preset_cpu.unwrap_or(CPU_DEFAULT),
        }
    }

    fn learn(&mut self, _: &UsageSample) {}
}

/// A way to choose an amount from what a task has used before.
pub(super) trait Rule {
    fn memory(&self, past: &[PastBuild]) -> f64;
    fn cpu(&self, past: &[PastBuild]) -> f64;
    /// The peak that a build killed at this limit is taken to have had; none when such builds are
    /// not looked at.
    fn killed_at(&self, _limit: f64) -> Option<f64> {
        None
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PastBuild {
    memory: f64,
    /// None for a build that was killed.
    cpu: Option<f64>,
    hours: f64,
    /// When it ended, in days; 0 where that is not known, so that nothing is forgotten.
    day: f64,
}

/// Remembers all builds of every task and applies a rule to them.
pub(super) struct TaskHistory<R> {
    rule: R,
    /// By name and variants.
    tasks: BTreeMap<String, Vec<PastBuild>>,
    /// By name alone.
    packages: BTreeMap<String, Vec<PastBuild>>,
}

impl<R: Rule> TaskHistory<R> {
    pub(super) fn new(rule: R) -> Self {
        Self {
            rule,
            tasks: BTreeMap::new(),
            packages: BTreeMap::new(),
        }
    }
}

/// The name and the variants: version and compiler change less than they would cost in builds per
/// task.
fn task(spec: &Spec) -> String {
    format!("{} {}", spec.name, spec.variants)
}

impl<R: Rule> Allocator for TaskHistory<R> {
    fn grant(&self, question: Question<'_>) -> Grant {
        let of_task = self.tasks.get(&task(question.spec));
        let past = of_task.or_else(|| self.packages.get(&question.spec.name));
        match past {
            Some(past) => Grant {
                memory: self.rule.memory(past),
                cpu: self.rule.cpu(past),
            },
            None => Preset.grant(question),
        }
    }

    fn learn(&mut self, sample: &UsageSample) {
        let (cpu, memory) = match &sample.ending {
            Ending::Success { cpu, memory } => (Some(cpu.mean), memory.max),
            Ending::OutOfMemory { limit, .. } => match self.rule.killed_at(*limit) {
                Some(peak) => (None, peak),
                None => return,
            },
        };
        let seen = PastBuild {
            memory,
            cpu,
            hours: sample.seconds / 3600.0,
            day: sample.ended_at.map_or(0.0, |end| end / 86_400.0),
        };
        let name = sample.spec.name.clone();
        self.tasks.entry(task(&sample.spec)).or_default().push(seen);
        self.packages.entry(name).or_default().push(seen);
    }
}

/// The vertical pod autoscaler of Kubernetes as it is deployed by default: a percentile of a
/// histogram that forgets half within a day, read at the upper end of its bucket, and 15 % more.
/// Its buckets begin at 10 MB and a hundredth of a core. What it does for pods that live long (one
/// peak a day) has no meaning here.
pub(super) struct Vpa {
    pub(super) share: f64,
}

/// How much is added to the percentile.
const VPA_MARGIN: f64 = 1.15;
/// A build that was killed counts as so much more than it had, and at least as so many bytes more.
const VPA_KILLED_FACTOR: f64 = 1.2;
const VPA_KILLED_BYTES: f64 = 104_857_600.0;
/// How much wider every bucket of the histogram is than the one before.
const VPA_GROWTH: f64 = 1.05;

impl Rule for Vpa {
    fn memory(&self, past: &[PastBuild]) -> f64 {
        VPA_MARGIN * self.percentile(past, 1e7, |seen| Some(seen.memory))
    }

    fn cpu(&self, past: &[PastBuild]) -> f64 {
        VPA_MARGIN * self.percentile(past, 0.01, |seen| seen.cpu)
    }

    fn killed_at(&self, limit: f64) -> Option<f64> {
        Some((limit * VPA_KILLED_FACTOR).max(limit + VPA_KILLED_BYTES))
    }
}

impl Vpa {
    fn percentile(
        &self,
        past: &[PastBuild],
        first: f64,
        value: impl Fn(&PastBuild) -> Option<f64>,
    ) -> f64 {
        let newest = past.iter().map(|seen| seen.day).fold(0.0, f64::max);
        let bucket =
            |amount: f64| (amount / first * (VPA_GROWTH - 1.0) + 1.0).log(VPA_GROWTH) as u32;
        let mut weights: BTreeMap<u32, f64> = BTreeMap::new();
        for (seen, amount) in past.iter().filter_map(|seen| Some((seen, value(seen)?))) {
            *weights.entry(bucket(amount)).or_default() += (seen.day - newest).exp2();
        }
        let total: f64 = weights.values().sum();
        let mut below = 0.0;
        let reached = weights.iter().find(|&(_, weight)| {
            below += weight;
            below >= self.share * total - 1e-9
        });
        let top = reached.map_or(0, |(&bucket, _)| bucket);
        first * (VPA_GROWTH.powi(top as i32 + 1) - 1.0) / (VPA_GROWTH - 1.0)
    }
}

/// The 99th percentile of all peaks of a task (Witt and others); CPU by the 95th.
pub(super) struct Witt;

impl Rule for Witt {
    fn memory(&self, past: &[PastBuild]) -> f64 {
        percentile(past.iter().map(|seen| seen.memory), 0.99)
    }

    fn cpu(&self, past: &[PastBuild]) -> f64 {
        percentile(past.iter().filter_map(|seen| seen.cpu), 0.95)
    }
}

/// The first allocation that would have wasted least, were every failure retried with the largest
/// peak (Tovar and others); CPU by the 95th percentile.
pub(super) struct Tovar;

impl Rule for Tovar {
    fn memory(&self, past: &[PastBuild]) -> f64 {
        let mut sorted = past.to_vec();
        sorted.sort_by(|a, b| a.memory.total_cmp(&b.memory));
        let largest = sorted.last().map_or(MEMORY_DEFAULT, |seen| seen.memory);
        let mut hours_above: f64 = sorted.iter().map(|seen| seen.hours).sum();
        let hours = hours_above;
        let mut best = (f64::INFINITY, largest);
        for seen in &sorted {
            hours_above -= seen.hours;
            // What was used is the same for every choice, so holding alone is compared.
            let held = seen.memory * hours + largest * hours_above;
            if held < best.0 {
                best = (held, seen.memory);
            }
        }
        best.1
    }

    fn cpu(&self, past: &[PastBuild]) -> f64 {
        Witt.cpu(past)
    }
}

/// The percentile of a list that is not empty, interpolated between neighbours.
fn percentile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let at = share * (sorted.len().saturating_sub(1)) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * at.fract(),
        _ => MEMORY_DEFAULT,
    }
}
