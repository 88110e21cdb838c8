//! What new packages have needed, for packages without builds.

use serde::{Deserialize, Serialize};

use super::grid::{COLD_BINS, COLD_GRID};
use crate::key::{Key, KeyFields, KeyMap};
use crate::{Spec, VariantValue};

/// How many packages a more general histogram weighs against those of a more special one.
const PRIOR_WEIGHT: f64 = 8.0;
/// Before any package is known, the centre of the peaks in octaves…
const PRIOR_CENTRE: f64 = 29.5;
/// …give or take this much.
const PRIOR_DEVIATION: f64 = 2.5;
/// The most histograms that are kept. Names come from outside; later kinds are not counted apart.
const HISTOGRAMS_MAX: usize = 8192;
/// What a package is taken to need before any is known, in cores.
const CPU_DEFAULT: f64 = 1.0;

/// Histograms of the first peak of every package, by what is known of a package before it is built.
#[derive(Clone, Debug, Default)]
pub(super) struct Cold {
    histograms: KeyMap<ColdCounts>,
    packages: u64,
    /// In thousandths of a core, so that the sum does not depend on its order.
    cpu: u64,
}

/// Counts by bin; as a list, since arrays of this length do not serialise.
type ColdCounts = Vec<u32>;

/// The histograms as snapshots hold them.
#[derive(Serialize, Deserialize)]
pub(super) struct ColdState {
    histograms: Vec<(Key, ColdCounts)>,
    packages: u64,
    cpu: u64,
}

impl Cold {
    /// Counts the first build of a package.
    pub(super) fn count(
        &mut self,
        spec: &Spec,
        build_jobs: Option<u32>,
        memory_log: f64,
        cores: f64,
    ) {
        self.packages += 1;
        self.cpu = self.cpu.saturating_add((cores * 1000.0).round() as u64);
        let bin = COLD_GRID.bin(memory_log);
        let mut keys = vec![everything(), like(spec, None)];
        if build_jobs.is_some() {
            keys.extend([with_jobs(build_jobs), like(spec, build_jobs)]);
        }
        for key in keys {
            if self.histograms.len() < HISTOGRAMS_MAX || self.histograms.contains_key(&key) {
                let counts = self.histograms.entry(key).or_insert_with(empty);
                counts[bin] = counts[bin].saturating_add(1);
            }
        }
    }

    /// The chances of every bin for a package without builds.
    pub(super) fn blend(&self, spec: &Spec, build_jobs: Option<u32>) -> [f64; COLD_BINS] {
        let mut chances = prior();
        let special = like(spec, build_jobs);
        let chain = match build_jobs {
            Some(_) => vec![everything(), with_jobs(build_jobs), special],
            None => vec![everything(), special],
        };
        for key in chain {
            if let Some(counts) = self.histograms.get(&key) {
                let total: u64 = counts.iter().map(|&it| u64::from(it)).sum();
                let scale = 1.0 / (total as f64 + PRIOR_WEIGHT);
                for (chance, &count) in chances.iter_mut().zip(counts) {
                    *chance = (f64::from(count) + PRIOR_WEIGHT * *chance) * scale;
                }
            }
        }
        chances
    }

    /// How many packages have been counted.
    pub(super) fn packages(&self) -> u64 {
        self.packages
    }

    /// What an average package used in its first build, in cores.
    pub(super) fn mean_cores(&self) -> f64 {
        match self.packages {
            0 => CPU_DEFAULT,
            packages => self.cpu as f64 / 1000.0 / packages as f64,
        }
    }

    /// Adds the counts of another shard.
    pub(super) fn merge(&mut self, other: &Self) {
        self.packages += other.packages;
        self.cpu = self.cpu.saturating_add(other.cpu);
        for (key, counts) in other.sorted() {
            let own = self.histograms.entry(key).or_insert_with(empty);
            for (own, count) in own.iter_mut().zip(counts) {
                *own = own.saturating_add(count);
            }
        }
    }

    pub(super) fn to_state(&self) -> ColdState {
        ColdState {
            histograms: self.sorted(),
            packages: self.packages,
            cpu: self.cpu,
        }
    }

    /// Nothing if a histogram has the wrong number of bins.
    pub(super) fn from_state(state: ColdState) -> Option<Self> {
        let sound = state
            .histograms
            .iter()
            .all(|(_, counts)| counts.len() == COLD_BINS);
        sound.then(|| Self {
            histograms: state.histograms.into_iter().collect(),
            packages: state.packages,
            cpu: state.cpu,
        })
    }

    fn sorted(&self) -> Vec<(Key, ColdCounts)> {
        let mut histograms: Vec<_> = self.histograms.clone().into_iter().collect();
        histograms.sort_unstable_by_key(|&(key, _)| key);
        histograms
    }
}

fn empty() -> ColdCounts {
    vec![0; COLD_BINS]
}

fn prior() -> [f64; COLD_BINS] {
    let mut prior: [f64; COLD_BINS] = std::array::from_fn(|bin| {
        let deviations = (COLD_GRID.centre(bin) - PRIOR_CENTRE) / PRIOR_DEVIATION;
        (-0.5 * deviations * deviations).exp()
    });
    let total: f64 = prior.iter().sum();
    for chance in &mut prior {
        *chance /= total;
    }
    prior
}

fn everything() -> Key {
    KeyFields::of_kind(0).key()
}

fn with_jobs(build_jobs: Option<u32>) -> Key {
    KeyFields::of_kind(1)
        .number(build_jobs.unwrap_or_default())
        .key()
}

/// Packages whose names begin alike and that are built alike.
fn like(spec: &Spec, build_jobs: Option<u32>) -> Key {
    let build_system = match spec.variants.get("build_system") {
        Some(VariantValue::Text(text)) => text.as_str(),
        _ => "",
    };
    KeyFields::of_kind(2)
        .text(name_prefix(&spec.name))
        .text(build_system)
        .number(build_jobs.unwrap_or_default())
        .key()
}

/// `py` of `py-numpy`, `lib` of `libpng`, nothing of `emacs`.
fn name_prefix(name: &str) -> &str {
    match name.split_once(['-', '_']) {
        Some((prefix, _)) => prefix,
        None if name.starts_with("lib") => "lib",
        None => "",
    }
}
