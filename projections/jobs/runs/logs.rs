//! Logs of runs: the place of the text, not the text.

use domain::jobs::run_log::RunLogEvent;
use domain::{BlobRef, Event, JobsEvent, LongText};
use eventlog::{Position, ReadError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::Envelope;
use crate::engine::history::{History, decode};
use crate::engine::stored::time;

/// Rows, by the number of the run. Lists read them backwards.
pub(super) const ROW: u8 = b'L';
/// The run of each log, by the log's number.
const BY_NUMBER: u8 = b'x';
/// How many there are of the runs of each job.
pub(super) const COUNT: u8 = b'p';

/// One log. Its text is in the event at `content_position`, or in the blob store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLogRow {
    pub number: u64,
    pub run: u64,
    /// The job of the run; none when the run is unknown.
    pub job: Option<u64>,
    /// How many bytes it has; none when it has no content.
    pub size: Option<u64>,
    /// Where it is when it is too long for an event.
    pub blob: Option<BlobRef>,
    /// The event with its current text.
    pub content_position: Position,
    #[serde(with = "time")]
    pub written_at: Timestamp,
    /// When it was last written.
    #[serde(with = "time")]
    pub updated_at: Timestamp,
}

impl RunLogRow {
    /// The log after an event; none when it was never written. The caller gives the job of its run.
    pub(super) fn after(
        before: Option<&Self>,
        run: u64,
        event: &RunLogEvent,
        envelope: &Envelope<'_>,
    ) -> Option<Self> {
        let (number, content, at, written_at) = match (event, before) {
            (RunLogEvent::Written(data), _) => (data.number, &data.content, data.at, data.at),
            (RunLogEvent::Replaced(data), Some(before)) => {
                (before.number, &data.content, data.at, before.written_at)
            }
            (RunLogEvent::Replaced(_), None) => return None,
        };
        Some(Self {
            number,
            run,
            job: before.and_then(|before| before.job),
            size: content.as_ref().map(size),
            blob: content.as_ref().and_then(LongText::blob).cloned(),
            content_position: envelope.position,
            written_at,
            updated_at: at,
        })
    }
}

fn size(content: &LongText) -> u64 {
    match content {
        LongText::Inline(text) => text.len() as u64,
        LongText::Blob(blob) => blob.size,
    }
}

impl History {
    /// The content of a run's log; none when it has none, or is not at the position that its row names.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn content_of(&self, row: &RunLogRow) -> Result<Option<LongText>, ReadError> {
        if row.size.is_none() || row.blob.is_some() {
            return Ok(row.blob.clone().map(LongText::Blob));
        }
        let recorded = self.get(row.content_position).await?;
        let event = recorded.and_then(|recorded| decode(&recorded).ok());
        Ok(match event {
            Some((Event::Jobs(JobsEvent::RunLog(RunLogEvent::Written(data))), _)) => data.content,
            Some((Event::Jobs(JobsEvent::RunLog(RunLogEvent::Replaced(data))), _)) => data.content,
            _ => None,
        })
    }
}

pub(super) fn row_key(run: u64) -> Key {
    KeyBuilder::new(ROW).u64(run).build()
}

pub(super) fn number_key(number: u64) -> Key {
    KeyBuilder::new(BY_NUMBER).u64(number).build()
}
