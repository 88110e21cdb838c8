//! Views of the context `core`, which every other context may read: tokens, the audit and refused bodies.

pub mod audit;
pub mod refused_bodies;
pub mod tokens;
