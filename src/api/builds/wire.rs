//! Builds and what they used, as this API shows them. Rows of views change with what they answer;
//! these shapes do not.

mod build;
mod farm;

pub use build::{Build, Collection, CollectionCount, UsageSummary};
pub use farm::{Node, Package, Quantiles, Resource, Usage, Version, Waste};
