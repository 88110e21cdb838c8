//! Which answer a build had.

use ::allocation::Spec;
use domain::builds::allocation::Answered;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Answerer;
use crate::engine::stored::time;

/// How many answers about one spec are remembered. A build that waited for longer than that many pipelines is not
/// joined.
const SAID_MAX: usize = 32;

/// The bytes of a spec's digest.
const DIGEST_BYTES: usize = 16;

/// What was answered about one spec lately, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Said(Vec<Given>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Given {
    pub(super) answerer: Answerer,
    #[serde(with = "time")]
    pub(super) at: Timestamp,
    /// Cores.
    pub(super) cpu: f64,
    /// Bytes at which the build is killed: the limit where one was answered, else the request.
    pub(super) memory: f64,
}

impl Given {
    pub(super) fn of(answered: &Answered) -> Self {
        Self {
            answerer: Answerer {
                strategy: answered.strategy.clone(),
                model: answered.model.clone(),
                shadow: answered.shadow,
            },
            at: answered.at,
            cpu: answered.cpu_request,
            memory: answered.memory_limit.unwrap_or(answered.memory_request),
        }
    }

    pub(super) fn is_amount(&self) -> bool {
        let amounts = [self.cpu, self.memory];
        amounts.iter().all(|it| it.is_finite() && *it > 0.0)
    }
}

impl Said {
    pub(super) fn note(&mut self, given: Given) {
        if self.0.len() >= SAID_MAX {
            self.0.remove(0);
        }
        self.0.push(given);
    }

    /// The answer that a build had which started then, and what others would have answered at the same moment. A
    /// clock that was set back is no reason to take another answer than the last one that fits.
    pub(super) fn before(&self, started_at: Timestamp) -> Vec<&Given> {
        let mut served = self.0.iter().rev().filter(|given| !given.answerer.shadow);
        let Some(had) = served.find(|given| given.at <= started_at) else {
            return Vec::new();
        };
        let answers = self.0.iter();
        let mut answers: Vec<&Given> = answers
            .filter(|given| given.answerer.shadow && given.at == had.at)
            .collect();
        // Two requests within one tick of the clock got the same answer.
        answers.sort_by(|one, other| one.answerer.cmp(&other.answerer));
        answers.dedup_by(|one, other| one.answerer == other.answerer);
        answers.insert(0, had);
        answers
    }
}

/// The key that joins an answer with a build of the same spec. Variants in any order are the same
/// variants, and an architecture is its last part: a generator sends `linux-ubuntu22.04-x86_64_v3`,
/// and a pod's annotation is `x86_64_v3`.
pub(super) fn digest(spec: &Spec) -> [u8; DIGEST_BYTES] {
    let mut hasher = blake3::Hasher::new();
    let mut text = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    text(&spec.name);
    text(&spec.version);
    text(&spec.compiler);
    text(&spec.compiler_version);
    text(spec.arch.rsplit('-').next().unwrap_or_default());
    let variants = spec.variants.iter();
    let mut variants: Vec<(&str, String)> = variants
        .map(|(name, value)| (name, serde_json::to_string(value).unwrap_or_default()))
        .collect();
    variants.sort();
    for (name, value) in variants {
        text(name);
        text(&value);
    }
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..DIGEST_BYTES]);
    digest
}
