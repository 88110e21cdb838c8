//! Which bodies were refused, and what became of them?

use domain::BlobRef;
use domain::core::audit::AuditEvent;
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::list::{List, ListFold, ListQuery, ListView, Order, place};
use crate::engine::listing::{Cursor, Listing};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope};

/// A body that was refused and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRow {
    /// Where its bytes are.
    pub body: BlobRef,
    pub dialect: String,
    pub source: String,
    /// What was wrong, every fault at once.
    pub errors: Vec<String>,
    /// The headers that a resubmission needs.
    pub headers: Vec<(String, String)>,
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// When it was last refused or submitted again.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// How often an operator submitted it again.
    pub resubmissions: u32,
    /// Whether it was accepted in the end.
    pub accepted: bool,
    pub first: Position,
    /// The position of the last event about it.
    pub position: Position,
}

/// The list of all refused bodies.
#[derive(Debug)]
pub struct RefusedBodyList;

/// Reads refused bodies.
pub type RefusedBodies = List<RefusedBodyList>;

/// Folds refused bodies.
pub type RefusedBodiesFold = ListFold<RefusedBodyList>;

impl ListView for RefusedBodyList {
    type Event = AuditEvent;
    type Key = String;
    type Row = BodyRow;

    const NAME: &'static str = "refused_bodies";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    const HOME: Order<BodyRow> = Order::new(b"t", |row, start| {
        Some(place(row.first_at, row.first).end_of(start))
    });

    fn wants(event_type: &str) -> bool {
        matches!(event_type, "audit.body_refused" | "audit.body_resubmitted")
    }

    fn key_of(event: &AuditEvent, envelope: &Envelope<'_>) -> Option<String> {
        match event {
            AuditEvent::BodyRefused(refused) => Some(refused.body.digest.clone()),
            AuditEvent::BodyResubmitted(_) => {
                let digest = envelope.stream.key().strip_prefix("body:")?;
                Some(digest.to_owned())
            }
            _ => None,
        }
    }

    fn row_key(digest: &String, start: KeyBuilder) -> Key {
        start.str(digest).build()
    }

    fn change(
        row: &mut Option<BodyRow>,
        _: &String,
        event: &AuditEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        let position = envelope.position;
        match (event, row) {
            (AuditEvent::BodyRefused(refused), row) => {
                let before = row.as_ref();
                *row = Some(BodyRow {
                    body: refused.body.clone(),
                    dialect: refused.dialect.clone(),
                    source: refused.source.clone(),
                    errors: refused.errors.clone(),
                    headers: refused.headers.clone(),
                    first_at: before.map_or(refused.at, |row| row.first_at),
                    at: refused.at,
                    resubmissions: before.map_or(0, |row| row.resubmissions),
                    accepted: before.is_some_and(|row| row.accepted),
                    first: before.map_or(position, |row| row.first),
                    position,
                });
                true
            }
            (AuditEvent::BodyResubmitted(again), Some(row)) => {
                row.resubmissions += 1;
                row.accepted |= again.accepted;
                row.at = again.at;
                row.position = position;
                true
            }
            _ => false,
        }
    }
}

impl RefusedBodies {
    /// A page of refused bodies, those that were first refused last first.
    pub fn list(&self, cursor: &Cursor, limit: usize) -> Answer<Listing<BodyRow>> {
        self.page(&ListQuery::default(), cursor, limit)
    }
}
