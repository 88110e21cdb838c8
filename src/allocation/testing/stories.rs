//! Histories made up for tests.

use proptest::prelude::*;

use crate::{Ending, Usage, UsageSample};

/// A build of `spec` on `develop` that ended at `position` and used that mean CPU and memory, with
/// peaks of twice as much.
pub(crate) fn build(position: u64, spec: &str, cores: f64, bytes: f64) -> UsageSample {
    let usage = |mean| Usage {
        mean,
        max: 2.0 * mean,
        ..Usage::default()
    };
    UsageSample {
        position,
        spec: spec
            .parse()
            .unwrap_or_else(|error| panic!("{spec}: {error}")),
        git_ref: "develop".into(),
        build_jobs: Some(4),
        ended_at: Some(position as f64),
        seconds: 100.0,
        ending: Ending::Success {
            cpu: usage(cores),
            memory: usage(bytes),
        },
    }
}

/// A build of `spec` on `develop` that was killed at a memory limit.
pub(crate) fn killed(position: u64, spec: &str, limit: f64) -> UsageSample {
    UsageSample {
        ending: Ending::OutOfMemory {
            limit,
            imported: false,
        },
        ..build(position, spec, 1.0, 1e9)
    }
}

/// Histories of few packages, so that builds meet.
pub(crate) fn any_story(length: usize) -> impl Strategy<Value = Vec<UsageSample>> {
    proptest::collection::vec(any_sample(), 0..length)
}

/// A build out of few packages; one in fifty has a value that must be refused.
pub(crate) fn any_sample() -> impl Strategy<Value = UsageSample> {
    let spec = (
        prop_oneof![Just("zlib"), Just("py-numpy"), Just("libx"), Just("llvm")],
        1..3u8,
        prop_oneof![
            Just("+mpi"),
            Just("~mpi"),
            Just("+a cuda=11"),
            Just("+mpi+cuda"),
            Just("build_system=cmake"),
        ],
        prop_oneof![Just("gcc@12"), Just("gcc@13"), Just("clang@17")],
    );
    let amounts = (amount(8.0), amount(32e9), 1.0..50_000.0f64);
    let rest = (
        0..20u64,
        0..50u8,
        0..10u8,
        proptest::option::of(1..5u32),
        0..8u8,
    );
    (spec, amounts, rest).prop_map(
        |((name, version, variants, compiler), (cpu, memory, seconds), rest)| {
            let (end, flaw, kill, jobs, git_ref) = rest;
            let spec = format!("{name}@{version} {variants} arch=x86_64%{compiler}");
            let mut sample = if kill == 0 {
                killed(end, &spec, memory)
            } else {
                build(end, &spec, cpu, memory)
            };
            sample.build_jobs = jobs;
            sample.seconds = if flaw == 0 { f64::NAN } else { seconds };
            sample.ended_at = (flaw != 1).then_some(end as f64);
            sample.git_ref = if git_ref == 0 { "pr1" } else { "develop" }.into();
            sample
        },
    )
}

/// Amounts over many octaves below `most`.
fn amount(most: f64) -> impl Strategy<Value = f64> {
    (0.0..14.0f64).prop_map(move |octaves| most * (-octaves).exp2())
}
