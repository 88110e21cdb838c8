//! From what is remembered to an answer.

use super::grid::{COLD_GRID, KERNEL_GRID};
use super::kernels::{PackageKernels, Place};
use super::level::{self, Level};
use super::node::Node;
use super::reason::{Basis, Bound, LadderReason, NewPackage, Rung, RunnerUp};
use super::resource::Resource;
use super::track::Summary;
use super::{Ladder, Policy};
use crate::key::Key;
use crate::{Answer, Megabytes, Millicores, Reason, Spec};

use super::grid::Cut;

/// How much relative waste a more special level may cost more, per level.
const LEVEL_PRICE: f64 = 0.02;
/// What a new package is taken to use of each build job, in cores.
const CPU_PER_JOB: f64 = 0.75;
/// The least that a new package is given, in cores.
const CPU_COLD_MIN: f64 = 0.5;

/// The answer before it is rounded for Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LadderEstimate {
    /// In cores.
    pub cpu: f64,
    /// In bytes.
    pub memory: f64,
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

impl Ladder {
    /// Answers by the ladder's own policy.
    #[must_use]
    pub fn answer(&self, spec: &Spec, build_jobs: Option<u32>) -> Answer {
        self.answer_by(&self.policy, spec, build_jobs)
    }

    /// Answers by another policy, such as one for release branches.
    #[must_use]
    pub fn answer_by(&self, policy: &Policy, spec: &Spec, build_jobs: Option<u32>) -> Answer {
        let (estimate, reason) = self.estimate(policy, spec, build_jobs);
        let memory = Megabytes::at_least(estimate.memory);
        Answer {
            cpu: Millicores::nearest(estimate.cpu),
            memory,
            // Throttling a build at a limit only wastes what its node has idle.
            cpu_limit: None,
            memory_limit: Some(memory),
            // Jobs set from past CPU use would lower that use, and so the jobs, and so on.
            build_jobs,
            reason: Reason::Ladder(Box::new(reason)),
        }
    }

    /// The answer before it is rounded, and where it comes from.
    #[must_use]
    pub fn estimate(
        &self,
        policy: &Policy,
        spec: &Spec,
        build_jobs: Option<u32>,
    ) -> (LadderEstimate, LadderReason) {
        let heavy = &self.learning.heavy_variants;
        let keys = level::asked_under(spec, build_jobs, heavy);
        let own = self.packages.get(&level::package(spec));
        let own = own.map(|package| &package.kernels);
        let (memory, memory_basis) = match self.climb(Resource::Memory, policy, &keys, own) {
            Some(found) => found,
            None => self.cold_memory(policy, spec, build_jobs),
        };
        let (cpu, cpu_basis) = match self.climb(Resource::Cpu, policy, &keys, own) {
            Some(found) => found,
            None => self.cold_cpu(build_jobs),
        };
        let retry_min = keys.first().and_then(|(_, key)| self.nodes.get(key));
        let (memory, memory_bound) =
            bounded(policy, memory, retry_min.map_or(0.0, Node::retry_min));
        let reason = LadderReason {
            memory: memory_basis,
            memory_bound,
            cpu: cpu_basis,
            learnt_to: self.learnt_to,
        };
        let cpu = cpu.max(policy.cpu_min);
        (LadderEstimate { cpu, memory }, reason)
    }

