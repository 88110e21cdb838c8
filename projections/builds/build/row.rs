//! What is known of one build.

use domain::builds::build::{BuildEvent, BuildKey, OutOfMemory, Reported, Runner, UsageRecorded};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::standing::Standing;
use crate::builds::collections::Progress;
use crate::engine::Envelope;
use crate::engine::stored::time;

/// What is known of one build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildRow {
    pub key: BuildKey,
    /// Its status, as its source calls it; that of its usage when no report came.
    pub status: String,
    /// The stage of the pipeline; none for an imported build.
    pub stage: Option<String>,
    /// What the job is called.
    pub name: Option<String>,
    pub git_ref: String,
    #[serde(with = "time::option")]
    pub created_at: Option<Timestamp>,
    #[serde(with = "time::option")]
    pub started_at: Option<Timestamp>,
    #[serde(with = "time::option")]
    pub finished_at: Option<Timestamp>,
    /// The number of its runner at the source.
    pub runner_id: Option<i64>,
    pub runner: Option<String>,
    pub pipeline_id: Option<i64>,
    /// The project's number.
    pub project_id: Option<i64>,
    /// The project's path or display name.
    pub project: Option<String>,
    /// The source's failure reason; meaningful only for a failed build.
    pub failure_reason: Option<String>,
    /// How many builds of its name had been retried.
    pub retries_count: Option<i64>,
    /// The address of the instance that reported it.
    pub instance: Option<String>,
    /// What it built and used.
    pub usage: Option<UsageSummary>,
    /// The state of the collection of its usage; none before it is over.
    pub collection: Option<Progress>,
    /// How many reports of it came.
    pub reports: u32,
    /// The time of its first event.
    #[serde(with = "time")]
    pub seen_at: Timestamp,
    /// That event's position.
    pub first: Position,
    /// The time of its last event.
    #[serde(with = "time")]
    pub updated_at: Timestamp,
    /// That event's position.
    pub position: Position,
    standing: Option<Standing>,
}

/// What a build was and used, in short. CPU in cores, memory in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageSummary {
    pub package: String,
    pub version: String,
    pub stack: String,
    /// The name of the machine, when it is known.
    pub hostname: Option<String>,
    /// The machine's `system_uuid`, when it is known.
    pub node: Option<String>,
    /// How many jobs `make` was allowed.
    pub build_jobs: u32,
    /// Cores that were requested.
    pub cpu_request: Option<f64>,
    /// Mean of the cores it used; none when it was killed for memory.
    pub cpu_mean: Option<f64>,
    /// The most cores it used.
    pub cpu_max: Option<f64>,
    /// Bytes that were requested.
    pub memory_request: Option<f64>,
    /// Bytes it was limited to.
    pub memory_limit: Option<f64>,
    /// Mean of the bytes it used.
    pub memory_mean: Option<f64>,
    /// The highest sample of memory in bytes.
    pub memory_max: Option<f64>,
    /// Whether it was killed because it needed more memory than it was allowed.
    pub out_of_memory: bool,
}

impl BuildRow {
    /// How long it waited for a runner, in seconds; none when its times are missing or
    /// contradictory.
    #[must_use]
    pub fn queued_seconds(&self) -> Option<f64> {
        seconds(self.created_at, self.started_at)
    }

    /// How long it ran, in seconds; none when its times are missing or contradictory.
    #[must_use]
    pub fn duration_seconds(&self) -> Option<f64> {
        seconds(self.started_at, self.finished_at)
    }

    /// The row after an event, given the row before.
    pub(crate) fn after(
        before: Option<Self>,
        key: &BuildKey,
        event: &BuildEvent,
        envelope: &Envelope<'_>,
    ) -> Self {
        let mut row = before.unwrap_or_else(|| Self::begin(key.clone(), envelope));
        row.updated_at = envelope.recorded_at;
        row.position = envelope.position;
        if let Some(progress) = Progress::after(row.collection.as_ref(), event) {
            row.collection = Some(progress);
        }
        match event {
            BuildEvent::Reported(reported) => row.take_report(reported),
            BuildEvent::UsageRecorded(usage) => row.take_usage(usage),
            BuildEvent::OutOfMemory(killed) => row.take_kill(killed),
            BuildEvent::CollectionSkipped(_)
            | BuildEvent::CollectionAttempted(_)
            | BuildEvent::CollectionFailed(_)
            | BuildEvent::CollectionAbandoned(_)
            | BuildEvent::CollectionRequeued(_) => {}
        }
        row
    }

