//! What may have happened to a build.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;
use crate::{BlobRef, Verbatim};

events! {
    /// What may have happened to a build. Streams: `build-<source>:<number>`.
    BuildEvent {
        /// Its source reported its status.
        Reported(Reported) = "build.reported" v 1 [blobs],
        /// What it used is known.
        UsageRecorded(UsageRecorded) = "build.usage_recorded" v 1,
        /// Its usage is of no interest, and this is why.
        CollectionSkipped(CollectionSkipped) = "build.collection_skipped" v 2,
        /// One attempt to learn its usage failed; another will follow.
        CollectionAttempted(CollectionAttempted) = "build.collection_attempted" v 1,
        /// Its usage cannot be known, and trying again would not help.
        CollectionFailed(CollectionFailed) = "build.collection_failed" v 1,
        /// The last attempt failed as well. An operator may requeue it.
        CollectionAbandoned(CollectionAbandoned) = "build.collection_abandoned" v 1,
        /// An operator requested another collection.
        CollectionRequeued(CollectionRequeued) = "build.collection_requeued" v 1 [audited],
        /// It was killed because it needed more memory than it was allowed.
        OutOfMemory(OutOfMemory) = "build.out_of_memory" v 1,
    }
}

/// `build.reported`: one status change, as the source sent it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// Who numbered the build.
    pub source: String,
    /// Its number there.
    pub build_id: i64,
    /// Any text; the known ones are in [`crate::builds::build::BuildStatus`].
    pub status: String,
    pub stage: String,
    /// What the job is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The git ref (`ref` on the wire).
    #[serde(rename = "ref")]
    pub git_ref: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Who ran it; none before it was picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Runner>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<i64>,
    /// The project's path or display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The source's failure reason; meaningful only when the status is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// How many builds of this name had been retried when this was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries_count: Option<i64>,
    /// The base address of the instance that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// By what a repeat of this delivery is known.
    pub delivery: String,
    /// The whole body, byte for byte, when it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Verbatim>,
    /// The whole body, when it is big.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_blob: Option<BlobRef>,
    pub at: Timestamp,
}

impl Reported {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.body_blob.iter().collect()
    }
}

/// Who ran a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Its number at the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    pub description: String,
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltSpec {
    pub name: String,
    pub version: String,
    /// The variants as canonical JSON text, keys in the order in which they were written.
    pub variants: String,
    pub compiler_name: String,
    pub compiler_version: String,
    pub arch: String,
}

/// One resource of one build: what it was given and what it used. CPU in cores, memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceUsage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    pub mean: f64,
    pub median: f64,
    pub max: f64,
    pub min: f64,
    /// Population standard deviation of the samples.
    pub stddev: f64,
}

/// `build.usage_recorded`: what a successful build used. At most one per build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageRecorded {
    /// Which collection this ends: 1, and one more for every requeue.
    pub collection: u32,
    /// Where it comes from: `prometheus` or `import:gantry`.
    pub origin: String,
    pub pod: String,
    /// The machine's `system_uuid`, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The machine's name, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    pub spec: BuiltSpec,
    pub stack: String,
    /// How many jobs `make` was allowed.
    pub build_jobs: u32,
    /// Which try this was, from 0.
    pub retry_count: u32,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub status: String,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// Cores.
    pub cpu: ResourceUsage,
    /// Bytes.
    pub memory: ResourceUsage,
    /// How many memory series the pod had; more than one when the container was restarted.
    pub memory_series: u32,
    /// How many CPU series the pod had.
    pub cpu_series: u32,
    pub at: Timestamp,
}

/// Why the usage of a build is of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// It ended otherwise than with success (and was not killed for memory).
    NotSuccessful,
    /// Its stage is not one that builds packages.
    Stage,
    /// No runner picked it up.
    NoRunner,
    /// Its runner is not part of the cluster that is measured.
    RunnerPrefix,
    /// Its log shows that there was nothing to do.
    Ghost,
    NotConfigured,
    /// It failed for no named reason while its memory was at the limit: perhaps the kernel killed
    /// one of its processes, and not the build itself.
    SuspectedOutOfMemory,
}

/// `build.collection_skipped`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSkipped {
    /// Which collection this ends.
    pub collection: u32,
    pub reason: SkipReason,
    /// What exactly was found, for people.
    pub detail: String,
    pub at: Timestamp,
}

/// `build.collection_attempted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionAttempted {
    /// Which collection this belongs to.
    pub collection: u32,
    /// Which attempt of this collection, from 1.
    pub attempt: u32,
    /// What went wrong, without secrets.
    pub error: String,
    /// When the next attempt is due.
    pub retry_at: Timestamp,
    pub at: Timestamp,
}

/// Why the usage of a build cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionFault {
    /// No pod is annotated with the build's number.
    PodMissing,
    /// The pod's annotations do not name the build.
    AnnotationMissing,
    /// No requests, no memory limit, or not in the expected unit.
    ResourcesMissing,
    SeriesMissing,
    /// A series has a mean or a deviation that is 0 or not a number.
    SeriesUnusable,
    /// The machine it ran on is not described.
    NodeMissing,
    /// The build's times do not span any time.
    TimesUnusable,
}

/// `build.collection_failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionFailed {
    /// Which collection this ends.
    pub collection: u32,
    pub fault: CollectionFault,
    /// What exactly was found, for people.
    pub detail: String,
    pub at: Timestamp,
}

/// `build.collection_abandoned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionAbandoned {
    /// Which collection this ends.
    pub collection: u32,
    /// How many attempts were made.
    pub attempts: u32,
    /// What went wrong at the last, without secrets.
    pub error: String,
    pub at: Timestamp,
}

/// `build.collection_requeued`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRequeued {
    /// The collection that this begins.
    pub collection: u32,
    pub at: Timestamp,
}

/// `build.out_of_memory`: a censored observation; the build needed at least its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutOfMemory {
    /// Which collection this ends.
    pub collection: u32,
    pub pod: String,
    /// The machine's name, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    pub spec: BuiltSpec,
    pub stack: String,
    /// How many jobs `make` was allowed.
    pub build_jobs: u32,
    /// Which try this was, from 0.
    pub retry_count: u32,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// Bytes that were requested for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<f64>,
    /// Bytes it was limited to.
    pub memory_limit: f64,
    /// The largest sample in bytes, when there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_peak: Option<f64>,
    /// The evidence: `container_status`, `failure_reason` or `exit_code`; `import:gantry` in a
    /// history that was taken over.
    pub evidence: String,
    pub at: Timestamp,
}

impl OutOfMemory {
    /// Whether it comes from the history of another service.
    #[must_use]
    pub fn was_imported(&self) -> bool {
        self.evidence.starts_with("import:")
    }
}
