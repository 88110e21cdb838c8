//! Which blob an event names.

use domain::audit::AuditEvent;
use domain::build::BuildEvent;
use domain::{BlobRef, Event};
use eventlog::Recorded;

/// The blob that an event names, if it names one and can be read.
///
/// Few events do, so whatever does not hold the word is not parsed.
pub(crate) fn blob_of(event: &Recorded) -> Option<BlobRef> {
    if !std::str::from_utf8(&event.data).is_ok_and(|text| text.contains("\"digest\"")) {
        return None;
    }
    blob_in(&Event::decode(event.event_type.as_str(), event.version, &event.data).ok()?).cloned()
}

/// The blob that an event names.
pub(crate) fn blob_in(event: &Event) -> Option<&BlobRef> {
    match event {
        Event::Build(BuildEvent::Reported(reported)) => reported.body_blob.as_ref(),
        Event::Audit(AuditEvent::BodyRefused(refused)) => Some(&refused.body),
        Event::Build(_)
        | Event::Audit(_)
        | Event::Node(_)
        | Event::Token(_)
        | Event::Allocation(_)
        | Event::Numbers(_) => None,
    }
}