    /// The best statistic of all nodes that the question has.
    fn climb(
        &self,
        resource: Resource,
        policy: &Policy,
        keys: &[(&'static Level, Key)],
        own: Option<&PackageKernels>,
    ) -> Option<(f64, Basis)> {
        let mut candidates: Vec<Candidate<'_>> = Vec::with_capacity(32);
        for (level, key) in keys {
            let Some(node) = self.nodes.get(key) else {
                continue;
            };
            for summary in node.track(resource).summaries() {
                candidates.push(self.candidate(resource, policy, level, node, summary, own));
            }
        }
        // The earlier, and so the more special one, wins a tie.
        candidates.sort_by(|a, b| a.score.total_cmp(&b.score));
        let mut ranked = candidates.iter();
        let best = ranked.next()?;
        let place = Place::of(resource, best.level.index, &best.summary);
        let chances = self.shared.blend(place, own);
        let multiple_at = |share| {
            KERNEL_GRID
                .upper(KERNEL_GRID.quantile(&chances, share))
                .exp2()
        };
        let track = best.node.track(resource);
        let rung = Rung {
            level: best.level.rank,
            fields: best.level.fields,
            statistic: best.summary.statistic,
            value: best.summary.value.exp2(),
            builds: track.seen(),
            newest: track
                .newest()
                .iter()
                .map(|&log| f64::from(log).exp2())
                .collect(),
            p50: multiple_at(0.5),
            p90: multiple_at(0.9),
            p99: multiple_at(0.99),
            multiple: best.amount / best.summary.value.exp2(),
            exceeded_chance: best.cut.exceeded,
            expected_waste: best.cut.waste,
            score: best.score,
            runner_up: ranked.next().map(|second| RunnerUp {
                level: second.level.rank,
                fields: second.level.fields,
                statistic: second.summary.statistic,
                amount: second.amount,
                score: second.score,
            }),
        };
        Some((best.amount, Basis::Rung(rung)))
    }

    fn candidate<'a>(
        &self,
        resource: Resource,
        policy: &Policy,
        level: &'static Level,
        node: &'a Node,
        summary: Summary,
        own: Option<&PackageKernels>,
    ) -> Candidate<'a> {
        let chances = self
            .shared
            .blend(Place::of(resource, level.index, &summary), own);
        let (cut, raise) = match resource {
            Resource::Memory => {
                let job = (summary.value + node.hours()).exp2();
                let failure = policy.failure_price * self.jobs.mean_byte_hours() / job;
                let cut = KERNEL_GRID.cut_doubling(&chances, failure, policy.failure_chance_max);
                (cut, KERNEL_GRID.upper(cut.bin))
            }
            Resource::Cpu => {
                let cut = KERNEL_GRID.cut_throttling(&chances);
                (cut, KERNEL_GRID.centre(cut.bin))
            }
        };
        Candidate {
            level,
            node,
            summary,
            cut,
            score: cut.waste + LEVEL_PRICE * level.rank as f64,
            amount: (summary.value + raise).exp2(),
        }
    }

    fn cold_memory(&self, policy: &Policy, spec: &Spec, build_jobs: Option<u32>) -> (f64, Basis) {
        let chances = self.cold.blend(spec, build_jobs);
        // What a failure costs depends on how long it lasts, which nobody knows yet: the quantile stands
        // in for its price.
        let cheapest = COLD_GRID.cut_doubling(&chances, 0.0, 1.0).bin;
        let bin = cheapest.max(COLD_GRID.quantile(&chances, policy.cold_quantile));
        let new = NewPackage {
            packages: self.cold.packages(),
            exceeded_chance: chances[bin + 1..].iter().sum(),
        };
        (COLD_GRID.upper(bin).exp2(), Basis::NewPackage(new))
    }

    fn cold_cpu(&self, build_jobs: Option<u32>) -> (f64, Basis) {
        let cores = match build_jobs {
            Some(jobs) => CPU_PER_JOB * f64::from(jobs),
            None => self.cold.mean_cores(),
        };
        let new = NewPackage {
            packages: self.cold.packages(),
            exceeded_chance: 0.5,
        };
        (cores.max(CPU_COLD_MIN), Basis::NewPackage(new))
    }
}

/// Keeps the memory within the policy, and a retry above what was not enough.
fn bounded(policy: &Policy, memory: f64, retry_min: f64) -> (f64, Option<Bound>) {
    let (mut amount, mut bound) = (memory, None);
    for (least, reason) in [(policy.memory_min, Bound::Least), (retry_min, Bound::Retry)] {
        if amount < least {
            (amount, bound) = (least, Some(reason));
        }
    }
    if amount > policy.memory_max {
        (amount, bound) = (policy.memory_max, Some(Bound::Most));
    }
    (amount, bound)
}
