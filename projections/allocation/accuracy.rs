//! How good were the answers, for what the builds then used?
//!
//! Recorded answers are joined with the builds of the same spec that started after them: a build
//! had the newest answer that was given before it started. The recorded answer of a second
//! strategy, which was not returned, is scored on the same build.

mod join;
mod score;
#[cfg(test)]
mod tests;

use domain::BuildsEvent;
use domain::builds::allocation::{AllocationEvent, Answered};
use domain::builds::build::BuildEvent;
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Range};

use crate::allocation::sample_of;
use crate::engine::listing::{self, Cursor, Listing, Walk};
use crate::engine::{Answer, Envelope, Projection, Reader, Rows, ViewReader};
use join::{Given, Said};

pub use score::AccuracyScore;

/// What was answered about a spec lately.
const SAID: u8 = b'a';
/// The scores of all builds of one who answered.
const TOTAL: u8 = b't';
/// The scores of one package's builds.
const PACKAGE: u8 = b'p';

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Answerer {
    pub strategy: String,
    /// The trained model, if it was one.
    pub model: Option<String>,
    /// Whether the answer was not returned.
    pub shadow: bool,
}

/// The accuracy of one answerer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccuracyRow {
    /// Who answered.
    pub answerer: Answerer,
    /// For which package; none for all of them.
    pub package: Option<String>,
    pub score: AccuracyScore,
    /// The position of the last build that was scored.
    pub position: Position,
}

/// The fold.
#[derive(Debug, Default)]
pub struct AccuracyFold {
    /// Whether anything was ever recorded: where nothing is, builds cost nothing here.
    recorded: bool,
}

impl Projection for AccuracyFold {
    type Event = BuildsEvent;

    const NAME: &'static str = "accuracy";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        matches!(
            event_type,
            "allocation.answered" | "build.usage_recorded" | "build.out_of_memory"
        )
    }

    fn apply(&mut self, event: &BuildsEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        match event {
            BuildsEvent::Allocation(AllocationEvent::Answered(answered)) => {
                self.note(answered, rows);
            }
            BuildsEvent::Build(BuildEvent::UsageRecorded(usage)) if self.recorded => {
                score(usage.started_at, envelope, rows);
            }
            BuildsEvent::Build(BuildEvent::OutOfMemory(killed)) if self.recorded => {
                score(killed.started_at, envelope, rows);
            }
            BuildsEvent::Allocation(_) | BuildsEvent::Build(_) | BuildsEvent::Node(_) => {}
        }
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        self.recorded = !rows.scan(Range::prefix(&[SAID]).limit(1)).is_empty();
    }
}

impl AccuracyFold {
    fn note(&mut self, answered: &Answered, rows: &mut Rows<'_>) {
        // What is no spec was never built, and nothing was built with no amount.
        let Ok(spec) = answered.spec.parse() else {
            return;
        };
        let given = Given::of(answered);
        if !given.is_amount() {
            return;
        }
        let key = said_key(&join::digest(&spec));
        let mut said: Said = rows.get(&key).unwrap_or_default();
        said.note(given);
        rows.put(key, &said);
        self.recorded = true;
    }
}

fn score(started_at: Timestamp, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
    let Some(sample) = sample_of(envelope.position, envelope.event) else {
        return;
    };
    // No build can have used that, so no answer can have been right or wrong.
    if sample.check().is_err() {
        return;
    }
    let key = said_key(&join::digest(&sample.spec));
    let Some(said) = rows.get::<Said>(&key) else {
        return;
    };
    for given in said.before(started_at) {
        let package = &sample.spec.name;
        for package in [None, Some(package)] {
            let key = row_key(package, &given.answerer);
            let row: Option<AccuracyRow> = rows.get(&key);
            let mut row = row.unwrap_or_else(|| AccuracyRow {
                answerer: given.answerer.clone(),
                package: package.cloned(),
                score: AccuracyScore::default(),
                position: envelope.position,
            });
            row.score.add(given, &sample);
            row.position = envelope.position;
            rows.put(key, &row);
        }
    }
}

fn said_key(digest: &[u8]) -> Key {
    [&[SAID], digest].concat()
}

fn row_key(package: Option<&String>, answerer: &Answerer) -> Key {
    let key = match package {
        None => KeyBuilder::new(TOTAL),
        Some(package) => KeyBuilder::new(PACKAGE).str(package),
    };
    key.str(&answerer.strategy)
        .str(answerer.model.as_deref().unwrap_or_default())
        .u8(u8::from(answerer.shadow))
        .build()
}

/// How good answers were.
#[derive(Clone)]
pub struct Accuracy {
    reader: Reader,
}

impl ViewReader for Accuracy {
    type Fold = AccuracyFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

/// Which rows are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// One for each strategy and model, over all packages.
    All,
    /// One for each strategy and model, for this package.
    Package(&'a str),
    /// As [`Of::Package`], for all packages by their names.
    EveryPackage,
}

impl Accuracy {
    /// A page of these rows.
    pub fn list(
        &self,
        of: Of<'_>,
        cursor: &Cursor,
        limit: usize,
        admits: impl Fn(&AccuracyRow) -> bool,
    ) -> Answer<Listing<AccuracyRow>> {
        let prefix = match of {
            Of::All => vec![TOTAL],
            Of::Package(package) => KeyBuilder::new(PACKAGE).str(package).build(),
            Of::EveryPackage => vec![PACKAGE],
        };
        listing::rows(&self.reader, &Walk::all(&prefix), cursor, limit, admits)
    }
}
