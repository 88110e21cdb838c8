//! A build, as the API shows it.

use ::projections::builds::build::BuildRow;
use ::projections::builds::collections::{CollectionRow, Progress};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A build, its usage and the collection of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Build {
    /// Its name: `source:number`.
    #[schema(example = "default:9892514")]
    pub build: String,
    /// The source that numbered it.
    pub source: String,
    /// Its number at the source.
    pub build_id: i64,
    /// Its status, as the source calls it.
    #[schema(example = "success")]
    pub status: String,
    /// The stage of the pipeline.
    pub stage: Option<String>,
    /// The name of its job at the source.
    pub name: Option<String>,
    /// The git ref.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// When the source created it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// When it started.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Seconds from start to end, when both are known.
    pub duration_seconds: Option<f64>,
    /// The number of its runner at the source.
    pub runner_id: Option<i64>,
    /// The name of its runner.
    pub runner: Option<String>,
    /// The pipeline it belongs to.
    pub pipeline_id: Option<i64>,
    /// The project's number.
    pub project_id: Option<i64>,
    /// The project's path or display name.
    pub project: Option<String>,
    /// The source's failure reason; meaningless unless the build failed.
    pub failure_reason: Option<String>,
    /// Number of retried builds with its name.
    pub retries_count: Option<i64>,
    /// The address of the instance that reported it.
    pub instance: Option<String>,
    /// The package it built and where it ran.
    pub usage: Option<UsageSummary>,
    /// The collection of its usage; none before the build has ended.
    pub collection: Option<Collection>,
    /// Number of reports that were received.
    pub reports: u32,
    /// When its first event was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
    /// When its last event was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Position of its last event.
    pub position: u64,
}

/// The package of a build and its machine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsageSummary {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The stack it belongs to.
    pub stack: String,
    /// The name of the machine, when it is known.
    pub hostname: Option<String>,
}

/// The collection of a build's usage.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Collection {
    /// The build.
    pub build: String,
    /// Number of the collection: 1, and one more for every requeue.
    pub collection: u32,
    /// `queued`, `retrying`, `recorded`, `skipped`, `failed`, `abandoned` or `out_of_memory`.
    pub state: &'static str,
    /// The reason, if it was skipped or failed.
    pub reason: Option<&'static str>,
    /// Number of failed attempts.
    pub attempt: u32,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Explanation in plain text.
    pub detail: Option<String>,
}

/// Number of collections with a state and reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CollectionCount {
    /// The state.
    pub state: String,
    /// The reason, if there is one.
    pub reason: Option<String>,
    /// Number of collections.
    pub count: u64,
}

impl Build {
    /// Shows a build.
    #[must_use]
    pub fn of(row: BuildRow) -> Self {
        let build = row.key.to_string();
        let span = row.started_at.zip(row.finished_at);
        Self {
            source: row.key.source().to_owned(),
            build_id: row.key.number(),
            status: row.status,
            stage: row.stage,
            name: row.name,
            git_ref: row.git_ref,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            duration_seconds: span.map(|(start, end)| end.duration_since(start).as_secs_f64()),
            runner_id: row.runner_id,
            runner: row.runner,
            pipeline_id: row.pipeline_id,
            project_id: row.project_id,
            project: row.project,
            failure_reason: row.failure_reason,
            retries_count: row.retries_count,
            instance: row.instance,
            usage: row.usage.map(|usage| UsageSummary {
                package: usage.package,
                version: usage.version,
                stack: usage.stack,
                hostname: usage.hostname,
            }),
            collection: row
                .collection
                .map(|progress| Collection::of_progress(&build, progress)),
            reports: row.reports,
            seen_at: row.seen_at,
            updated_at: row.updated_at,
            position: row.position.0,
            build,
        }
    }
}

impl Collection {
    /// Shows a collection.
    #[must_use]
    pub fn of(row: CollectionRow) -> Self {
        Self::of_progress(&row.key.to_string(), row.progress)
    }

    fn of_progress(build: &str, progress: Progress) -> Self {
        Self {
            build: build.to_owned(),
            collection: progress.collection,
            state: progress.state.as_str(),
            reason: progress.state.reason(),
            attempt: progress.attempt,
            due_at: progress.due_at,
            detail: progress.detail,
        }
    }
}
