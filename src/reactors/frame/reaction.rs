//! What a reactor does, as the frame sees it.

use std::fmt;
use std::future::Future;

use jiff::Timestamp;

/// A piece of work that a view lists as due.
pub trait Work: Clone + Send + Sync + 'static {
    /// Its identity; one is never in progress twice at once.
    type Key: Ord + Clone + fmt::Display + Send + Sync + 'static;

    fn key(&self) -> Self::Key;

    /// How many attempts the log knows of.
    fn attempts(&self) -> u32;
}

/// What came of an attempt that met no trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, durably, and the view includes it. The text is the label of its counter.
    Done(&'static str),
    /// It is done, but the view does not know yet; it is left alone for a while.
    Unseen(&'static str),
    /// It is too early; not before then.
    NotYet(Timestamp),
}

/// What an attempt met. The texts go into the log or its shadow and hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The world outside did not answer. Counts as an attempt.
    Outside(String),
    /// Our own log or views were busy. Does not count as an attempt.
    Inside(String),
}

/// An attempt that failed outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What went wrong.
    pub error: String,
    /// When the next one is due; none after the last.
    pub retry_at: Option<Timestamp>,
}

/// What a reactor does. All it knows is in the log, so that it may end at any moment.
pub trait Reaction: Send + Sync + 'static {
    /// What it is called in logs and meters.
    const NAME: &'static str;

    type Work: Work;

    /// What is due, the longest waiting first, `limit` at most.
    fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self::Work>, String>> + Send;

    /// When the earliest of all is due, if any is queued.
    fn next_due(&self) -> impl Future<Output = Option<Timestamp>> + Send;

    /// How many are queued, due or not.
    fn queued(&self) -> impl Future<Output = u64> + Send;

    /// One attempt. May be dropped at any `await`, and repeated whatever it had done by then.
    fn attempt(&self, work: &Self::Work) -> impl Future<Output = Result<Verdict, Trouble>> + Send;

    /// Writes down that an attempt failed; after the last one that the work is abandoned.
    fn failed(
        &self,
        work: &Self::Work,
        failure: Failure,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;
}
