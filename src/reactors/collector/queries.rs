//! The Prometheus queries about a build.

use std::time::Duration;

use domain::builds::build::CollectionFault;
use jiff::Timestamp;

use crate::AskError;
use crate::frame::Trouble;
use crate::prometheus::{Prometheus, Series, selector, single_quoted};
use crate::usage::{Shortfall, Times};

/// How long after the end of a build its container may show as terminated: scrapes come late, and
/// Prometheus itself looks back five minutes for a last sample.
const AFTERMATH: Duration = Duration::from_secs(300);

/// Why something was not found out.
pub(super) enum Missed {
    Trouble(Trouble),
    /// It cannot be found out.
    Short(Shortfall),
}

impl From<Shortfall> for Missed {
    fn from(shortfall: Shortfall) -> Self {
        Self::Short(shortfall)
    }
}

/// The queries about one build.
pub(super) struct Questions<'a> {
    prometheus: &'a Prometheus,
    times: Times,
}

impl<'a> Questions<'a> {
    pub(super) fn new(prometheus: &'a Prometheus, times: Times) -> Self {
        Self { prometheus, times }
    }

    pub(super) async fn pods(&self, job: i64) -> Result<Vec<Series>, Missed> {
        let job = job.to_string();
        let query = selector(
            "kube_pod_annotations",
            &[("annotation_gitlab_ci_job_id", &job)],
        );
        self.instant(CollectionFault::PodMissing, &query).await
    }

    pub(super) async fn requests(&self, pod: &str) -> Result<Vec<Series>, Missed> {
        let query = in_build("kube_pod_container_resource_requests", pod);
        self.instant(CollectionFault::ResourcesMissing, &query)
            .await
    }

    pub(super) async fn limits(&self, pod: &str) -> Result<Vec<Series>, Missed> {
        let query = in_build("kube_pod_container_resource_limits", pod);
        self.instant(CollectionFault::ResourcesMissing, &query)
            .await
    }

    /// The memory of a pod over time, in bytes.
    pub(super) async fn memory(&self, pod: &str) -> Result<Vec<Series>, Missed> {
        let query = in_build("container_memory_working_set_bytes", pod);
        self.range(CollectionFault::SeriesMissing, &query).await
    }

    /// The CPU of a pod over time, in cores.
    pub(super) async fn cpu(&self, pod: &str) -> Result<Vec<Series>, Missed> {
        let pod = single_quoted(pod);
        let total = "container_cpu_usage_seconds_total";
        let query = format!("rate({total}{{pod={pod}, container='build'}}[90s])");
        self.range(CollectionFault::SeriesMissing, &query).await
    }

    /// The identity of a machine.
    pub(super) async fn node_info(&self, node: &str) -> Result<Vec<Series>, Missed> {
        let query = selector("kube_node_info", &[("node", node)]);
        self.instant(CollectionFault::NodeMissing, &query).await
    }

    /// What kind of machine it is.
    pub(super) async fn node_labels(&self, node: &str) -> Result<Vec<Series>, Missed> {
        let query = selector("kube_node_labels", &[("node", node)]);
        self.instant(CollectionFault::NodeMissing, &query).await
    }

    /// Whether Kubernetes saw the container of a pod killed for memory. It shows only after the
    /// end, so the query covers the time from the build's end to the aftermath.
    pub(super) async fn was_killed(&self, pod: &str) -> Result<bool, Missed> {
        let until = self.times.finished_at;
        let until = until.checked_add(AFTERMATH).unwrap_or(Timestamp::MAX);
        for metric in [
            "kube_pod_container_status_last_terminated_reason",
            "kube_pod_container_status_terminated_reason",
        ] {
            let labels = [
                ("reason", "OOMKilled"),
                ("container", "build"),
                ("pod", pod),
            ];
            let query = selector(metric, &labels);
            let answer = self.prometheus.range(&query, self.times.started_at, until);
            let series = missed(answer.await, CollectionFault::SeriesMissing)?;
            // Older kube-state-metrics keep a 0 for every reason that is not it.
            if series
                .iter()
                .flat_map(|one| &one.samples)
                .any(|sample| *sample > 0.0)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn instant(&self, fault: CollectionFault, query: &str) -> Result<Vec<Series>, Missed> {
        missed(
            self.prometheus.instant(query, self.times.middle()).await,
            fault,
        )
    }

    async fn range(&self, fault: CollectionFault, query: &str) -> Result<Vec<Series>, Missed> {
        let Times {
            started_at,
            finished_at,
        } = self.times;
        missed(
            self.prometheus.range(query, started_at, finished_at).await,
            fault,
        )
    }
}

fn in_build(metric: &str, pod: &str) -> String {
    selector(metric, &[("container", "build"), ("pod", pod)])
}

/// A refused query will be refused again: its value is missing then.
fn missed(
    answer: Result<Vec<Series>, AskError>,
    fault: CollectionFault,
) -> Result<Vec<Series>, Missed> {
    answer.map_err(|error| match &error {
        AskError::Transport { .. } => Missed::Trouble(Trouble::Outside(error.to_string())),
        AskError::Answer { .. } => Shortfall::new(fault, error.to_string()).into(),
    })
}
