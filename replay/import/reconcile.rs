//! Finds out, event by event, what a log has already and what is wrong with the rest.
//!
//! The slow way, for a chunk that is neither all new nor all known: the one in which an interrupted
//! import is taken up again, or the one with the mistake.

use std::collections::{BTreeMap, BTreeSet};

use eventlog::{Position, ReadError, Revision, StreamName};

use super::Import;
use super::known::same;
use crate::ToolError;
use crate::line::IncomingEvent;

/// How an event and the log go together.
enum Standing {
    /// It comes next in its stream.
    Fresh,
    There(Position),
    Refused(String),
}

/// The events of a chunk that are new, up to the first one that is refused, and why that is.
type Sorted = (Vec<(u64, IncomingEvent)>, Option<ToolError>);

impl Import<'_> {
    pub(super) async fn reconcile(
        &mut self,
        events: Vec<(u64, IncomingEvent)>,
    ) -> Result<(), ToolError> {
        let mut heads = self.dry_heads.take().unwrap_or_default();
        let (fresh, refused) = self.sort_out(events, &mut heads).await?;
        if self.report.dry_run {
            self.dry_heads = Some(heads);
            self.report.appended += fresh.len() as u64;
        } else if let Some((line, _)) = fresh.first() {
            let Some((receipts, _)) = self.try_append(&fresh).await? else {
                let reason = "another writer uses these streams or event ids";
                let (line, reason) = (*line, reason.to_owned());
                return Err(ToolError::Line { line, reason });
            };
            self.note(&fresh, &receipts, false);
        }
        refused.map_or(Ok(()), Err)
    }

    async fn sort_out(
        &mut self,
        events: Vec<(u64, IncomingEvent)>,
        heads: &mut BTreeMap<StreamName, Option<Revision>>,
    ) -> Result<Sorted, ToolError> {
        let mut fresh = Vec::new();
        let mut ids = BTreeSet::new();
        for (line, event) in events {
            let head = match heads.get(&event.stream) {
                Some(head) => *head,
                None => self.log.stream_head(&event.stream).await?,
            };
            let standing = if ids.insert(event.event.id) {
                self.standing(&event, head).await?
            } else {
                Standing::Refused(format!("id {} is there twice", event.event.id))
            };
            match standing {
                Standing::Fresh => {
                    heads.insert(event.stream.clone(), Some(event.revision));
                    fresh.push((line, event));
                }
                Standing::There(position) => {
                    heads.insert(event.stream.clone(), head);
                    self.report.already += 1;
                    self.note_place(line, &event, position);
                }
                Standing::Refused(reason) => {
                    return Ok((fresh, Some(ToolError::Line { line, reason })));
                }
            }
        }
        Ok((fresh, None))
    }

    async fn standing(
        &self,
        event: &IncomingEvent,
        head: Option<Revision>,
    ) -> Result<Standing, ReadError> {
        let (stream, revision, id) = (&event.stream, event.revision, event.event.id);
        let next = head.map_or(Revision::FIRST, Revision::next);
        if revision > next {
            let reason = format!("revision {revision} leaves a gap: {stream} continues at {next}");
            return Ok(Standing::Refused(reason));
        }
        if revision == next {
            return Ok(match self.log.find(id).await? {
                None => Standing::Fresh,
                Some(position) => {
                    Standing::Refused(format!("id {id} is already at position {position}"))
                }
            });
        }
        let there = self.log.read_stream(stream, revision, 1).await?;
        Ok(match there.first() {
            Some(there) if same(there, event) => Standing::There(there.position),
            Some(there) => {
                let id = there.id;
                Standing::Refused(format!("{stream} has another event at {revision}: {id}"))
            }
            // Then an earlier line would have put it there.
            None => Standing::Refused(format!("revision {revision} of {stream} is there twice")),
        })
    }
}
