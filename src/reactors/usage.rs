//! From the answers of Prometheus to the events of a build. Pure: the same answers give the same
//! events.

mod node;
mod pod;
mod resources;
mod statistics;
mod times;

use domain::builds::build::{
    BuiltSpec, CollectionFault, OutOfMemory, ResourceUsage, UsageRecorded, variants_to_json,
};
use jiff::Timestamp;

use crate::outside::clipped;
use crate::prometheus::Series;
pub use node::describe;
pub use pod::{Annotated, pod_name};
pub use resources::{Limits, Requests};
pub use statistics::{Statistics, Unusable};
pub use times::Times;

/// Where usage comes from that was learnt here.
pub const ORIGIN: &str = "prometheus";

/// Longest text for people in an outcome, in characters; names of pods and labels come from
/// outside.
pub(crate) const DETAIL_CHARS_MAX: usize = 1_000;

/// Why the usage of a build is unknown: the data of `build.collection_failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// What is missing or unusable.
    pub fault: CollectionFault,
    /// What exactly was found, for people.
    pub detail: String,
}

impl Shortfall {
    pub(crate) fn new(fault: CollectionFault, detail: impl AsRef<str>) -> Self {
        let detail = clipped(detail.as_ref(), DETAIL_CHARS_MAX);
        Self { fault, detail }
    }
}

/// Facts of the report that usage repeats, so that a reader of usage needs no other event.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedFacts {
    pub collection: u32,
    pub git_ref: String,
    /// The build's status.
    pub status: String,
    pub times: Times,
}

/// The machine a build ran on, as far as usage names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its `system_uuid`.
    pub uuid: String,
    pub hostname: String,
}

/// What Prometheus knows about a build that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The annotations of its pod.
    pub annotated: Annotated,
    pub requests: Requests,
    pub limits: Limits,
    /// Where it ran.
    pub machine: Machine,
    /// What it used of memory, in bytes.
    pub memory: Vec<Series>,
    /// What it used of CPU, in cores.
    pub cpu: Vec<Series>,
}

/// The usage of a build.
///
/// Of several series (a restarted container leaves them) the first counts, and how many there were
/// is kept.
///
/// # Errors
/// When a series is missing or unusable.
pub fn recorded(
    data: &ReportedFacts,
    measured: Measured,
    at: Timestamp,
) -> Result<UsageRecorded, Shortfall> {
    let memory = first_of(&measured.memory, "memory")?;
    let cpu = first_of(&measured.cpu, "CPU")?;
    let Annotated {
        pod,
        spec,
        stack,
        build_jobs,
        retry_count,
    } = measured.annotated;
    Ok(UsageRecorded {
        collection: data.collection,
        origin: ORIGIN.to_owned(),
        pod,
        node: Some(measured.machine.uuid),
        hostname: Some(measured.machine.hostname),
        spec,
        stack,
        build_jobs,
        retry_count,
        git_ref: data.git_ref.clone(),
        status: data.status.clone(),
        started_at: data.times.started_at,
        finished_at: data.times.finished_at,
        cpu: resource_usage(cpu, Some(measured.requests.cpu), measured.limits.cpu),
        memory: resource_usage(
            memory,
            Some(measured.requests.memory),
            Some(measured.limits.memory),
        ),
        memory_series: count(&measured.memory),
        cpu_series: count(&measured.cpu),
        at,
    })
}

/// The evidence that a build was killed for memory, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Kubernetes names why the container ended.
    ContainerStatus,
    /// The source of the build names why it failed.
    FailureReason,
    /// The runner's last line about the job names exit code 137.
    ExitCode,
}

impl Evidence {
    /// The text in `build.out_of_memory`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContainerStatus => "container_status",
            Self::FailureReason => "failure_reason",
            Self::ExitCode => "exit_code",
        }
    }
}

/// What Prometheus knows about a build that was killed for memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Killed {
    /// The annotations of its pod.
    pub annotated: Annotated,
    /// Bytes that were requested for it, when that is known.
    pub memory_request: Option<f64>,
    pub limits: Limits,
    /// What it used of memory, in bytes, as far as there are samples.
    pub memory: Vec<Series>,
    pub evidence: Evidence,
}

/// The event of a build that needed more memory than its limit.
///
/// The peak is the largest sample of all series: it is a lower bound in any case.
#[must_use]
pub fn out_of_memory(data: &ReportedFacts, killed: Killed, at: Timestamp) -> OutOfMemory {
    let memory_peak = peak(&killed.memory);
    let Annotated {
        pod,
        spec,
        stack,
        build_jobs,
        retry_count,
    } = killed.annotated;
    OutOfMemory {
        collection: data.collection,
        pod,
        hostname: killed.limits.node,
        spec,
        stack,
        build_jobs,
        retry_count,
        git_ref: data.git_ref.clone(),
        started_at: data.times.started_at,
        finished_at: data.times.finished_at,
        memory_request: killed.memory_request,
        memory_limit: killed.limits.memory,
        memory_peak,
        evidence: killed.evidence.as_str().to_owned(),
        at,
    }
}

/// The largest sample of all series.
#[must_use]
pub fn peak(series: &[Series]) -> Option<f64> {
    let samples = series.iter().flat_map(|one| &one.samples);
    let finite = samples.copied().filter(|sample| sample.is_finite());
    finite.reduce(f64::max)
}

/// Whether the source names a reason for a failure that has nothing to do with memory: a machine
/// that was taken away, a timeout, a canceled job. An exit code in a log is then no evidence.
#[must_use]
pub fn names_another_reason(failure_reason: &str) -> bool {
    let reason = failure_reason.trim().to_ascii_lowercase();
    let says_nothing = matches!(reason.as_str(), "" | "script_failure" | "unknown_failure");
    !says_nothing && !says_out_of_memory(&reason)
}

/// Whether the source's reason says that a build was killed for memory.
#[must_use]
pub fn says_out_of_memory(failure_reason: &str) -> bool {
    let reason = failure_reason.to_ascii_lowercase();
    reason == "oom"
        || ["oomkilled", "oom_killed", "out_of_memory", "out of memory"]
            .iter()
            .any(|words| reason.contains(words))
}

fn first_of(series: &[Series], what: &str) -> Result<Statistics, Shortfall> {
    let samples = series.first().map_or(&[][..], |first| &first.samples);
    Statistics::of(samples).map_err(|unusable| {
        let fault = match unusable {
            Unusable::NoSamples => CollectionFault::SeriesMissing,
            Unusable::Mean(_) | Unusable::Deviation(_) => CollectionFault::SeriesUnusable,
        };
        Shortfall::new(fault, format!("the {what} series: {unusable}"))
    })
}

fn resource_usage(used: Statistics, request: Option<f64>, limit: Option<f64>) -> ResourceUsage {
    ResourceUsage {
        request,
        limit,
        mean: used.mean,
        median: used.median,
        max: used.max,
        min: used.min,
        stddev: used.stddev,
    }
}

fn count(series: &[Series]) -> u32 {
    u32::try_from(series.len()).unwrap_or(u32::MAX)
}

fn built_spec(
    [
        name,
        version,
        variants,
        compiler_name,
        compiler_version,
        arch,
    ]: [&str; 6],
) -> BuiltSpec {
    BuiltSpec {
        name: name.to_owned(),
        version: version.to_owned(),
        variants: variants_to_json(variants),
        compiler_name: compiler_name.to_owned(),
        compiler_version: compiler_version.to_owned(),
        arch: arch.to_owned(),
    }
}

#[cfg(test)]
mod tests;
