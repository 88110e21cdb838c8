//! What an event that cannot be decoded leaves behind.

use eventlog::Position;
use serde::Serialize;

/// An event that no decoder knows. The folds go on without it, because what comes after it is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoldFault {
    pub position: Position,
    pub reason: String,
}
