//! Memory keeps every promise of a table.

use super::*;
use crate::conformance;

#[test]
fn memory_keeps_every_promise() {
    conformance::check(|| Arc::new(MemoryTables::new()));
}
