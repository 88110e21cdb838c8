//! Who wants which runs killed.

use domain::jobs::kill_request::{KillReason, KillRequestEvent, KillRequestFacts};
use eventlog::{Position, StreamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use super::{RunRow, Runs, RunsFold};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Reader, RowAsOf, Rows, ViewReader, stream};

pub(super) const ROW: u8 = b'k';
const BY_RUN: u8 = b'K';
/// Those of which no worker has taken note.
pub(super) const PENDING: u8 = b'd';
/// How many there are for the runs of each job.
pub(super) const COUNT: u8 = b'q';

/// One kill request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillRequestRow {
    pub number: u64,
    pub run: u64,
    /// The job of the run; none when the run is unknown.
    pub job: Option<u64>,
    #[serde(with = "time")]
    pub schedule_at: Timestamp,
    /// When the worker took note of it.
    #[serde(with = "time::option")]
    pub enqueued_at: Option<Timestamp>,
    /// When the worker killed the run.
    #[serde(with = "time::option")]
    pub executed_at: Option<Timestamp>,
    /// Why, when no user requested it.
    pub reason: Option<KillReason>,
    /// The last event about it.
    pub position: Position,
    /// When the log took that.
    #[serde(with = "time")]
    pub updated_at: Timestamp,
}

impl KillRequestRow {
    /// The request after an event; none when it was never created. The caller gives the job of its
    /// run.
    pub(crate) fn after(
        before: Option<&Self>,
        number: u64,
        event: &KillRequestEvent,
        envelope: &Envelope<'_>,
    ) -> Option<Self> {
        let facts = match (event, before) {
            (KillRequestEvent::Requested(data), _) => KillRequestFacts::asked(data),
            (_, Some(before)) => {
                let mut facts = KillRequestFacts {
                    run: before.run,
                    schedule_at: before.schedule_at,
                    enqueued_at: before.enqueued_at,
                    executed_at: before.executed_at,
                    reason: before.reason,
                };
                facts.evolve(event);
                facts
            }
            (_, None) => return None,
        };
        Some(Self {
            number,
            run: facts.run,
            job: before.and_then(|before| before.job),
            schedule_at: facts.schedule_at,
            enqueued_at: facts.enqueued_at,
            executed_at: facts.executed_at,
            reason: facts.reason,
            position: envelope.position,
            updated_at: envelope.recorded_at,
        })
    }

    /// Whether it concerns the current start of a run. A run is not killed for the duration of an
    /// earlier start.
    #[must_use]
    pub(super) fn concerns(&self, run: &RunRow) -> bool {
        let asked = run.timed_out.map(|data| data.kill_request);
        match self.reason {
            None => true,
            Some(KillReason::TimedOut { .. }) => asked == Some(self.number),
        }
    }

    /// Whether its worker has not taken note of it.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.enqueued_at.is_none() && self.executed_at.is_none()
    }
}

/// The kill requests alone, for one of them as of then: of which job its run is, is not known.
pub struct KillRequestView(Runs);

impl ViewReader for KillRequestView {
    type Fold = RunsFold;

    fn over(reader: Reader) -> Self {
        Self(Runs::over(reader))
    }
}

impl RowAsOf for KillRequestView {
    type Key = u64;
    type Row = KillRequestRow;

    fn streams(number: &u64) -> Vec<StreamName> {
        stream("kill_request", number)
    }

    fn row(&self, number: &u64) -> Answer<Option<KillRequestRow>> {
        self.0.kill_request(*number)
    }
}

/// Writes what differs between a kill request before and after.
pub(super) fn write(before: Option<&KillRequestRow>, after: &KillRequestRow, rows: &mut Rows<'_>) {
    let number = after.number;
    if let Some(before) = before
        && before.run != after.run
    {
        rows.delete(run_key(before.run, number));
    }
    rows.put_bytes(run_key(after.run, number), tables::Value::new());
    match (
        before.is_some_and(KillRequestRow::is_pending),
        after.is_pending(),
    ) {
        (false, true) => rows.put(pending_key(number), &number),
        (true, false) => rows.delete(pending_key(number)),
        _ => {}
    }
    rows.put(row_key(number), after);
}

pub(super) fn row_key(number: u64) -> Key {
    KeyBuilder::new(ROW).u64(number).build()
}

pub(super) fn by_run(run: u64) -> KeyBuilder {
    KeyBuilder::new(BY_RUN).u64(run)
}

fn run_key(run: u64, number: u64) -> Key {
    by_run(run).u64(number).build()
}

fn pending_key(number: u64) -> Key {
    KeyBuilder::new(PENDING).u64(number).build()
}
