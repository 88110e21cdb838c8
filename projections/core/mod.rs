//! Views of the context `core`, which every other context may read: tokens and the audit.

pub mod audit;
pub mod tokens;
