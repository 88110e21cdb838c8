//! Which builds are collected, and from where.

use std::time::Duration;

use crate::Faults;
use crate::frame::FrameConfig;
use crate::gitlab::GitlabConfig;
use crate::prometheus::PrometheusConfig;

/// Which builds are collected, and from where.
#[derive(Clone, Debug)]
pub struct CollectorConfig {
    /// Who knows what builds used (`PROMETHEUS_URL`, `PROMETHEUS_COOKIE`).
    pub prometheus: Option<PrometheusConfig>,
    /// Who has the logs of jobs (`GITLAB_URL`, `GITLAB_API_TOKEN`).
    pub gitlab: Option<GitlabConfig>,
    /// Whose builds those two know, by name of the source. When empty, every source but those of
    /// another instance (`source@host`), whose numbers mean other builds here.
    pub sources: Vec<String>,
    /// Stages that build packages, as a regular expression.
    pub stage: String,
    /// Runners whose description begins like this are not part of the cluster that is measured.
    pub runner_prefixes: Vec<String>,
    /// How long after its end a failed build may still turn out to have been killed for memory:
    /// what Prometheus scrapes comes late. Only a build about which nothing was found waits that
    /// long.
    pub settle: Duration,
    /// How long views may take to show what was written.
    pub patience: Duration,
    /// How much at once, how often, how long.
    pub frame: FrameConfig,
    /// Where to die, for tests.
    pub faults: Faults,
}

impl Default for CollectorConfig {
    /// No Prometheus, stages `stage-<number>`, runners without the prefix `uo`.
    fn default() -> Self {
        Self {
            prometheus: None,
            gitlab: None,
            sources: Vec::new(),
            stage: r"^stage-\d+$".to_owned(),
            runner_prefixes: vec!["uo".to_owned()],
            settle: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            frame: FrameConfig::default(),
            faults: Faults::default(),
        }
    }
}
