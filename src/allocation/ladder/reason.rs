//! Where an answer comes from.

use std::fmt;

use serde::Serialize;

use super::Statistic;
use crate::{Megabytes, Millicores};

/// Where an answer of this strategy comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LadderReason {
    pub memory: Basis,
    /// What moved the memory away from that, if anything did.
    pub memory_bound: Option<Bound>,
    pub cpu: Basis,
    /// The highest position of history that it was learnt from.
    pub learnt_to: Option<u64>,
}

/// What an amount is based on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Builds that resemble the requested one.
    Rung(Rung),
    /// No build of the package is known.
    NewPackage(NewPackage),
}

/// What moved an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Less is never given.
    Least,
    /// More is never given.
    Most,
    /// The latest build was killed for memory: a retry gets at least twice its limit.
    Retry,
}

/// The statistic that promised the least waste. Amounts are bytes or cores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rung {
    /// How general the key is, from 0.
    pub level: usize,
    /// What the builds have in common with the question.
    pub fields: &'static str,
    pub statistic: Statistic,
    pub value: f64,
    /// How many builds there have been.
    pub builds: u32,
    pub newest: Vec<f64>,
    /// How many statistics were mixed into the chances; the one named here is the best of them.
    pub mixed: usize,
    /// What half of the next values lay below, as a multiple of the statistic.
    pub p50: f64,
    /// What nine in ten of the next values lay below.
    pub p90: f64,
    /// What 99 in 100 of the next values lay below.
    pub p99: f64,
    pub multiple: f64,
    /// The chance that the build needs more.
    pub exceeded_chance: f64,
    /// The expected waste, as a share of what the build will use.
    pub expected_waste: f64,
    /// The expected waste and what general keys pay extra.
    pub score: f64,
    /// The statistic that would have answered otherwise.
    pub runner_up: Option<RunnerUp>,
}

/// The second best statistic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunnerUp {
    /// How general the key is, from 0.
    pub level: usize,
    /// What its builds have in common with the question.
    pub fields: &'static str,
    pub statistic: Statistic,
    /// What it would have answered, in bytes or cores.
    pub amount: f64,
    /// Its expected waste and what general keys pay extra.
    pub score: f64,
}

/// What an amount for a new package is based on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewPackage {
    /// How many packages' first builds were looked at.
    pub packages: u64,
    /// The chance that the build needs more.
    pub exceeded_chance: f64,
}

impl Basis {
    /// How general the builds are, from 0; none when there are none.
    #[must_use]
    pub fn level(&self) -> Option<usize> {
        match self {
            Self::Rung(rung) => Some(rung.level),
            Self::NewPackage(_) => None,
        }
    }
}

impl fmt::Display for LadderReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes| Megabytes::nearest(bytes).to_string();
        let cores = |cores| Millicores::nearest(cores).to_cores_text();
        write!(f, "memory: {}", words(&self.memory, megabytes))?;
        match self.memory_bound {
            None => {}
            Some(bound) => write!(f, "; {bound}")?,
        }
        write!(f, ". CPU: {}.", words(&self.cpu, cores))
    }
}

fn words(basis: &Basis, amount: impl Fn(f64) -> String) -> String {
    match basis {
        Basis::NewPackage(new) => format!(
            "no build of this package is known, so it is what the first builds of {} packages suggest",
            new.packages
        ),
        Basis::Rung(rung) => format!(
            "{:.2} × {} ({}) of {} builds with the same {}{}; chance to need more {:.1} %, expected waste \
             {:.0} %",
            rung.multiple,
            rung.statistic,
            amount(rung.value),
            rung.builds,
            rung.fields,
            match rung.mixed {
                1 => String::new(),
                mixed => format!(" (mixed with the next best {})", mixed - 1),
            },
            100.0 * rung.exceeded_chance,
            100.0 * rung.expected_waste,
        ),
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Least => "raised to the least that is given",
            Self::Most => "lowered to the most that is given",
            Self::Retry => "raised to twice the limit that killed the last one",
        })
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Last => "the last value",
            Self::Max => "the highest of the newest 8 values",
            Self::Median => "the median of the newest 8 values",
            Self::Long => "the fading maximum",
        })
    }
}
