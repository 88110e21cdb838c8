//! Finding out what a build used.

use std::time::Duration;

use domain::builds::build::{CollectionFault, SkipReason};
use domain::builds::node::Described;
use jiff::Timestamp;

use super::queries::{Missed, Questions};
use super::rules::Judged;
use super::{Collector, Facts, Outcome};
use crate::frame::Trouble;
use crate::gitlab::{JobLog, Search};
use crate::outside::clipped;
use crate::prometheus::Prometheus;
use crate::usage::{
    Annotated, DETAIL_CHARS_MAX, Limits, Machine, Measured, Requests, Shortfall, describe, recorded,
};

/// How soon a build is looked at again of which the queue did not know yet that it waits for a
/// Prometheus.
const PASSED_OVER_SOON: Duration = Duration::from_secs(1);

/// The text in the log of a job that found its package in a mirror and built nothing.
const GHOST: &str = "No need to rebuild";

impl Collector {
    pub(super) async fn find(&self, facts: &Facts) -> Result<Outcome, Trouble> {
        let judged = self.rules.judge(facts);
        let failed = match judged {
            Judged::LeftOut { reason, detail } => return Ok(Outcome::Skipped { reason, detail }),
            Judged::Succeeded => false,
            Judged::Failed => true,
        };
        let Some(prometheus) = &self.prometheus else {
            // The queue passes it over as soon as it knows no less of the build.
            let soon = self.clock().now().checked_add(PASSED_OVER_SOON);
            return Ok(Outcome::NotYet(soon.unwrap_or(Timestamp::MAX)));
        };
        if !self.knows(&facts.source) {
            let source = clipped(&facts.source, DETAIL_CHARS_MAX);
            let detail = format!("no Prometheus is configured for the source {source}");
            return Ok(Outcome::skipped(SkipReason::NotConfigured, &detail));
        }
        // Builds that the rules leave out do not wait for those that need an outside service.
        let _place = self.asking.acquire().await;
        let found = if failed {
            self.find_killed(prometheus, facts).await
        } else {
            self.find_used(prometheus, facts).await
        };
        found.or_else(|missed| match missed {
            Missed::Short(shortfall) => Ok(Outcome::Failed(shortfall)),
            Missed::Trouble(trouble) => Err(trouble),
        })
    }

    /// Another instance numbers its builds alike, and what is found under such a number is another
    /// build's.
    fn knows(&self, source: &str) -> bool {
        if self.sources.is_empty() {
            !source.contains('@')
        } else {
            self.sources.iter().any(|known| known == source)
        }
    }

    async fn find_used(&self, prometheus: &Prometheus, facts: &Facts) -> Result<Outcome, Missed> {
        if self.log_says(facts, &[GHOST]).await? {
            let detail = format!("its log says `{GHOST}`");
            return Ok(Outcome::skipped(SkipReason::Ghost, &detail));
        }
        self.faults.reached("log_read").await;
        let times = facts.times()?;
        let ask = Questions::new(prometheus, times);
        let annotated = Annotated::read(&ask.pods(facts.number).await?)?;
        self.faults.reached("pod_found").await;
        let pod = annotated.pod.as_str();
        let requests = Requests::read(&ask.requests(pod).await?)?;
        let limits = Limits::read(&ask.limits(pod).await?)?;
        let memory = ask.memory(pod).await?;
        let cpu = ask.cpu(pod).await?;
        self.faults.reached("measured").await;
        let machine = self.machine(&ask, &limits).await?;
        let measured = Measured {
            machine: Machine {
                uuid: machine.uuid.clone(),
                hostname: machine.hostname.clone(),
            },
            annotated,
            requests,
            limits,
            memory,
            cpu,
        };
        let usage = recorded(&facts.data(times), measured, self.clock().now())?;
        self.faults.reached("machine_found").await;
        Ok(Outcome::Recorded {
            usage: Box::new(usage),
            machine: Box::new(machine),
        })
    }

    async fn machine(&self, ask: &Questions<'_>, limits: &Limits) -> Result<Described, Missed> {
        let hostname = limits.node.as_deref().ok_or_else(|| {
            let detail = "its limits do not name a node";
            Shortfall::new(CollectionFault::NodeMissing, detail)
        })?;
        let info = ask.node_info(hostname).await?;
        let labels = ask.node_labels(hostname).await?;
        Ok(describe(hostname, &info, &labels, self.clock().now())?)
    }

    /// Whether the log of the job contains any of these. Without GitLab or a log it does not.
    pub(super) async fn log_says(&self, facts: &Facts, texts: &[&str]) -> Result<bool, Missed> {
        let Some(gitlab) = &self.gitlab else {
            return Ok(false);
        };
        let found = gitlab.search(facts.number, Search::for_any(texts)).await;
        let found = found.map_err(|error| Missed::Trouble(Trouble::Outside(error.to_string())))?;
        if found == JobLog::Missing {
            let job = facts.number;
            tracing::info!(job, "job {job} has no log; collection continues without it");
        }
        Ok(found.says_so())
    }
}
