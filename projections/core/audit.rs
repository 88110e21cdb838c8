//! Who changed what, and what was refused?

mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use domain::core::audit::{AuditEvent, BodyRefused};
use domain::{Actor, ActorKind, BlobRef, CoreEvent, Event};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::listing::{Cursor, Listing, Place, Walk};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Projection, Reader, Rows, ViewReader};
use summary::Summary;

/// Every entry, newest first: the keys of the rows are in the order of the list.
const ROW: u8 = b'r';
const BY_TYPE: u8 = b't';
const BY_ACTOR: u8 = b'a';
/// Bodies that were refused, by digest.
const BODY: u8 = b'b';
/// Bodies that were refused, newest first.
const BODY_BY_TIME: u8 = b'c';

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The position of the event.
    pub position: Position,
    /// When the event was appended to the log.
    #[serde(with = "time")]
    pub recorded_at: Timestamp,
    /// The type of the event.
    pub event_type: String,
    /// The stream of the event.
    pub stream: String,
    /// The kind of the actor.
    pub actor_kind: Option<ActorKind>,
    /// The id of the actor.
    pub actor: Option<String>,
    /// The display name of the actor.
    pub actor_display: Option<String>,
    /// The interface: `api`, a dialect, `cli`, …
    pub dialect: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The address of the client.
    pub source_ip: Option<String>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// What the event is about, in one line.
    pub summary: String,
    /// How many more events of this kind were counted and not written.
    pub unwritten: u64,
}

impl AuditRow {
    fn place(&self) -> Place {
        Place {
            time: self.recorded_at.as_microsecond(),
            position: self.position.0,
        }
    }
}

/// A body that was refused and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRow {
    /// Where its bytes are.
    pub body: BlobRef,
    /// The dialect that refused it.
    pub dialect: String,
    /// The source that sent it.
    pub source: String,
    /// What was wrong, every fault at once.
    pub errors: Vec<String>,
    /// The headers that a resubmission needs.
    pub headers: Vec<(String, String)>,
    /// When it was first refused.
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// When it was last refused or submitted again.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// How often an operator submitted it again.
    pub resubmissions: u32,
    /// Whether it was accepted in the end.
    pub accepted: bool,
    /// The position of the first refusal.
    pub first: Position,
    /// The position of the last event about it.
    pub position: Position,
}

/// The fold.
#[derive(Debug, Default)]
pub struct AuditFold;

impl Projection for AuditFold {
    type Event = Event;

    const NAME: &'static str = "audit";
    const VERSION: u32 = 3;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        Event::type_of(event_type).is_some_and(|known| known.audit != domain::Audit::Never)
    }

    fn apply(&mut self, event: &Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        if !is_listed(event, envelope) {
            return;
        }
        if let Event::Core(CoreEvent::Audit(event)) = event {
            take_body(event, envelope, rows);
        }
        let Summary { text, unwritten } = summary::of(event);
        let metadata = envelope.metadata();
        let actor = metadata.actor.as_ref();
        let row = AuditRow {
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
        };
        let place = row.place();
        let key = place.end_of(KeyBuilder::new(ROW));
        rows.put_bytes(place.end_of(type_prefix(&row.event_type)), key.clone());
        for name in actor.into_iter().flat_map(names_of) {
            rows.put_bytes(place.end_of(actor_prefix(&name)), key.clone());
        }
        rows.put(key, &row);
    }
}

/// Whether the audit lists an event: what its type says, and whether a person or the holder of a token caused it.
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

fn take_body(event: &AuditEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
    match event {
        AuditEvent::BodyRefused(refused) => {
            let key = body_key(&refused.body.digest);
            let before: Option<BodyRow> = rows.get(&key);
            let row = refused_again(before.as_ref(), refused, envelope);
            rows.put_bytes(body_place(&row), key.clone());
            rows.put(key, &row);
        }
        AuditEvent::BodyResubmitted(again) => {
            let digest = envelope
                .stream
                .key()
                .strip_prefix("body:")
                .unwrap_or_default();
            let key = body_key(digest);
            if let Some(mut row) = rows.get::<BodyRow>(&key) {
                row.resubmissions += 1;
                row.accepted |= again.accepted;
                row.at = again.at;
                row.position = envelope.position;
                rows.put(key, &row);
            }
        }
        AuditEvent::WebhookRejected(_)
        | AuditEvent::WebhookIgnored(_)
        | AuditEvent::WriteRefused(_)
        | AuditEvent::OperationStarted(_)
        | AuditEvent::LoggedIn(_)
        | AuditEvent::LoginRefused(_) => {}
    }
}

