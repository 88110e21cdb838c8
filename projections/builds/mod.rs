//! Views of the context `builds`: builds, what they used, and the machines and packages behind them.

pub mod build;
pub mod collections;
pub mod nodes;
pub mod packages;
pub mod usage;
