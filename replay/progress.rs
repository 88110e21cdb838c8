//! How far long work is.

use serde::Serialize;

/// How far long work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub done: u64,
    /// How much there is, when that is known. It may be an estimate.
    pub total: Option<u64>,
    pub unit: Unit,
}

/// What a [`Progress`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Events of a log; the total counts positions, of which a filter may admit fewer.
    Events,
    /// Bytes of an input on disk.
    Bytes,
    /// Rows of a foreign database.
    Rows,
}

/// Receives the progress of the work, at most a few times a second. It must not block.
pub type Watch<'w> = dyn Fn(Progress) + Send + Sync + 'w;

/// For callers who do not want to know.
pub fn unwatched(_: Progress) {}