fn refused_again(
    before: Option<&BodyRow>,
    refused: &BodyRefused,
    envelope: &Envelope<'_>,
) -> BodyRow {
    BodyRow {
        body: refused.body.clone(),
        dialect: refused.dialect.clone(),
        source: refused.source.clone(),
        errors: refused.errors.clone(),
        headers: refused.headers.clone(),
        first_at: before.map_or(refused.at, |row| row.first_at),
        at: refused.at,
        resubmissions: before.map_or(0, |row| row.resubmissions),
        accepted: before.is_some_and(|row| row.accepted),
        first: before.map_or(envelope.position, |row| row.first),
        position: envelope.position,
    }
}

fn body_place(row: &BodyRow) -> Key {
    let place = Place {
        time: row.first_at.as_microsecond(),
        position: row.first.0,
    };
    place.end_of(KeyBuilder::new(BODY_BY_TIME))
}

fn body_key(digest: &str) -> Key {
    KeyBuilder::new(BODY).str(digest).build()
}

fn type_prefix(event_type: &str) -> KeyBuilder {
    KeyBuilder::new(BY_TYPE).str(event_type)
}

fn actor_prefix(name: &str) -> KeyBuilder {
    KeyBuilder::new(BY_ACTOR).str(name)
}

/// Every text that [`Actor::is_meant_by`] takes for an actor, except that kind and name have a colon between them.
fn names_of(actor: &Actor) -> BTreeSet<String> {
    let kind = actor.kind.as_str();
    let names = [Some(&actor.id), actor.display.as_ref()];
    let names = names.into_iter().flatten();
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
    /// The type of the event, in full.
    pub event_type: Option<String>,
    /// The actor: an id, a display name, a kind (`worker`), or kind and name (`token:ci`).
    pub actor: Option<String>,
    /// The interface: `api`, a dialect, `cli`, …
    pub dialect: Option<String>,
    /// Recorded at or after this.
    pub since: Option<Timestamp>,
    /// Recorded before this.
    pub until: Option<Timestamp>,
    /// The oldest first.
    pub oldest_first: bool,
}

impl AuditFilter {
    /// Whether a row fits. Rows of other actors are not read at all.
    fn admits(&self, row: &AuditRow) -> bool {
        self.event_type
            .as_ref()
            .is_none_or(|wanted| *wanted == row.event_type)
            && (self.dialect.is_none() || self.dialect == row.dialect)
    }
}

/// Who did what.
#[derive(Clone)]
pub struct Audits {
    reader: Reader,
}

impl ViewReader for Audits {
    type Fold = AuditFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl Audits {
    /// A page of entries, newest first.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(
        &self,
        filter: &AuditFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<AuditRow>> {
        let (prefix, is_index) = match (&filter.actor, &filter.event_type) {
            (Some(actor), _) => (actor_prefix(&typed(actor)), true),
            (None, Some(event_type)) => (type_prefix(event_type), true),
            (None, None) => (KeyBuilder::new(ROW), false),
        };
        let walk = Walk {
            prefix: prefix.as_ref(),
            since: filter.since.map(Timestamp::as_microsecond),
            until: filter.until.map(Timestamp::as_microsecond),
            reverse: filter.oldest_first,
        };
        walk.page(&self.reader, cursor, limit, |_, value| {
            let row: Option<AuditRow> = match is_index {
                true => self.reader.get(value)?,
                false => Some(self.reader.decode(value)?),
            };
            Ok(row.filter(|row| filter.admits(row)))
        })
    }

    /// The refused body with this digest, if one was kept.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn body(&self, digest: &str) -> Answer<Option<BodyRow>> {
        self.reader.get(&body_key(digest))
    }

    /// A page of refused bodies, those that were first refused last first.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn bodies(&self, cursor: &Cursor, limit: usize) -> Answer<Listing<BodyRow>> {
        let walk = Walk::all(&[BODY_BY_TIME]);
        walk.page(&self.reader, cursor, limit, |_, key| self.reader.get(key))
    }
}
