//! Views of the context `jobs`: runs, and the roster of who executes them for whom.

pub mod roster;
pub mod runs;
