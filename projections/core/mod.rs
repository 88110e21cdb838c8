//! Views of the context `core`, which every other context may read: tokens, the audit and refused bodies.

pub mod audit;
pub mod refused_bodies;
pub mod tokens;

use crate::engine::Kind;

/// The views of this context.
pub(crate) fn views() -> Vec<Kind> {
    vec![
        Kind::of(tokens::TokensFold::default),
        Kind::of(audit::AuditFold::default),
        Kind::of(refused_bodies::RefusedBodiesFold::default),
        Kind::of(crate::pulse::PulseFold::default),
    ]
}
