//! Learns what builds used, once they are over.
//!
//! For every collection that is queued, exactly one outcome is written, found in this order:
//!
//! 1. The [`Rules`] leave it out: `build.collection_skipped`.
//! 2. The log of the job contains `No need to rebuild`: skipped as a ghost. Without a GitLab this
//!    is not checked.
//! 3. Prometheus has its usage: `build.usage_recorded`, after `node.described` when its machine is
//!    new or has changed; or too little of it: `build.collection_failed`.
//! 4. For a failed build, Prometheus, its source or the log of the job shows that it was killed for
//!    memory: `build.out_of_memory`; otherwise it is skipped.
//!
//! Without a Prometheus, a build that the rules do not leave out stays queued until there is one.
//! With one that does not know its source it is skipped as *not configured*. Trouble on the way is
//! an attempt (`build.collection_attempted`), and the last attempt is `build.collection_abandoned`;
//! see [`crate::frame`].

mod config;
mod facts;
mod find;
mod find_killed;
mod outcome;
mod queries;
mod rules;
mod waiting;

use std::time::Duration;

use commands::{Clock, Commands};
use domain::builds::build::{
    Build, BuildCommand, CollectionAbandoned, CollectionAttempted, CollectionFailed,
    CollectionSkipped,
};
use domain::builds::node::{Node, NodeCommand};
use domain::{Actor, Aggregate, Metadata};
use jiff::Timestamp;
use projections::{Builds, Collections, TableError, Views};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::frame::{Failure, FrameConfig, Reaction, Running, Trouble, Verdict, Work};
use crate::gitlab::Gitlab;
use crate::prometheus::Prometheus;
use crate::{ConfigError, Faults};
pub use config::CollectorConfig;
pub use facts::{Facts, Queued};
pub use outcome::Outcome;
pub use rules::{Judged, Rules};
use waiting::Waiting;

/// How many builds are checked together. Most of them are left out without any query, and what is
/// then written goes into the log together.
const LOOKS_MAX: usize = 256;

/// The reactor that learns what builds used.
pub struct Collector {
    commands: Commands,
    views: Views,
    rules: Rules,
    prometheus: Option<Prometheus>,
    gitlab: Option<Gitlab>,
    sources: Vec<String>,
    /// Limits concurrent requests to Prometheus and GitLab.
    asking: Semaphore,
    waiting: Waiting,
    settle: Duration,
    patience: Duration,
    faults: Faults,
}

impl Collector {
    /// Starts it. It ends when `stop` is cancelled, or at once when what is returned is dropped.
    ///
    /// # Errors
    /// When an address, a secret or the expression for stages cannot be used.
    pub fn start(
        commands: Commands,
        views: Views,
        config: CollectorConfig,
        stop: CancellationToken,
    ) -> Result<Running, ConfigError> {
        let changed = views.changed::<Collections>();
        let clock = commands.clock().clone();
        let collector = Self {
            rules: Rules::new(&config.stage, &config.runner_prefixes)?,
            prometheus: config
                .prometheus
                .as_ref()
                .map(Prometheus::new)
                .transpose()?,
            gitlab: config.gitlab.as_ref().map(Gitlab::new).transpose()?,
            sources: config.sources,
            asking: Semaphore::new(config.frame.concurrency),
            waiting: Waiting::default(),
            settle: config.settle,
            patience: config.patience,
            faults: config.faults,
            commands,
            views,
        };
        let frame = FrameConfig {
            concurrency: config.frame.concurrency.max(LOOKS_MAX),
            ..config.frame
        };
        Ok(Running::start(collector, frame, clock, changed, stop))
    }

    /// Whether usage can be collected with this configuration.
    ///
    /// # Errors
    /// As [`Collector::start`].
    pub fn check(config: &CollectorConfig) -> Result<(), ConfigError> {
        Rules::new(&config.stage, &config.runner_prefixes)?;
        config
            .prometheus
            .as_ref()
            .map(Prometheus::new)
            .transpose()?;
        config.gitlab.as_ref().map(Gitlab::new).transpose()?;
        Ok(())
    }

    fn clock(&self) -> &Clock {
        self.commands.clock()
    }

    /// Writes what a collection came to, and waits until the view knows.
    async fn write(&self, work: &Queued, command: BuildCommand) -> Result<Visibility, Trouble> {
        let key = work.key().to_string();
        let outcome = self.execute::<Build>(&key, command).await?;
        let Some(position) = outcome.position() else {
            // Another append was faster, and the view does not include it yet.
            return Ok(Visibility::NotYet);
        };
        self.faults.reached("outcome_written").await;
        let seen = self.views.wait_for::<Collections>(position, self.patience);
        Ok(seen
            .await
            .map_or(Visibility::NotYet, |()| Visibility::Visible))
    }

