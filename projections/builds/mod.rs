//! Views of the context `builds`: builds, what they used, and the machines and packages behind them.

pub mod build;
pub mod collections;
pub mod nodes;
pub mod packages;
pub mod usage;

use crate::engine::Kind;

/// The views of this context.
pub(crate) fn views() -> Vec<Kind> {
    vec![
        Kind::of(build::BuildsFold::default),
        Kind::of(usage::UsageFold::default),
        Kind::of(packages::PackagesFold::default),
        Kind::of(nodes::NodesFold::default),
        Kind::of(collections::CollectionsFold::default),
    ]
}
