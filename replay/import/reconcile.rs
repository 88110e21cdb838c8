//! Finds out, event by event, what a log has already and what is wrong with the rest.
//!
//! The slow way, for a chunk that is neither all new nor all known: the one in which an interrupted import
//! is taken up again, or the one with the mistake.

use std::collections::{BTreeMap, BTreeSet};

use eventlog::{Recorded, Revision};

use super::Import;
use crate::ToolError;
use crate::line::IncomingEvent;

impl Import<'_> {
    pub(super) async fn reconcile(
        &mut self,
        events: Vec<(u64, IncomingEvent)>,
    ) -> Result<(), ToolError> {
        let mut heads = self.dry_heads.take().unwrap_or_default();
        let sorted = self.sort_out(events, &mut heads).await;
        let (fresh, refused) = sorted?;
        if self.report.dry_run {
            self.dry_heads = Some(heads);
            self.report.appended += fresh.len() as u64;
        } else if !fresh.is_empty() {
            match self.try_append(&fresh).await? {
                Some((receipts, _)) => self.note(&fresh, &receipts, false),
                None => {
                    let (line, _) = fresh[0];
                    let reason =
                        "somebody else writes to these streams, or uses an id of this batch \
                                  in another stream"
                            .to_owned();
                    return Err(ToolError::Line { line, reason });
                }
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Splits into what is new, up to the first event that is refused, and why that is.
    async fn sort_out(
        &mut self,
        events: Vec<(u64, IncomingEvent)>,
        heads: &mut BTreeMap<eventlog::StreamName, Option<Revision>>,
    ) -> Result<(Vec<(u64, IncomingEvent)>, Option<ToolError>), ToolError> {
        let mut fresh = Vec::new();
        let mut ids = BTreeSet::new();
        for (line, event) in events {
            let head = match heads.get(&event.stream) {
                Some(head) => *head,
                None => self.log.stream_head(&event.stream).await?,
            };
            let refuse = |reason| Some(ToolError::Line { line, reason });
            if !ids.insert(event.event.id) {
                return Ok((
                    fresh,
                    refuse(format!("id {} stands twice in it", event.event.id)),
                ));
            }
            let next = head.map_or(Revision::FIRST, Revision::next);
            if event.revision > next {
                let IncomingEvent {
                    stream, revision, ..
                } = &event;
                let reason =
                    format!("revision {revision} leaves a gap: {stream} goes on at {next}");
                return Ok((fresh, refuse(reason)));
            }
            if event.revision == next {
                if let Some(position) = self.log.find(event.event.id).await? {
                    let reason = format!("id {} stands at position {position}", event.event.id);
                    return Ok((fresh, refuse(reason)));
                }
                heads.insert(event.stream.clone(), Some(event.revision));
                fresh.push((line, event));
                continue;
            }
            let there = self
                .log
                .read_stream(&event.stream, event.revision, 1)
                .await?;
            match there.first() {
                Some(there) if same(there, &event) => {
                    heads.insert(event.stream.clone(), head);
                    self.report.already += 1;
                    self.note_place(line, &event, there.position);
                }
                // Then an earlier line would have put it there.
                None => {
                    let IncomingEvent {
                        stream, revision, ..
                    } = &event;
                    let reason = format!("revision {revision} of {stream} stands twice in it");
                    return Ok((fresh, refuse(reason)));
                }
                Some(there) => {
                    let IncomingEvent {
                        stream, revision, ..
                    } = &event;
                    let id = there.id;
                    let reason = format!("{stream} has another event at revision {revision}: {id}");
                    return Ok((fresh, refuse(reason)));
                }
            }
        }
        Ok((fresh, None))
    }
}

/// Whether the log has this very event at this very place.
pub(super) fn same_place(there: &Recorded, incoming: &IncomingEvent) -> bool {
    Some(there.position) == incoming.position
        && there.stream == incoming.stream
        && there.revision == incoming.revision
        && same(there, incoming)
}

/// Whether the log has this very event.
fn same(there: &Recorded, incoming: &IncomingEvent) -> bool {
    let event = &incoming.event;
    there.id == event.id
        && there.event_type == event.event_type
        && there.version == event.version
        && there.data == event.data
        && there.metadata == event.metadata
}
