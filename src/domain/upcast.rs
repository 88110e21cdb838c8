//! Old shapes become new ones on the way in, so that everyone past this point sees only the newest.

use serde_json::Value;

/// Carries data from the version it was written in to the newest, one step at a time.
pub(crate) fn to_newest(event_type: &str, version: u16, newest: u16, data: Value) -> Value {
    (version..newest).fold(data, |data, version| step(event_type, version, data))
}

/// One step up. Steps are never rewritten once released.
#[expect(
    clippy::match_single_binding,
    reason = "a table that grows with the first new version"
)]
fn step(event_type: &str, version: u16, data: Value) -> Value {
    match (event_type, version) {
        _ => data,
    }
}
