//! Lets allocators compete on one history, build by build.
//!
//! [`evaluate`] keeps the rules and adds up. It is used for one build at a time here, so that the
//! part of each build in the sum is known; the sums are the same.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use allocation::evaluation::{Contestant, Feedback, Protocol, Score, evaluate};
use allocation::{Refs, UsageSample};

use super::tally::Tally;

pub(crate) struct Contest {
    feedback: Feedback,
    /// To score and not to learn.
    asking: Protocol,
    /// To learn, and to score if nothing was scored yet.
    learning: Protocol,
    contestants: Vec<Contestant>,
    tallies: Vec<Tally>,
    /// Builds that are scored and not learnt yet, by when they ended and then by their order.
    pending: BTreeMap<(u64, u64), UsageSample>,
    scored: u64,
    killed: u64,
}

impl Contest {
    /// Begins a contest between allocators that have learnt nothing.
    ///
    /// # Panics
    /// When there is no allocator of a name: they are checked where they are typed.
    pub(crate) fn new(protocol: &Protocol, names: &[String]) -> Self {
        let learning = Protocol {
            feedback: Feedback::Immediate,
            ..protocol.clone()
        };
        let named = |name: &String| {
            Contestant::named(name, &learning).expect("the command line knows the names")
        };
        Self {
            feedback: protocol.feedback,
            asking: Protocol {
                refs: Refs::Only(BTreeSet::new()),
                ..learning.clone()
            },
            contestants: names.iter().map(named).collect(),
            tallies: names.iter().map(|name| Tally::new(name)).collect(),
            learning,
            pending: BTreeMap::new(),
            scored: 0,
            killed: 0,
        }
    }

    /// Scores a build and lets all learn from it. What a killed one would have needed is unknown:
    /// it costs those who would have granted no more, and counts apart.
    pub(crate) fn add(&mut self, sample: UsageSample) {
        self.killed += u64::from(sample.usage().is_none());
        self.scored += 1;
        let Some(ended_at) = sample.ended_at.filter(|_| self.feedback == Feedback::AtEnd) else {
            self.score(&sample, false);
            return;
        };
        self.learn_ended_before(ended_at - sample.seconds);
        self.score(&sample, true);
        self.pending
            .insert((milliseconds(ended_at), self.scored), sample);
    }

    /// How many builds were killed in life.
    pub(crate) fn killed(&self) -> u64 {
        self.killed
    }

    /// The cost of every allocator, by name.
    pub(crate) fn end(self) -> Vec<Tally> {
        self.tallies
    }

    fn score(&mut self, sample: &UsageSample, learn_later: bool) {
        let protocol = if learn_later {
            &self.asking
        } else {
            &self.learning
        };
        forget(&mut self.contestants);
        evaluate(protocol, [sample.clone()], &mut self.contestants);
        for (tally, contestant) in self.tallies.iter_mut().zip(&self.contestants) {
            tally.add_build(sample, &contestant.total);
        }
    }

    fn learn_ended_before(&mut self, started_at: f64) {
        let running = self.pending.split_off(&(milliseconds(started_at) + 1, 0));
        let ended = std::mem::replace(&mut self.pending, running);
        // The repeated score is dropped before the next build.
        evaluate(&self.learning, ended.into_values(), &mut self.contestants);
    }
}

fn forget(contestants: &mut [Contestant]) {
    for contestant in contestants {
        contestant.total = Score::default();
    }
}

/// Ends are checked to be positive; a start before 1970 is as early as 1970.
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