    fn begin(key: BuildKey, envelope: &Envelope<'_>) -> Self {
        Self {
            key,
            status: String::new(),
            stage: None,
            name: None,
            git_ref: String::new(),
            created_at: None,
            started_at: None,
            finished_at: None,
            runner_id: None,
            runner: None,
            pipeline_id: None,
            project_id: None,
            project: None,
            failure_reason: None,
            retries_count: None,
            instance: None,
            usage: None,
            collection: None,
            reports: 0,
            seen_at: envelope.recorded_at,
            first: envelope.position,
            updated_at: envelope.recorded_at,
            position: envelope.position,
            standing: None,
        }
    }

    /// The most advanced report defines the status; any other fills missing fields.
    fn take_report(&mut self, reported: &Reported) {
        self.reports += 1;
        let standing = Standing::of(reported);
        let leads = self.standing.as_ref().is_none_or(|known| *known < standing);
        if leads {
            self.status.clone_from(&reported.status);
            self.git_ref.clone_from(&reported.git_ref);
            self.stage = Some(reported.stage.clone());
            self.standing = Some(standing);
        }
        let runner = reported.runner.as_ref();
        fill(&mut self.name, reported.name.as_ref(), leads);
        fill(&mut self.created_at, reported.created_at.as_ref(), leads);
        fill(&mut self.started_at, reported.started_at.as_ref(), leads);
        fill(&mut self.finished_at, reported.finished_at.as_ref(), leads);
        fill(
            &mut self.runner_id,
            runner.and_then(|runner: &Runner| runner.id.as_ref()),
            leads,
        );
        fill(
            &mut self.runner,
            runner.map(|runner| &runner.description),
            leads,
        );
        fill(&mut self.pipeline_id, reported.pipeline_id.as_ref(), leads);
        fill(&mut self.project_id, reported.project_id.as_ref(), leads);
        fill(&mut self.project, reported.project.as_ref(), leads);
        fill(
            &mut self.failure_reason,
            reported.failure_reason.as_ref(),
            leads,
        );
        fill(
            &mut self.retries_count,
            reported.retries_count.as_ref(),
            leads,
        );
        fill(&mut self.instance, reported.instance.as_ref(), leads);
    }

    fn take_usage(&mut self, usage: &UsageRecorded) {
        if self.standing.is_none() {
            self.status.clone_from(&usage.status);
            self.git_ref.clone_from(&usage.git_ref);
        }
        fill(&mut self.started_at, Some(&usage.started_at), false);
        fill(&mut self.finished_at, Some(&usage.finished_at), false);
        self.usage = Some(UsageSummary {
            package: usage.spec.name.clone(),
            version: usage.spec.version.clone(),
            stack: usage.stack.clone(),
            hostname: usage.hostname.clone(),
            node: usage.node.clone(),
            build_jobs: usage.build_jobs,
            cpu_request: usage.cpu.request,
            cpu_mean: Some(usage.cpu.mean),
            cpu_max: Some(usage.cpu.max),
            memory_request: usage.memory.request,
            memory_limit: usage.memory.limit,
            memory_mean: Some(usage.memory.mean),
            memory_max: Some(usage.memory.max),
            out_of_memory: false,
        });
    }

    fn take_kill(&mut self, killed: &OutOfMemory) {
        fill(&mut self.started_at, Some(&killed.started_at), false);
        fill(&mut self.finished_at, Some(&killed.finished_at), false);
        self.usage = Some(UsageSummary {
            package: killed.spec.name.clone(),
            version: killed.spec.version.clone(),
            stack: killed.stack.clone(),
            hostname: killed.hostname.clone(),
            node: None,
            build_jobs: killed.build_jobs,
            cpu_request: None,
            cpu_mean: None,
            cpu_max: None,
            memory_request: killed.memory_request,
            memory_limit: Some(killed.memory_limit),
            memory_mean: None,
            memory_max: killed.memory_peak,
            out_of_memory: true,
        });
    }
}

fn fill<T: Clone>(known: &mut Option<T>, reported: Option<&T>, leads: bool) {
    if let Some(reported) = reported
        && (leads || known.is_none())
    {
        *known = Some(reported.clone());
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    let seconds = to?.duration_since(from?).as_secs_f64();
    (seconds >= 0.0).then_some(seconds)
}
