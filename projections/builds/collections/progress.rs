//! How the collection of one build's usage goes, from the events of its stream.

use domain::builds::build::{BuildEvent, BuildStatus, CollectionFault, SkipReason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::stored::time;

/// The progress of the collection of one build's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which collection: 1, and one more for every requeue.
    pub collection: u32,
    pub state: CollectionState,
    /// How many attempts of this collection have failed.
    pub attempt: u32,
    /// When it is due next; meaningful only before its outcome.
    #[serde(with = "time")]
    pub due_at: Timestamp,
    /// What went wrong at the last attempt, or what the outcome found.
    pub detail: Option<String>,
}

/// The state of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CollectionState {
    /// It waits for its first attempt.
    Queued,
    /// An attempt failed, and it waits for the next.
    Retrying,
    Done(Outcome),
}

/// How a collection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// The usage is known.
    Recorded,
    Skipped(SkipReason),
    /// It cannot be known.
    Failed(CollectionFault),
    /// The last attempt failed as well.
    Abandoned,
    /// The build was killed for memory.
    OutOfMemory,
}

impl CollectionState {
    /// Every text of [`CollectionState::as_str`].
    pub const WORDS: [&'static str; 7] = [
        "abandoned",
        "failed",
        "out_of_memory",
        "queued",
        "recorded",
        "retrying",
        "skipped",
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Done(Outcome::Recorded) => "recorded",
            Self::Done(Outcome::Skipped(_)) => "skipped",
            Self::Done(Outcome::Failed(_)) => "failed",
            Self::Done(Outcome::Abandoned) => "abandoned",
            Self::Done(Outcome::OutOfMemory) => "out_of_memory",
        }
    }

    /// Why it was skipped or failed.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Done(Outcome::Skipped(reason)) => Some(match reason {
                SkipReason::NotSuccessful => "not_successful",
                SkipReason::Stage => "stage",
                SkipReason::NoRunner => "no_runner",
                SkipReason::RunnerPrefix => "runner_prefix",
                SkipReason::Ghost => "ghost",
                SkipReason::NotConfigured => "not_configured",
                SkipReason::SuspectedOutOfMemory => "suspected_out_of_memory",
            }),
            Self::Done(Outcome::Failed(fault)) => Some(match fault {
                CollectionFault::PodMissing => "pod_missing",
                CollectionFault::AnnotationMissing => "annotation_missing",
                CollectionFault::ResourcesMissing => "resources_missing",
                CollectionFault::SeriesMissing => "series_missing",
                CollectionFault::SeriesUnusable => "series_unusable",
                CollectionFault::NodeMissing => "node_missing",
                CollectionFault::TimesUnusable => "times_unusable",
            }),
            Self::Done(Outcome::Recorded | Outcome::Abandoned | Outcome::OutOfMemory)
            | Self::Queued
            | Self::Retrying => None,
        }
    }

    /// Whether it waits to be worked on.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Retrying)
    }
}

impl Progress {
    /// The progress after an event, from the progress before.
    ///
    /// A build is queued once, at the first report of its end; a second such report, or one after
    /// the outcome, changes nothing. Events of an earlier collection are ignored.
    pub(crate) fn after(before: Option<&Self>, event: &BuildEvent) -> Option<Self> {
        match event {
            BuildEvent::Reported(reported) => {
                let enters = before.is_none() && BuildStatus::text_is_terminal(&reported.status);
                enters.then(|| Self::queued(1, reported.at))
            }
            BuildEvent::CollectionRequeued(requeued) => {
                let is_next = before.is_none_or(|before| requeued.collection > before.collection);
                is_next.then(|| Self::queued(requeued.collection, requeued.at))
            }
            BuildEvent::CollectionAttempted(attempted) => {
                let before = before.filter(|before| before.collection == attempted.collection);
                let before = before.filter(|before| before.state.is_waiting())?;
                Some(Self {
                    state: CollectionState::Retrying,
                    attempt: attempted.attempt.max(before.attempt),
                    due_at: attempted.retry_at,
                    detail: Some(attempted.error.clone()),
                    ..before.clone()
                })
            }
            BuildEvent::UsageRecorded(usage) => {
                Self::ended(before, usage.collection, Outcome::Recorded, None, usage.at)
            }
            BuildEvent::CollectionSkipped(skipped) => {
                let outcome = Outcome::Skipped(skipped.reason);
                Self::ended(
                    before,
                    skipped.collection,
                    outcome,
                    Some(&skipped.detail),
                    skipped.at,
                )
            }
            BuildEvent::CollectionFailed(failed) => {
                let outcome = Outcome::Failed(failed.fault);
                Self::ended(
                    before,
                    failed.collection,
                    outcome,
                    Some(&failed.detail),
                    failed.at,
                )
            }
            BuildEvent::CollectionAbandoned(gave_up) => {
                let ended = Self::ended(
                    before,
                    gave_up.collection,
                    Outcome::Abandoned,
                    Some(&gave_up.error),
                    gave_up.at,
                )?;
                Some(Self {
                    attempt: gave_up.attempts,
                    ..ended
                })
            }
            BuildEvent::OutOfMemory(killed) => Self::ended(
                before,
                killed.collection,
                Outcome::OutOfMemory,
                Some(&killed.evidence),
                killed.at,
            ),
        }
    }

    fn queued(collection: u32, at: Timestamp) -> Self {
        Self {
            collection,
            state: CollectionState::Queued,
            attempt: 0,
            due_at: at,
            detail: None,
        }
    }

    /// The first outcome of a collection counts, whatever comes later.
    fn ended(
        before: Option<&Self>,
        collection: u32,
        outcome: Outcome,
        detail: Option<&String>,
        at: Timestamp,
    ) -> Option<Self> {
        let is_news = match before {
            // An imported build has usage and was never queued.
            None => true,
            Some(before) if before.collection == collection => before.state.is_waiting(),
            Some(before) => collection > before.collection,
        };
        let attempt = before
            .filter(|before| before.collection == collection)
            .map_or(0, |before| before.attempt);
        is_news.then(|| Self {
            collection,
            state: CollectionState::Done(outcome),
            attempt,
            due_at: before.map_or(at, |before| before.due_at),
            detail: detail.cloned(),
        })
    }
}
