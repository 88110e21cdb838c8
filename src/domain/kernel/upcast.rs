//! Old shapes become new ones on the way in, so that everyone past this point sees only the newest.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// An event's data, field by field.
///
/// The values stay texts, because a step that does not touch a field must not touch its bytes
/// either: the body of a report is kept as it was sent, and would not survive a detour over
/// `serde_json::Value`.
pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

/// Carries data from the version it was written in to the newest, one step at a time.
pub(crate) fn to_newest(
    (event_type, version, newest): (&str, u16, u16),
    data: &str,
    step: impl Fn(&str, u16, Fields) -> Fields,
) -> Result<String, serde_json::Error> {
    let old: Fields = serde_json::from_str(data)?;
    let new = (version..newest).fold(old, |fields, version| step(event_type, version, fields));
    serde_json::to_string(&new)
}

/// Whether a shape is a part of the newest one, which has more fields that may be missing, or more
/// cases. It is read like the newest then: a detour over its fields costs several times as much,
/// and changes nothing.
pub(crate) fn is_still_read(event_type: &str, version: u16) -> bool {
    matches!(
        (event_type, version),
        // v1 suspected nothing.
        ("build.collection_skipped", 1)
        // v1 had only the old server's fields.
        | ("job.created" | "job.edited", 1)
        // v1 was always requested by a user.
        | ("kill_request.requested", 1)
        // v1 was always the first attempt.
        | ("run.scheduled", 1)
    )
}

/// One step up. Steps are never rewritten once released.
#[expect(
    clippy::match_single_binding,
    reason = "a table that grows with the first new version"
)]
pub(crate) fn step(event_type: &str, version: u16, fields: Fields) -> Fields {
    match (event_type, version) {
        _ => fields,
    }
}

#[cfg(test)]
mod tests;
