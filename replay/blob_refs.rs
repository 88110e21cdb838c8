//! Which blob an event names.

use std::collections::BTreeMap;

use domain::audit::AuditEvent;
use domain::build::BuildEvent;
use domain::job::JobEvent;
use domain::job_template::JobTemplateEvent;
use domain::run_log::RunLogEvent;
use domain::{BlobRef, Event};
use eventlog::{EventLog, Filter, PageLimit, Position, Recorded};

use crate::ToolError;

/// How many events are read at once.
const PAGE_EVENTS: usize = 1000;

/// The digest of every blob that events name, with the position of the first of them. Refused bodies are not among
/// them: they are kept for a while only, elsewhere.
///
/// # Errors
/// When the log cannot be read.
pub async fn named_blobs(log: &dyn EventLog) -> Result<BTreeMap<String, Position>, ToolError> {
    let (mut named, mut after) = (BTreeMap::new(), Position(0));
    let all = Filter::all();
    loop {
        let page = log.read_all(after, &all, PageLimit::events(PAGE_EVENTS));
        let page = page.await?;
        for event in &page.events {
            if let Some(blob) = blob_of(event)
                && source_of_refused(event).is_none()
            {
                named.entry(blob.digest).or_insert(event.position);
            }
        }
        if page.end {
            return Ok(named);
        }
        after = page.next;
    }
}

/// The blob that an event names, if it names one and can be read.
///
/// Few events do, so whatever does not hold the word is not parsed.
pub(crate) fn blob_of(event: &Recorded) -> Option<BlobRef> {
    if !std::str::from_utf8(&event.data).is_ok_and(|text| text.contains("\"digest\"")) {
        return None;
    }
    blob_in(&Event::decode(event.event_type.as_str(), event.version, &event.data).ok()?).cloned()
}

/// The source whose refused body an event names. Such a body is kept for a while only, in a folder of its own.
pub(crate) fn source_of_refused(event: &Recorded) -> Option<String> {
    if event.event_type.as_str() != "audit.body_refused" {
        return None;
    }
    match Event::decode(event.event_type.as_str(), event.version, &event.data).ok()? {
        Event::Audit(AuditEvent::BodyRefused(refused)) => Some(refused.source),
        _ => None,
    }
}

/// Whether what an event names may be gone: refused bodies make way for newer ones.
pub(crate) fn may_be_gone(event: &Event) -> bool {
    matches!(event, Event::Audit(AuditEvent::BodyRefused(_)))
}

/// The blob that an event names.
pub(crate) fn blob_in(event: &Event) -> Option<&BlobRef> {
    match event {
        Event::Build(BuildEvent::Reported(reported)) => reported.body_blob.as_ref(),
        Event::Audit(AuditEvent::BodyRefused(refused)) => Some(&refused.body),
        Event::Job(JobEvent::Created(created)) => created.script.blob(),
        Event::Job(JobEvent::Edited(edited)) => edited.script.as_ref()?.blob(),
        Event::JobTemplate(JobTemplateEvent::Created(created)) => created.body.blob(),
        Event::JobTemplate(JobTemplateEvent::Edited(edited)) => edited.body.as_ref()?.blob(),
        Event::RunLog(RunLogEvent::Written(written)) => written.content.as_ref()?.blob(),
        Event::RunLog(RunLogEvent::Replaced(replaced)) => replaced.content.as_ref()?.blob(),
        Event::Build(_)
        | Event::Audit(_)
        | Event::Node(_)
        | Event::Token(_)
        | Event::Allocation(_)
        | Event::Numbers(_)
        | Event::Group(_)
        | Event::Job(_)
        | Event::JobTemplate(_)
        | Event::KillRequest(_)
        | Event::Mail(_)
        | Event::Name(_)
        | Event::Project(_)
        | Event::Run(_)
        | Event::User(_)
        | Event::Worker(_)
        | Event::WorkerPool(_) => None,
    }
}
