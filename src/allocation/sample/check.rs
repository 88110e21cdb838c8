//! What no build can have used.

use super::{Ending, Usage, UsageSample};
use crate::Spec;

/// The most cores that are believed: no machine has more.
const CORES_MAX: f64 = 100_000.0;
/// The most memory that is believed, in bytes: 1 PB.
const MEMORY_BYTES_MAX: f64 = 1e15;
/// The longest run that is believed, in seconds: a year.
const SECONDS_MAX: f64 = 366.0 * 86_400.0;
/// The latest end that is believed, in Unix seconds: the year 9999.
const ENDED_AT_MAX: f64 = 253_402_300_799.0;
/// The most build jobs that are believed.
const BUILD_JOBS_MAX: u32 = 100_000;
/// The longest text of a spec, in bytes. Stored variants are longer than requested ones.
const SPEC_TEXT_BYTES_MAX: usize = 65_536;

/// Why a sample is not learnt from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SampleFlaw {
    /// A measured value is zero, negative, not a number or too large.
    #[error("{field} is {value}; it must be {at_least} and at most {at_most}")]
    Value {
        field: &'static str,
        value: f64,
        /// The minimum, as a text.
        at_least: &'static str,
        /// The largest value that is believed.
        at_most: f64,
    },
    #[error("the spec has no package name")]
    NoName,
    /// The texts of the spec are too long together.
    #[error("the spec has {bytes} bytes of text; at most {SPEC_TEXT_BYTES_MAX} are learnt")]
    SpecTooLong {
        /// How long they are.
        bytes: usize,
    },
}

pub(super) fn sample(sample: &UsageSample) -> Result<(), SampleFlaw> {
    spec(&sample.spec)?;
    if let Some(jobs) = sample.build_jobs {
        positive("build_jobs", f64::from(jobs), f64::from(BUILD_JOBS_MAX))?;
    }
    if let Some(ended_at) = sample.ended_at {
        not_negative("ended_at", ended_at, ENDED_AT_MAX)?;
    }
    positive("seconds", sample.seconds, SECONDS_MAX)?;
    match &sample.ending {
        Ending::Success { cpu, memory } => {
            usage(CPU_FIELDS, cpu, CORES_MAX)?;
            usage(MEMORY_FIELDS, memory, MEMORY_BYTES_MAX)
        }
        Ending::OutOfMemory { limit, .. } => positive("killed at limit", *limit, MEMORY_BYTES_MAX),
    }
}

/// The names of the fields of one [`Usage`], for messages.
type Fields = [&'static str; 7];

const CPU_FIELDS: Fields = [
    "cpu.mean",
    "cpu.max",
    "cpu.request",
    "cpu.limit",
    "cpu.median",
    "cpu.min",
    "cpu.stddev",
];
const MEMORY_FIELDS: Fields = [
    "memory.mean",
    "memory.max",
    "memory.request",
    "memory.limit",
    "memory.median",
    "memory.min",
    "memory.stddev",
];

fn usage(fields: Fields, usage: &Usage, at_most: f64) -> Result<(), SampleFlaw> {
    let [mean, max, request, limit, median, min, stddev] = fields;
    positive(mean, usage.mean, at_most)?;
    positive(max, usage.max, at_most)?;
    // Idle moments and flat lines are real; only what is learnt from has to be above zero.
    for (field, value) in [
        (request, usage.request),
        (limit, usage.limit),
        (median, usage.median),
        (min, usage.min),
        (stddev, usage.stddev),
    ] {
        if let Some(value) = value {
            not_negative(field, value, at_most)?;
        }
    }
    Ok(())
}

fn spec(spec: &Spec) -> Result<(), SampleFlaw> {
    if spec.name.is_empty() {
        return Err(SampleFlaw::NoName);
    }
    let variants = spec
        .variants
        .iter()
        .map(|(name, value)| name.len() + value.bytes());
    let bytes = [
        &spec.name,
        &spec.version,
        &spec.arch,
        &spec.compiler,
        &spec.compiler_version,
    ]
    .map(String::len)
    .into_iter()
    .chain(variants)
    .sum();
    if bytes > SPEC_TEXT_BYTES_MAX {
        return Err(SampleFlaw::SpecTooLong { bytes });
    }
    Ok(())
}

fn positive(field: &'static str, value: f64, at_most: f64) -> Result<(), SampleFlaw> {
    // Written so that NaN is refused. A subnormal mean would overflow when it is divided by.
    if value.is_normal() && value > 0.0 && value <= at_most {
        return Ok(());
    }
    Err(SampleFlaw::Value {
        field,
        value,
        at_least: "above 0",
        at_most,
    })
}

fn not_negative(field: &'static str, value: f64, at_most: f64) -> Result<(), SampleFlaw> {
    if (0.0..=at_most).contains(&value) {
        return Ok(());
    }
    Err(SampleFlaw::Value {
        field,
        value,
        at_least: "at least 0",
        at_most,
    })
}
