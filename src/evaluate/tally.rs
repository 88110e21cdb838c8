//! What one allocator has cost over a history, and where.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use allocation::UsageSample;
use allocation::evaluation::Score;

/// How many builds are kept to be drawn, at the most.
const DOTS_MAX: usize = 600;

/// What one allocator has cost.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) name: String,
    pub(crate) score: Score,
    /// Core-hours that were requested, failed attempts included.
    pub(crate) core_hours: f64,
    /// The sums by package.
    pub(crate) packages: BTreeMap<String, Score>,
    /// Some builds.
    pub(crate) dots: Dots,
}

/// One build: what it used and what it was given first, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) used: f64,
    pub(crate) given: f64,
}

/// Every n-th build, with n so large that they are few.
#[derive(Clone, Debug)]
pub(crate) struct Dots {
    dots: Vec<Dot>,
    seen: u64,
    every: u64,
}

impl Tally {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            score: Score::default(),
            core_hours: 0.0,
            packages: BTreeMap::new(),
            dots: Dots::default(),
        }
    }

    pub(crate) fn add_build(&mut self, sample: &UsageSample, cost: &Score) {
        self.score.add(cost);
        self.core_hours += cost.cpu.requested * cost.attempts as f64;
        match self.packages.get_mut(&sample.spec.name) {
            Some(package) => package.add(cost),
            None => {
                self.packages.insert(sample.spec.name.clone(), *cost);
            }
        }
        let Some((_, memory)) = sample.usage() else {
            return;
        };
        // Attempts double, so that all of them together held the first 2^n - 1 times.
        let held = (cost.memory_used + cost.memory_wasted) / (sample.seconds / 3600.0);
        self.dots.add(Dot {
            used: memory.max,
            given: held / ((cost.attempts as f64).exp2() - 1.0),
        });
    }

    /// Adds what it has cost over another history.
    pub(crate) fn add(&mut self, other: &Self) {
        self.score.add(&other.score);
        self.core_hours += other.core_hours;
        for (name, score) in &other.packages {
            self.packages.entry(name.clone()).or_default().add(score);
        }
        self.dots.append(&other.dots);
    }
}

impl Default for Dots {
    fn default() -> Self {
        Self {
            dots: Vec::new(),
            seen: 0,
            every: 1,
        }
    }
}

impl Dots {
    /// The kept builds, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Dot> {
        self.dots.iter()
    }

    fn add(&mut self, dot: Dot) {
        if self.seen.is_multiple_of(self.every) {
            self.dots.push(dot);
        }
        self.seen += 1;
        if self.dots.len() > DOTS_MAX {
            self.thin();
        }
    }

    /// Each of both histories counts as much as it has builds.
    fn append(&mut self, other: &Self) {
        let mut other = other.clone();
        while other.every < self.every {
            other.thin();
        }
        while self.every < other.every {
            self.thin();
        }
        self.dots.extend(other.dots);
        self.seen += other.seen;
        while self.dots.len() > DOTS_MAX {
            self.thin();
        }
    }

    fn thin(&mut self) {
        let mut keep = false;
        self.dots.retain(|_| {
            keep = !keep;
            keep
        });
        self.every *= 2;
    }
}
