//! Finding out whether a build failed because it was killed for memory.

use domain::builds::build::SkipReason;

use super::queries::{Missed, Questions};
use super::{Collector, Facts, Outcome};
use crate::frame::Trouble;
use crate::prometheus::{Prometheus, Series};
use crate::usage::{
    Annotated, Evidence, Killed, Limits, Requests, Times, names_another_reason, out_of_memory,
    peak, pod_name, says_out_of_memory,
};

/// How a job ends that the kernel killed: 128 + SIGKILL.
const KILLED: u32 = 137;

/// An exit code shows that a process was killed, and not why. It counts for memory when the highest
/// sample was at least this share of the limit: between two scrapes memory rises fast, but not from
/// nothing.
const NEAR_THE_LIMIT: f64 = 0.75;

/// From this share of its limit on, a build that failed may have lost a process to the kernel.
const AT_THE_LIMIT: f64 = 0.99;

impl Collector {
    pub(super) async fn find_killed(
        &self,
        prometheus: &Prometheus,
        facts: &Facts,
    ) -> Result<Outcome, Missed> {
        let reason = facts.failure_reason.as_deref();
        let data = reason.is_some_and(says_out_of_memory);
        let times = match facts.times() {
            Ok(times) => times,
            Err(shortfall) if data => return Err(shortfall.into()),
            Err(shortfall) => return Ok(not_for_memory(&shortfall.detail)),
        };
        let ask = Questions::new(prometheus, times);
        let pods = ask.pods(facts.number).await?;
        self.faults.reached("pod_found").await;
        match self.evidence(&ask, facts, &pods, data).await? {
            Some(Evidence::ExitCode) => {
                let killed = self.killed(&ask, &pods, Evidence::ExitCode).await?;
                match Nearness::of(&killed.memory, killed.limits.memory) {
                    Nearness::Far(found) => {
                        let detail = format!("it ended with exit code {KILLED}, but {found}");
                        Ok(self.unless_early(times, not_for_memory(&detail)))
                    }
                    Nearness::Unknown | Nearness::Near | Nearness::At(_) => {
                        Ok(self.out_of_memory(facts, times, killed))
                    }
                }
            }
            Some(evidence) => {
                let killed = self.killed(&ask, &pods, evidence).await?;
                Ok(self.out_of_memory(facts, times, killed))
            }
            None => {
                let outcome = suspected(&ask, facts, &pods).await?;
                Ok(self.unless_early(times, outcome))
            }
        }
    }

    fn out_of_memory(&self, facts: &Facts, times: Times, killed: Killed) -> Outcome {
        let event = out_of_memory(&facts.data(times), killed, self.clock().now());
        Outcome::OutOfMemory(Box::new(event))
    }

    /// Scrapes of the end may still be on their way.
    fn unless_early(&self, times: Times, outcome: Outcome) -> Outcome {
        match times.finished_at.checked_add(self.settle) {
            Ok(settled) if self.clock().now() < settled => Outcome::NotYet(settled),
            _ => outcome,
        }
    }

    async fn killed(
        &self,
        ask: &Questions<'_>,
        pods: &[Series],
        evidence: Evidence,
    ) -> Result<Killed, Missed> {
        let annotated = Annotated::read(pods)?;
        let limits = Limits::read(&ask.limits(&annotated.pod).await?)?;
        let requests = ask.requests(&annotated.pod).await?;
        let memory = ask.memory(&annotated.pod).await?;
        self.faults.reached("measured").await;
        Ok(Killed {
            annotated,
            memory_request: Requests::memory_alone(&requests),
            limits,
            memory,
            evidence,
        })
    }

    /// The evidence that memory was the cause: from Kubernetes, else from the source, else from the
    /// runner's last line, unless the source names another reason.
    async fn evidence(
        &self,
        ask: &Questions<'_>,
        facts: &Facts,
        pods: &[Series],
        data: bool,
    ) -> Result<Option<Evidence>, Missed> {
        // Without a pod there is no limit to learn, so that more evidence would be of no use.
        let seen = match pod_name(pods) {
            Ok(pod) => Some(ask.was_killed(pod).await?),
            Err(_) => None,
        };
        Ok(match seen {
            Some(true) => Some(Evidence::ContainerStatus),
            _ if data => Some(Evidence::FailureReason),
            Some(false) if may_be_memory(facts) && self.was_killed_by_log(facts).await? => {
                Some(Evidence::ExitCode)
            }
            _ => None,
        })
    }

    /// Whether the runner's last line names the exit code of a kill. False without a GitLab or a
    /// log.
    async fn was_killed_by_log(&self, facts: &Facts) -> Result<bool, Missed> {
        let Some(gitlab) = &self.gitlab else {
            return Ok(false);
        };
        let found = gitlab.exit_code(facts.number).await;
        let found = found.map_err(|error| Missed::Trouble(Trouble::Outside(error.to_string())))?;
        Ok(found == Some(KILLED))
    }
}

/// How near the memory of a build came to its limit.
enum Nearness {
    /// There are no samples.
    Unknown,
    /// Never near.
    Far(String),
    Near,
    At(String),
}

impl Nearness {
    fn of(memory: &[Series], limit: f64) -> Self {
        let Some(peak) = peak(memory) else {
            return Self::Unknown;
        };
        let found = format!("its memory had a peak of {peak} of {limit} bytes");
        match peak / limit {
            share if share >= AT_THE_LIMIT => Self::At(found),
            share if share >= NEAR_THE_LIMIT => Self::Near,
            _ => Self::Far(found),
        }
    }
}

/// The outcome of a build without evidence of a kill: its memory may suggest that one of its
/// processes was killed.
async fn suspected(ask: &Questions<'_>, facts: &Facts, pods: &[Series]) -> Result<Outcome, Missed> {
    let nothing = || not_for_memory("there is no sign that memory was the reason");
    let pod = match pod_name(pods) {
        Ok(pod) if may_be_memory(facts) => pod,
        _ => return Ok(nothing()),
    };
    let Ok(limits) = Limits::read(&ask.limits(pod).await?) else {
        return Ok(nothing());
    };
    let memory = ask.memory(pod).await?;
    Ok(match Nearness::of(&memory, limits.memory) {
        Nearness::At(found) => {
            let detail = format!("it failed without a reason, and {found}");
            Outcome::skipped(SkipReason::SuspectedOutOfMemory, &detail)
        }
        Nearness::Unknown | Nearness::Far(_) | Nearness::Near => nothing(),
    })
}

fn may_be_memory(facts: &Facts) -> bool {
    let reason = facts.failure_reason.as_deref();
    !reason.is_some_and(names_another_reason)
}

fn not_for_memory(detail: &str) -> Outcome {
    Outcome::skipped(SkipReason::NotSuccessful, &format!("it failed; {detail}"))
}
