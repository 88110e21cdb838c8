//! The example file, which is also where the defaults come from: what is documented is what holds.

/// `ops/tallyman.example.toml`: every key with its default and an explanation; keys without a
/// default are commented out.
pub(crate) const EXAMPLE: &str = include_str!("../../ops/tallyman.example.toml");
