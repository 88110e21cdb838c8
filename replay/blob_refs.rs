//! Which bodies in the blob store do events name?

use std::collections::BTreeMap;

use domain::core::audit::AuditEvent;
use domain::{BlobRef, CoreEvent, Event};
use eventlog::{EventLog, Filter, PageLimit, Position, Recorded};

use crate::ToolError;

/// How many events are read at once.
const PAGE_EVENTS: usize = 1000;

/// The digest of every blob that events name, with the position of the first of them. Refused
/// bodies are not among them: they are kept for a while only, elsewhere.
///
/// # Errors
/// When the log cannot be read.
pub async fn named_blobs(log: &dyn EventLog) -> Result<BTreeMap<String, Position>, ToolError> {
    let (mut named, mut after) = (BTreeMap::new(), Position(0));
    let all = Filter::all();
    loop {
        let page = log.read_all(after, &all, PageLimit::events(PAGE_EVENTS));
        let page = page.await?;
        let lasting = |event: &&Recorded| source_of_refused(event).is_none();
        for event in page.events.iter().filter(lasting) {
            for blob in blobs_of(event) {
                named.entry(blob.digest).or_insert(event.position);
            }
        }
        if page.end {
            return Ok(named);
        }
        after = page.next;
    }
}

/// The bodies that an event names. One that cannot be read names none; `replay verify` finds it.
pub(crate) fn blobs_of(event: &Recorded) -> Vec<BlobRef> {
    let event_type = event.event_type.as_str();
    if !Event::type_of(event_type).is_some_and(|known| known.has_blobs) {
        return vec![];
    }
    match Event::decode(event_type, event.version, &event.data) {
        Ok(event) => event.blobs().into_iter().cloned().collect(),
        Err(_) => vec![],
    }
}

/// The source whose refused body an event names. Such a body is kept for a while only, in a folder
/// of its own.
pub(crate) fn source_of_refused(event: &Recorded) -> Option<String> {
    if event.event_type.as_str() != "audit.body_refused" {
        return None;
    }
    match Event::decode(event.event_type.as_str(), event.version, &event.data).ok()? {
        Event::Core(CoreEvent::Audit(AuditEvent::BodyRefused(refused))) => Some(refused.source),
        _ => None,
    }
}

/// Whether the blob of an event may be missing: old refused bodies are deleted.
pub(crate) fn may_be_gone(event: &Event) -> bool {
    matches!(
        event,
        Event::Core(CoreEvent::Audit(AuditEvent::BodyRefused(_)))
    )
}
