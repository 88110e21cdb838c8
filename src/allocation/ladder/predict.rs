//! From what is remembered to an answer.

use super::climb::Climb;
use super::grid::COLD_GRID;
use super::level;
use super::node::Node;
use super::reason::{Basis, Bound, LadderReason, NewPackage};
use super::resource::Resource;
use super::{Ladder, Policy};
use crate::{Answer, Megabytes, Millicores, Reason, Spec};

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
        let climb = |resource| Climb {
            ladder: self,
            policy,
            own: own.map(|package| &package.kernels),
            resource,
        };
        let (memory, memory_basis) = match climb(Resource::Memory).best(&keys) {
            Some(found) => found,
            None => self.cold_memory(policy, spec, build_jobs),
        };
        let (cpu, cpu_basis) = match climb(Resource::Cpu).best(&keys) {
            Some(found) => found,
            None => self.cold_cpu(build_jobs),
        };
        let exact = self.nodes.get(&level::exact(spec));
        let retry_min = exact.map_or(0.0, Node::retry_min);
        let (memory, memory_bound) = bounded(policy, memory, retry_min);
        let reason = LadderReason {
            memory: memory_basis,
            memory_bound,
            cpu: cpu_basis,
            learnt_to: self.learnt_to,
        };
        let cpu = cpu.max(policy.cpu_min);
        (LadderEstimate { cpu, memory }, reason)
    }

    fn cold_memory(&self, policy: &Policy, spec: &Spec, build_jobs: Option<u32>) -> (f64, Basis) {
        let chances = self.cold.blend(spec, build_jobs);
        // What a failure costs depends on how long it lasts, which is not known yet: the quantile
        // replaces its price.
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
