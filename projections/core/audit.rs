//! Who changed what, and what was refused?

mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use domain::{ActorKind, Event};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::list::{Field, List, ListFold, ListQuery, ListView, Order, place};
use crate::engine::listing::{Cursor, Listing, Place};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope};
use summary::Summary;

const TYPE: &[u8] = b"t";
const ACTOR: &[u8] = b"a";
/// Without an index: most entries are of a few dialects.
const DIALECT: &[u8] = b"dialect";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub position: Position,
    /// When the event was appended to the log.
    #[serde(with = "time")]
    pub recorded_at: Timestamp,
    pub event_type: String,
    pub stream: String,
    pub actor_kind: Option<ActorKind>,
    pub actor: Option<String>,
    pub actor_display: Option<String>,
    /// The interface: `api`, a dialect, `cli`, …
    pub dialect: Option<String>,
    pub request_id: Option<String>,
    /// The address of the client.
    pub source_ip: Option<String>,
    /// The actor's reason.
    pub reason: Option<String>,
    /// What the event is about, in one line.
    pub summary: String,
    /// How many more events of this kind were counted and not written.
    pub unwritten: u64,
}

/// The list of all entries.
#[derive(Debug)]
pub struct AuditList;

/// Reads the audit.
pub type Audits = List<AuditList>;

/// Folds the audit.
pub type AuditFold = ListFold<AuditList>;

impl ListView for AuditList {
    type Event = Event;
    type Key = Place;
    type Row = AuditRow;

    const NAME: &'static str = "audit";
    const VERSION: u32 = 4;
    const SHAPE: u32 = 1;

    const HOME: Order<AuditRow> =
        Order::of_rows(|row, start| Some(place(row.recorded_at, row.position).end_of(start)));
    const FIELDS: &'static [Field<AuditRow>] = &[
        Field::many(ACTOR, names_of),
        Field::new(TYPE, |row| Some(&row.event_type)),
        Field::<AuditRow>::new(DIALECT, |row| row.dialect.as_deref()).unindexed(),
    ];

    fn wants(event_type: &str) -> bool {
        Event::type_of(event_type).is_some_and(|known| known.audit != domain::Audit::Never)
    }

    fn key_of(event: &Event, envelope: &Envelope<'_>) -> Option<Place> {
        is_listed(event, envelope).then(|| place(envelope.recorded_at, envelope.position))
    }

    fn row_key(place: &Place, start: KeyBuilder) -> Key {
        place.end_of(start)
    }

    fn change(
        row: &mut Option<AuditRow>,
        _: &Place,
        event: &Event,
        envelope: &Envelope<'_>,
    ) -> bool {
        let Summary { text, unwritten } = summary::of(event);
        let metadata = envelope.metadata();
        let actor = metadata.actor.as_ref();
        *row = Some(AuditRow {
            position: envelope.position,
            recorded_at: envelope.recorded_at,
            event_type: event.event_type().to_owned(),
            stream: envelope.stream.as_str().to_owned(),
            actor_kind: actor.map(|actor| actor.kind),
            actor: actor.map(|actor| actor.id.clone()),
            actor_display: actor.and_then(|actor| actor.display.clone()),
            dialect: metadata.dialect.clone(),
            request_id: metadata.request_id.clone(),
            source_ip: metadata.source_ip.clone(),
            reason: metadata.reason.clone(),
            summary: text,
            unwritten,
        });
        true
    }
}

/// Whether the audit lists an event: by its type, and by whether a person or the holder of a token
/// caused it.
fn is_listed(event: &Event, envelope: &Envelope<'_>) -> bool {
    match Event::type_of(event.event_type()).map(|known| known.audit) {
        Some(domain::Audit::Always) => true,
        Some(domain::Audit::ByHand) => {
            let actor = envelope.metadata().actor.as_ref();
            actor.is_some_and(|actor| {
                use ActorKind as K;
                matches!(actor.kind, K::User | K::Token | K::Operator)
            })
        }
        Some(domain::Audit::Never) | None => false,
    }
}

/// Every text that [`domain::Actor::is_meant_by`] takes for the actor, except that kind and name have a colon
/// between them.
fn names_of(row: &AuditRow) -> BTreeSet<String> {
    let Some(kind) = row.actor_kind.map(ActorKind::as_str) else {
        return BTreeSet::new();
    };
    let names = [&row.actor, &row.actor_display].into_iter().flatten();
    let all = names.flat_map(|name| [name.clone(), format!("{kind}:{name}")]);
    all.chain([kind.to_owned()]).collect()
}

/// The text of [`names_of`] for what a caller typed: `token ci` is `token:ci`.
fn typed(actor: &str) -> String {
    match actor.split_once(' ') {
        Some((kind, name)) if ActorKind::ALL.iter().any(|known| known.as_str() == kind) => {
            format!("{kind}:{name}")
        }
        _ => actor.to_owned(),
    }
}

/// Filters of a list; every one must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub event_type: Option<String>,
    /// The actor: an id, a display name, a kind (`worker`), or kind and name (`token:ci`).
    pub actor: Option<String>,
    /// The interface: `api`, a dialect, `cli`, …
    pub dialect: Option<String>,
    /// Recorded at or after this.
    pub since: Option<Timestamp>,
    /// Recorded before this.
    pub until: Option<Timestamp>,
    pub oldest_first: bool,
}

impl Audits {
    /// A page of entries, newest first.
    pub fn list(
        &self,
        filter: &AuditFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<AuditRow>> {
        let actor = filter.actor.as_deref().map(typed);
        let query = ListQuery {
            since: filter.since,
            until: filter.until,
            oldest_first: filter.oldest_first,
            ..ListQuery::by(&[
                (ACTOR, &actor),
                (TYPE, &filter.event_type),
                (DIALECT, &filter.dialect),
            ])
        };
        self.page(&query, cursor, limit)
    }
}