    async fn execute<A: Aggregate>(
        &self,
        key: &str,
        command: A::Command,
    ) -> Result<commands::Outcome, Trouble> {
        let metadata = metadata();
        let done = self.commands.execute::<A>(key, command, &metadata);
        done.await
            .map_err(|error| Trouble::Inside(error.to_string()))
    }
}

enum Visibility {
    Visible,
    NotYet,
}

impl Reaction for Collector {
    const NAME: &'static str = "collector";
    type Work = Queued;

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Queued>, String> {
        if self.prometheus.is_none() {
            return self.due_without_prometheus(now, limit).await;
        }
        let due = self
            .views
            .ask(move |views| views.of::<Collections>()?.due(now, limit));
        match due.await {
            Ok(due) => Ok(due.into_iter().map(Queued).collect()),
            // The view reports that itself, and wakes us when it is up to date.
            Err(TableError::NotReady { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn next_due(&self) -> Option<Timestamp> {
        let next = self
            .views
            .ask(|views| views.of::<Collections>()?.next_due());
        next.await.ok().flatten()
    }

    async fn queued(&self) -> u64 {
        let counts = self.views.ask(|views| views.of::<Collections>()?.counts());
        let waits = |state: &str| matches!(state, "queued" | "retrying");
        let counts = counts.await.unwrap_or_default().into_iter();
        counts
            .filter(|one| waits(&one.state))
            .map(|one| one.count)
            .sum()
    }

    async fn attempt(&self, work: &Queued) -> Result<Verdict, Trouble> {
        self.faults.reached("begun").await;
        let facts = self.facts(work).await?;
        let outcome = self.find(&facts).await?;
        let kind = outcome.kind();
        let (collection, at) = (work.0.progress.collection, self.clock().now());
        let command = match outcome {
            Outcome::Skipped { reason, detail } => {
                BuildCommand::SkipCollection(CollectionSkipped {
                    collection,
                    reason,
                    detail,
                    at,
                })
            }
            Outcome::Failed(shortfall) => BuildCommand::FailCollection(CollectionFailed {
                collection,
                fault: shortfall.fault,
                detail: shortfall.detail,
                at,
            }),
            Outcome::Recorded { usage, machine } => {
                let uuid = machine.uuid.clone();
                self.execute::<Node>(&uuid, NodeCommand::Describe(*machine))
                    .await?;
                self.faults.reached("node_described").await;
                BuildCommand::RecordUsage(*usage)
            }
            Outcome::OutOfMemory(killed) => BuildCommand::RecordOutOfMemory(*killed),
            Outcome::NotYet(until) => return Ok(Verdict::NotYet(until)),
        };
        Ok(match self.write(work, command).await? {
            Visibility::Visible => Verdict::Done(kind),
            Visibility::NotYet => Verdict::Unseen(kind),
        })
    }

    async fn failed(&self, work: &Queued, failure: Failure) -> Result<(), Trouble> {
        let (collection, at) = (work.0.progress.collection, self.clock().now());
        let Failure {
            attempt,
            error,
            retry_at,
        } = failure;
        self.faults.reached("attempt_failed").await;
        let command = match retry_at {
            Some(retry_at) => BuildCommand::AttemptCollection(CollectionAttempted {
                collection,
                attempt,
                error,
                retry_at,
                at,
            }),
            None => BuildCommand::AbandonCollection(CollectionAbandoned {
                collection,
                attempts: attempt,
                error,
                at,
            }),
        };
        match self.write(work, command).await? {
            Visibility::Visible => Ok(()),
            Visibility::NotYet => Err(Trouble::Inside(
                "the view does not include it yet".to_owned(),
            )),
        }
    }
}

impl Collector {
    /// The row of the build, from a view that is not behind the one that listed it as due.
    async fn facts(&self, work: &Queued) -> Result<Facts, Trouble> {
        let inside = |error: &dyn std::fmt::Display| Trouble::Inside(error.to_string());
        let there = self
            .views
            .wait_for::<Builds>(work.0.position, self.patience);
        there.await.map_err(|behind| inside(&behind))?;
        let key = work.key();
        let row = self.views.ask(move |views| views.of::<Builds>()?.get(&key));
        let row = row.await.map_err(|error| inside(&error))?;
        let row = row.ok_or_else(|| inside(&"the view of builds does not include it"))?;
        Ok(Facts::new(work, row))
    }
}

fn metadata() -> Metadata {
    Metadata {
        actor: Some(Actor::system("collector")),
        dialect: Some("reactor".to_owned()),
        ..Metadata::default()
    }
}
