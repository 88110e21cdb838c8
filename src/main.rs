//! The `tallyman` binary.
fn main() {}
