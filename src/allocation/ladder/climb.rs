//! The search for the statistic that promises the least waste.

use super::grid::{Cut, KERNEL_BINS, KERNEL_GRID};
use super::kernels::{PackageKernels, Place};
use super::level::Level;
use super::node::Node;
use super::reason::{Basis, Rung, RunnerUp};
use super::resource::Resource;
use super::track::Summary;
use super::{Ladder, Policy};
use crate::key::Key;

/// How much relative waste a more special level may cost more, per level.
const LEVEL_PRICE: f64 = 0.02;
/// How fast the weight of a statistic in a mixture falls with its score.
const MIXTURE_SHARPNESS: f64 = 5.0;

/// The interface of every rung.
#[derive(Clone, Copy)]
pub(super) struct Climb<'a> {
    pub(super) ladder: &'a Ladder,
    pub(super) policy: &'a Policy,
    /// The kernels of the package, if it has any.
    pub(super) own: Option<&'a PackageKernels>,
    pub(super) resource: Resource,
}

/// A statistic of a node that could answer.
struct Candidate<'a> {
    level: &'static Level,
    node: &'a Node,
    summary: Summary,
    cut: Cut,
    /// The larger, the worse.
    score: f64,
    amount: f64,
}

impl<'a> Climb<'a> {
    /// The amount of the best statistic of all nodes that the question has.
    pub(super) fn best(self, keys: &[(&'static Level, Key)]) -> Option<(f64, Basis)> {
        let mut candidates: Vec<Candidate<'_>> = Vec::with_capacity(32);
        for (level, key) in keys {
            let Some(node) = self.ladder.nodes.get(key) else {
                continue;
            };
            for summary in node.track(self.resource).summaries() {
                candidates.push(self.candidate(level, node, summary));
            }
        }
        // The earlier, and so the more special one, wins a tie.
        candidates.sort_by(|a, b| a.score.total_cmp(&b.score));
        let best = candidates.first()?;
        let mixed = match self.resource {
            Resource::Memory => usize::from(self.policy.mixed).clamp(1, candidates.len()),
            Resource::Cpu => 1,
        };
        let (chances, cut) = if mixed == 1 {
            (self.chances(best), best.cut)
        } else {
            let chances = self.mixture(&candidates[..mixed]);
            (chances, self.cut(best.node, &best.summary, &chances))
        };
        let amount = self.amount(&best.summary, cut);
        let rung = rung(best, self.resource, mixed, &chances, cut, amount);
        let rung = Rung {
            runner_up: candidates.get(1).map(|second| RunnerUp {
                level: second.level.rank,
                fields: second.level.fields,
                statistic: second.summary.statistic,
                amount: second.amount,
                score: second.score,
            }),
            ..rung
        };
        Some((amount, Basis::Rung(rung)))
    }

    fn candidate(self, level: &'static Level, node: &'a Node, summary: Summary) -> Candidate<'a> {
        let place = Place::of(self.resource, level.index, &summary);
        let cut = self.cut(node, &summary, &self.ladder.shared.blend(place, self.own));
        Candidate {
            level,
            node,
            summary,
            cut,
            score: cut.waste + LEVEL_PRICE * level.rank as f64,
            amount: self.amount(&summary, cut),
        }
    }

    fn chances(self, candidate: &Candidate<'_>) -> [f64; KERNEL_BINS] {
        let place = Place::of(self.resource, candidate.level.index, &candidate.summary);
        self.ladder.shared.blend(place, self.own)
    }

    /// The mixed distribution of several statistics, around the value of the first.
    fn mixture(self, candidates: &[Candidate<'_>]) -> [f64; KERNEL_BINS] {
        let best = &candidates[0];
        let weight = |it: &Candidate<'_>| (MIXTURE_SHARPNESS * (best.score - it.score)).exp();
        let total: f64 = candidates.iter().map(weight).sum();
        let mut mixture = [0.0; KERNEL_BINS];
        for candidate in candidates {
            let higher = candidate.summary.value - best.summary.value;
            let share = weight(candidate) / total;
            KERNEL_GRID.add_shifted(&mut mixture, &self.chances(candidate), higher, share);
        }
        mixture
    }

    fn cut(self, node: &Node, summary: &Summary, chances: &[f64; KERNEL_BINS]) -> Cut {
        match self.resource {
            Resource::Memory => {
                let job = (summary.value + node.hours()).exp2();
                let jobs = self.ladder.jobs.mean_byte_hours() / job;
                let failure = self.policy.failure_price * jobs;
                KERNEL_GRID.cut_doubling(chances, failure, self.policy.failure_chance_max)
            }
            Resource::Cpu => KERNEL_GRID.cut_throttling(chances),
        }
    }

    fn amount(self, summary: &Summary, cut: Cut) -> f64 {
        let raise = match self.resource {
            Resource::Memory => KERNEL_GRID.upper(cut.bin),
            // A little too much and a little too little cost nearly the same.
            Resource::Cpu => KERNEL_GRID.centre(cut.bin),
        };
        (summary.value + raise).exp2()
    }
}

fn rung(
    best: &Candidate<'_>,
    resource: Resource,
    mixed: usize,
    chances: &[f64; KERNEL_BINS],
    cut: Cut,
    amount: f64,
) -> Rung {
    let multiple_at = |share| {
        KERNEL_GRID
            .upper(KERNEL_GRID.quantile(chances, share))
            .exp2()
    };
    let track = best.node.track(resource);
    let value = best.summary.value.exp2();
    Rung {
        level: best.level.rank,
        fields: best.level.fields,
        statistic: best.summary.statistic,
        value,
        builds: track.seen(),
        newest: track
            .newest()
            .iter()
            .map(|&log| f64::from(log).exp2())
            .collect(),
        mixed,
        p50: multiple_at(0.5),
        p90: multiple_at(0.9),
        p99: multiple_at(0.99),
        multiple: amount / value,
        exceeded_chance: cut.exceeded,
        expected_waste: cut.waste,
        score: best.score,
        runner_up: None,
    }
}
