//! Views of the context `jobs`: runs, and the roster of who executes them for whom.

pub mod roster;
pub mod runs;

use crate::engine::Kind;

/// The views of this context.
pub(crate) fn views() -> Vec<Kind> {
    vec![
        Kind::of(roster::RosterFold::default),
        Kind::of(runs::RunsFold::default),
    ]
}
