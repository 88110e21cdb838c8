//! What is metered.
/// placeholder
pub(crate) struct Observed;
/// placeholder
pub(crate) fn observe() {}
