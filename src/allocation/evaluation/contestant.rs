//! Who may take part in an evaluation.

use super::baselines::{Preset, TaskHistory, Tovar, Vpa, Witt};
use super::{Protocol, Score};
use crate::ladder::{Learning, Policy};
use crate::{Ending, Gantry, Ladder, Refs, Spec, UsageSample};

/// The request to an allocator.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What will be built.
    pub spec: &'a Spec,
    /// The number of build jobs, if the client gives it.
    pub build_jobs: Option<u32>,
    /// The memory set by hand, in bytes. The app's strategies do not look at it.
    pub preset_memory: Option<f64>,
    /// The CPU set by hand, in cores. The app's strategies do not look at it.
    pub preset_cpu: Option<f64>,
}

/// What an allocator gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grant {
    /// The memory at which the build is killed, in bytes.
    pub memory: f64,
    /// The requested CPU, in cores.
    pub cpu: f64,
}

/// Something that gives resources to builds and learns from what they used.
pub trait Allocator {
    /// What a build is given.
    fn grant(&self, question: Question<'_>) -> Grant;
    /// Learns from a build without flaw that has ended.
    fn learn(&mut self, sample: &UsageSample);
}

/// An allocator with its score.
pub struct Contestant {
    /// What it is called in tables.
    pub name: String,
    /// What it has cost so far.
    pub total: Score,
    allocator: Box<dyn Allocator>,
}

/// The names that [`Contestant::named`] knows, in the order of the tables.
pub const CONTESTANTS: [&str; 11] = [
    "preset",
    "gantry-request",
    "gantry-limit",
    "vpa-p90",
    "vpa-p95",
    "witt-p99",
    "tovar",
    "ladder-std",
    "ladder-lean",
    "ladder-safe",
    "ladder-mixed",
];

/// A short description of one of [`CONTESTANTS`]; empty for others.
#[must_use]
pub fn description(name: &str) -> &'static str {
    match name {
        "preset" => "set by hand",
        "gantry-request" => "Gantry: mean of the five newest",
        "gantry-limit" => "Gantry: 1.2 × their highest peak",
        "vpa-p90" => "decaying histogram, p90 + 15 %",
        "vpa-p95" => "the same, p95 + 15 %",
        "witt-p99" => "p99 of all peaks",
        "tovar" => "least expected waste, retry with the highest",
        "ladder-std" => "**ours**",
        "ladder-lean" => "ours, cheapest memory",
        "ladder-safe" => "ours, fewest kills",
        "ladder-mixed" => "ours, statistics mixed",
        _ => "",
    }
}

impl Contestant {
    /// Anything that allocates.
    pub fn new(name: impl Into<String>, allocator: impl Allocator + 'static) -> Self {
        Self {
            name: name.into(),
            total: Score::default(),
            allocator: Box::new(allocator),
        }
    }

    /// One of [`CONTESTANTS`] under a protocol, without history.
    #[must_use]
    pub fn named(name: &str, protocol: &Protocol) -> Option<Self> {
        let gantry = |limit| GantryAllocator {
            gantry: Gantry::new(Refs::default()),
            limit,
        };
        let ladder = |policy| LadderAllocator::new(policy, protocol);
        Some(match name {
            "preset" => Self::new(name, Preset),
            "gantry-request" => Self::new(name, gantry(false)),
            "gantry-limit" => Self::new(name, gantry(true)),
            "vpa-p90" => Self::new(name, TaskHistory::new(Vpa { share: 0.90 })),
            "vpa-p95" => Self::new(name, TaskHistory::new(Vpa { share: 0.95 })),
            "witt-p99" => Self::new(name, TaskHistory::new(Witt)),
            "tovar" => Self::new(name, TaskHistory::new(Tovar)),
            _ => {
                let policy = Policy::named(name.strip_prefix("ladder-")?)?;
                Self::new(name, ladder(policy))
            }
        })
    }

    pub(super) fn score(&mut self, protocol: &Protocol, sample: &UsageSample) {
        let (preset_cpu, preset_memory) = match &sample.ending {
            Ending::Success { cpu, memory } => (cpu.request, memory.request),
            Ending::OutOfMemory { limit, .. } => (None, Some(*limit)),
        };
        let mut grant = self.allocator.grant(Question {
            spec: &sample.spec,
            build_jobs: sample.build_jobs,
            preset_memory,
            preset_cpu,
        });
        grant.memory = grant.memory.max(protocol.memory_min);
        self.total.add_build(grant, sample);
    }

    pub(super) fn learn(&mut self, sample: &UsageSample) {
        self.allocator.learn(sample);
    }
}

/// The `gantry` strategy with its memory request or its memory limit as the limit.
struct GantryAllocator {
    gantry: Gantry,
    limit: bool,
}

impl Allocator for GantryAllocator {
    fn grant(&self, question: Question<'_>) -> Grant {
        let (estimate, _) = self.gantry.estimate(question.spec);
        let memory = if self.limit {
            estimate.memory_limit
        } else {
            estimate.memory
        };
        Grant {
            memory,
            cpu: estimate.cpu,
        }
    }

    fn learn(&mut self, sample: &UsageSample) {
        // Checked by the protocol; a flaw would change nothing.
        let _ = self.gantry.learn(sample);
    }
}

struct LadderAllocator {
    ladder: Ladder,
    policy: Policy,
}

impl LadderAllocator {
    fn new(policy: Policy, protocol: &Protocol) -> Self {
        let policy = Policy {
            memory_min: protocol.memory_min,
            ..policy
        };
        // Which refs are learnt is the protocol's choice, and already made.
        let learning = Learning {
            refs: Refs::All,
            ..Learning::default()
        };
        Self {
            ladder: Ladder::new(learning, policy),
            policy,
        }
    }
}

impl Allocator for LadderAllocator {
    fn grant(&self, question: Question<'_>) -> Grant {
        let Question {
            spec, build_jobs, ..
        } = question;
        let (estimate, _) = self.ladder.estimate(&self.policy, spec, build_jobs);
        Grant {
            memory: estimate.memory,
            cpu: estimate.cpu,
        }
    }

    fn learn(&mut self, sample: &UsageSample) {
        // Checked by the protocol; a flaw would change nothing.
        let _ = self.ladder.learn(sample);
    }
}
