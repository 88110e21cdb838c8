//! Finding out whether a build failed because it was killed for memory.

use domain::build::SkipReason;

use super::queries::{Missed, Questions};
use super::{Collector, Facts, Outcome};
use crate::prometheus::{Prometheus, Series};
use crate::usage::{
    Annotated, Evidence, Killed, Limits, Requests, out_of_memory, pod_name, says_out_of_memory,
};

/// How runners write that the kernel ended a job: 128 + SIGKILL.
const EXIT_CODES: [&str; 2] = ["exit code 137", "exit status 137"];

impl Collector {
    pub(super) async fn find_killed(
        &self,
        prometheus: &Prometheus,
        facts: &Facts,
    ) -> Result<Outcome, Missed> {
        let reason = facts.failure_reason.as_deref();
        let told = reason.is_some_and(says_out_of_memory);
        let times = match facts.times() {
            Ok(times) => times,
            Err(shortfall) if told => return Err(shortfall.into()),
            Err(shortfall) => return Ok(not_for_memory(&shortfall.detail)),
        };
        let ask = Questions::new(prometheus, times);
        let pods = ask.pods(facts.number).await?;
        self.faults.reached("pod_found").await;
        let Some(evidence) = self.evidence(&ask, facts, &pods, told).await? else {
            // Scrapes of the end may still be on their way.
            let settled = times.finished_at.checked_add(self.settle);
            return Ok(match settled {
                Ok(settled) if self.clock().now() < settled => Outcome::NotYet(settled),
                _ => not_for_memory("nothing says that memory was why"),
            });
        };
        let annotated = Annotated::read(&pods)?;
        let limits = Limits::read(&ask.limits(&annotated.pod).await?)?;
        let requests = ask.requests(&annotated.pod).await?;
        let memory = ask.memory(&annotated.pod).await?;
        self.faults.reached("measured").await;
        let killed = Killed {
            annotated,
            memory_request: Requests::memory_alone(&requests),
            limits,
            memory,
            evidence,
        };
        let event = out_of_memory(&facts.told(times), killed, self.clock().now());
        Ok(Outcome::OutOfMemory(Box::new(event)))
    }

    /// What tells that memory was why: what Kubernetes saw, else what the source said, else the job's log.
    async fn evidence(
        &self,
        ask: &Questions<'_>,
        facts: &Facts,
        pods: &[Series],
        told: bool,
    ) -> Result<Option<Evidence>, Missed> {
        // Without a pod there is no limit to learn, so that more evidence would be of no use.
        let seen = match pod_name(pods) {
            Ok(pod) => Some(ask.was_killed(pod).await?),
            Err(_) => None,
        };
        Ok(match seen {
            Some(true) => Some(Evidence::ContainerStatus),
            _ if told => Some(Evidence::FailureReason),
            Some(false) if self.log_says(facts, &EXIT_CODES).await? => Some(Evidence::ExitCode),
            _ => None,
        })
    }
}

fn not_for_memory(detail: &str) -> Outcome {
    Outcome::skipped(SkipReason::NotSuccessful, &format!("it failed; {detail}"))
}
