//! How much happens, of what, and when?

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::builds::allocation::AllocationEvent;
use domain::builds::build::{BuildEvent, BuildStatus};
use domain::{BuildsEvent, CoreEvent, Event};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, KeyReader, Range};

use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Projection, Reader, Rows, ViewReader};

/// How many events there are of each type.
const TYPE: u8 = b't';
const HOUR: u8 = b'h';

const HOUR_SECONDS: i64 = 3600;

/// The most hours that one answer tells of: a leap year.
pub const HOURS_MAX: usize = 366 * 24;

/// What happened in one hour of the log's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourCounts {
    pub events: u64,
    pub reports: u64,
    /// Reports that a build succeeded.
    pub succeeded: u64,
    /// Reports that a build failed.
    pub failed: u64,
    /// Reports that a build was canceled or skipped.
    pub dropped: u64,
    /// Collections that ended with a usage record.
    pub recorded: u64,
    /// Collections that found nothing of interest.
    pub skipped: u64,
    /// Collections that failed for good or were given up.
    pub lost: u64,
    /// Attempts of collections that failed and will be repeated.
    pub attempts: u64,
    /// Builds that were killed for memory.
    pub out_of_memory: u64,
    /// Recorded answers to how much a build needs.
    pub answered: u64,
    /// Requests and webhooks that were refused or ignored, those included that were not written one by one.
    pub refused: u64,
}

/// One hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hour {
    #[serde(with = "time")]
    pub begins_at: Timestamp,
    #[serde(flatten)]
    pub counts: HourCounts,
}

/// How many events there are of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeCount {
    pub event_type: String,
    pub count: u64,
}

/// The fold. It counts in memory within a page, and adds to the rows at its end.
#[derive(Debug, Default)]
pub struct PulseFold {
    types: BTreeMap<&'static str, i64>,
    hours: BTreeMap<i64, HourCounts>,
}

impl Projection for PulseFold {
    type Event = Event;

    const NAME: &'static str = "pulse";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn apply(&mut self, event: &Event, envelope: &Envelope<'_>, _: &mut Rows<'_>) {
        *self.types.entry(event.event_type()).or_default() += 1;
        let hour = envelope.recorded_at.as_second().div_euclid(HOUR_SECONDS);
        let counts = self.hours.entry(hour).or_default();
        counts.events += 1;
        match event {
            Event::Builds(BuildsEvent::Build(event)) => counts.take_build(event),
            Event::Core(CoreEvent::Audit(event)) => counts.take_audit(event),
            Event::Builds(BuildsEvent::Allocation(AllocationEvent::Answered(_))) => {
                counts.answered += 1;
            }
            // Anything else counts as an event and no more.
            _ => {}
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        for (event_type, by) in std::mem::take(&mut self.types) {
            rows.count(KeyBuilder::new(TYPE).str(event_type).build(), by);
        }
        for (hour, counts) in std::mem::take(&mut self.hours) {
            let key = hour_key(hour);
            let before: HourCounts = rows.get(&key).unwrap_or_default();
            rows.put(key, &before.plus(counts));
        }
    }
}

impl HourCounts {
    fn take_build(&mut self, event: &BuildEvent) {
        match event {
            BuildEvent::Reported(reported) => {
                self.reports += 1;
                match BuildStatus::parse(&reported.status) {
                    BuildStatus::Success => self.succeeded += 1,
                    BuildStatus::Failed => self.failed += 1,
                    BuildStatus::Canceled | BuildStatus::Skipped => self.dropped += 1,
                    _ => {}
                }
            }
            BuildEvent::UsageRecorded(_) => self.recorded += 1,
            BuildEvent::CollectionSkipped(_) => self.skipped += 1,
            BuildEvent::CollectionAttempted(_) => self.attempts += 1,
            BuildEvent::CollectionFailed(_) | BuildEvent::CollectionAbandoned(_) => self.lost += 1,
            BuildEvent::OutOfMemory(_) => self.out_of_memory += 1,
            BuildEvent::CollectionRequeued(_) => {}
        }
    }

    fn take_audit(&mut self, event: &domain::core::audit::AuditEvent) {
        use domain::core::audit::AuditEvent as A;
        self.refused += match event {
            A::WebhookRejected(rejected) => 1 + rejected.unwritten,
            A::WebhookIgnored(ignored) => 1 + ignored.unwritten,
            A::WriteRefused(refused) => 1 + refused.unwritten,
            A::BodyRefused(_) => 1,
            A::LoginRefused(refused) => 1 + refused.unwritten,
            A::BodyResubmitted(_) | A::OperationStarted(_) | A::LoggedIn(_) => 0,
        };
    }

    fn plus(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            reports: self.reports + other.reports,
            succeeded: self.succeeded + other.succeeded,
            failed: self.failed + other.failed,
            dropped: self.dropped + other.dropped,
            recorded: self.recorded + other.recorded,
            skipped: self.skipped + other.skipped,
            lost: self.lost + other.lost,
            attempts: self.attempts + other.attempts,
            out_of_memory: self.out_of_memory + other.out_of_memory,
            answered: self.answered + other.answered,
            refused: self.refused.saturating_add(other.refused),
        }
    }
}

fn hour_key(hour: i64) -> Key {
    KeyBuilder::new(HOUR).i64_descending(hour).build()
}

/// How much happens.
#[derive(Clone)]
pub struct Pulse {
    reader: Reader,
}

impl ViewReader for Pulse {
    type Fold = PulseFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl Pulse {
    /// How many events there are of each type, by its name.
    pub fn types(&self) -> Answer<Vec<TypeCount>> {
        let mut types = Vec::new();
        for (key, value) in self.reader.scan(Range::prefix(&[TYPE]))? {
            let count: i64 = self.reader.decode(&value)?;
            if let Some(event_type) = KeyReader::new(TYPE, &key).and_then(|mut key| key.str()) {
                let count = u64::try_from(count).unwrap_or_default();
                types.push(TypeCount { event_type, count });
            }
        }
        Ok(types)
    }

    /// The last hours in which anything happened, newest first, at most [`HOURS_MAX`].
    pub fn hours(&self, limit: usize) -> Answer<Vec<Hour>> {
        let range = Range::prefix(&[HOUR]).limit(limit.min(HOURS_MAX));
        let mut hours = Vec::new();
        for (key, value) in self.reader.scan(range)? {
            let counts = self.reader.decode(&value)?;
            let hour = KeyReader::new(HOUR, &key).and_then(|mut key| key.u64_descending());
            // Descending and shifted, as `i64_descending` wrote it.
            let hour = hour.map(|hour| (hour ^ (1 << 63)).cast_signed());
            let begins_at = hour.and_then(|hour| Timestamp::from_second(hour * HOUR_SECONDS).ok());
            hours.extend(begins_at.map(|begins_at| Hour { begins_at, counts }));
        }
        Ok(hours)
    }
}
