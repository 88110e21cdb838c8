//! How good would the answers have been? Replays a history against any number of allocators.
//!
//! For every finished build, in the order of history: allocate, score, learn. An allocator only
//! gets what a client would send, and the usage of the build only afterwards.

mod baselines;
mod contestant;
mod score;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{Refs, UsageSample};

pub use contestant::{Allocator, CONTESTANTS, Contestant, Grant, Question, description};
pub use score::{CpuScore, Score};

/// How a history is replayed.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// The least memory that any allocator gives, in bytes.
    pub memory_min: f64,
    /// When a build is learnt.
    pub feedback: Feedback,
    /// Which refs are learnt from; all are scored.
    pub refs: Refs,
    /// Whether allocators get the number of build jobs.
    pub build_jobs_known: bool,
}

/// When a build is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// As soon as it has been scored.
    Immediate,
    /// Before the first build that starts after it ended, as in life. Builds without an end are
    /// learnt at once.
    AtEnd,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            memory_min: 256_000_000.0,
            feedback: Feedback::Immediate,
            refs: Refs::All,
            build_jobs_known: true,
        }
    }
}

/// Replays a history against every allocator. Flawed samples are passed over. What a killed build
/// would have needed is not known: it counts against allocators that would have granted no more,
/// and is learnt like any other.
pub fn evaluate(
    protocol: &Protocol,
    history: impl IntoIterator<Item = UsageSample>,
    contestants: &mut [Contestant],
) {
    let mut pending = Pending::default();
    for (order, mut sample) in history.into_iter().enumerate() {
        if sample.check().is_err() {
            continue;
        }
        if !protocol.build_jobs_known {
            sample.build_jobs = None;
        }
        let due = match (protocol.feedback, sample.ended_at) {
            (Feedback::AtEnd, Some(ended_at)) => {
                for learnt in pending.ended_before(ended_at - sample.seconds) {
                    learn(protocol, &learnt, contestants);
                }
                Some(ended_at)
            }
            _ => None,
        };
        for contestant in &mut *contestants {
            contestant.score(protocol, &sample);
        }
        match due {
            Some(ended_at) => pending.add(ended_at, order, sample),
            None => learn(protocol, &sample, contestants),
        }
    }
}

fn learn(protocol: &Protocol, sample: &UsageSample, contestants: &mut [Contestant]) {
    if protocol.refs.take(&sample.git_ref) {
        for contestant in contestants {
            contestant.learn(sample);
        }
    }
}

/// Builds that have been scored and have not ended yet, by end and then by order of history.
#[derive(Default)]
struct Pending(BTreeMap<(u64, usize), UsageSample>);

impl Pending {
    fn add(&mut self, ended_at: f64, order: usize, sample: UsageSample) {
        self.0.insert((milliseconds(ended_at), order), sample);
    }

    fn ended_before(&mut self, started_at: f64) -> impl Iterator<Item = UsageSample> + use<> {
        let running = self.0.split_off(&(milliseconds(started_at) + 1, 0));
        std::mem::replace(&mut self.0, running).into_values()
    }
}

/// Ends are checked to be positive; a start before 1970 is as early as 1970.
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
