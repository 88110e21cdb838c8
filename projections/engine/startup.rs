//! Finds out which tables can be trusted.

use std::sync::Arc;

use eventlog::{EventLog, Filter, PageLimit, Position, ReadError};
use tables::{Overlay, TableError, Tables};

use super::checkpoint::{self, Checkpoint};
use super::config::StartError;
use super::folding::Folding;
use super::kind::Kind;
use super::slot::Slot;

/// The tables of one view, sorted by what they are good for.
struct Found {
    slot: Slot,
    /// Answers, and is what this program would have written.
    current: Option<(String, Folding)>,
    /// Answers, but an older fold has written it.
    older: Option<(String, Folding)>,
    stale: Vec<String>,
}

/// Opens every view where it stood. Those that cannot be trusted stay empty for a rebuild, unless nothing
/// is there at all: then all begin together, and the log is read once.
pub(super) async fn open_slots(
    log: &dyn EventLog,
    tables: &dyn Tables,
    kinds: Vec<Kind>,
) -> Result<Vec<Slot>, StartError> {
    let names = tables.names()?;
    let head = log.head();
    let mut found = Vec::new();
    for kind in kinds {
        found.push(find(log, tables, &names, kind, head).await?);
    }
    let begun = found
        .iter()
        .any(|found| found.current.is_some() || found.older.is_some());
    let mut slots = Vec::new();
    for Found {
        slot,
        current,
        older,
        stale,
    } in found
    {
        for name in stale {
            tables.drop_table(&name)?;
        }
        match current.or(older) {
            Some((name, folding)) => {
                drop(slot.serve(name, folding));
            }
            None if begun => tracing::warn!(
                projection = slot.kind.name,
                "the table of view `{}` is missing or cannot be trusted: the view is rebuilt",
                slot.kind.name
            ),
            None => begin(tables, &slot)?,
        }
        slots.push(slot);
    }
    Ok(slots)
}

/// Begins a view with an empty table, which answers once it knows what is in the log.
fn begin(tables: &dyn Tables, slot: &Slot) -> Result<(), TableError> {
    let name = checkpoint::table_name(&slot.kind, slot.kind.next_generation());
    let overlay = Arc::new(Overlay::new(tables.open(&name)?));
    let checkpoint = Checkpoint::start(&slot.kind, true);
    let mut folding = Folding::resume(&slot.kind, overlay, checkpoint)?;
    folding.begin_to_serve()?;
    drop(slot.serve(name, folding));
    Ok(())
}

async fn find(
    log: &dyn EventLog,
    tables: &dyn Tables,
    names: &[String],
    kind: Kind,
    head: Position,
) -> Result<Found, StartError> {
    let mut own: Vec<(u32, u64, &String)> = names
        .iter()
        .filter_map(|name| {
            let (version, generation) = checkpoint::parse_table_name(name, kind.name)?;
            Some((version, generation, name))
        })
        .collect();
    // The newest generation first.
    own.sort_by_key(|(_, generation, _)| std::cmp::Reverse(*generation));
    if let Some((_, newest, _)) = own.first() {
        kind.has_generation(*newest);
    }
    let (mut current, mut older) = (None, None);
    let mut stale = Vec::new();
    for (_, _, name) in own {
        let place = match try_table(log, tables, &kind, name).await? {
            Some(folding) if folding.checkpoint().version == kind.version => {
                Some((&mut current, folding))
            }
            Some(folding) => Some((&mut older, folding)),
            None => None,
        };
        match place {
            Some((place, folding)) if place.is_none() => *place = Some((name.clone(), folding)),
            _ => stale.push(name.clone()),
        }
    }
    if current.is_some() {
        stale.extend(older.take().map(|(name, _)| name));
    }
    Ok(Found {
        slot: Slot::new(kind, head),
        current,
        older,
        stale,
    })
}

/// A fold that goes on with this table, if the table answers, is whole, and speaks of this log.
async fn try_table(
    log: &dyn EventLog,
    tables: &dyn Tables,
    kind: &Kind,
    name: &str,
) -> Result<Option<Folding>, StartError> {
    let overlay = Arc::new(Overlay::new(tables.open(name)?));
    let checkpoint = match Checkpoint::read(&*overlay) {
        Ok(Some(checkpoint)) if checkpoint.serving && checkpoint.shape == kind.shape => checkpoint,
        Ok(_) => return Ok(None),
        Err(error) => return distrust(name, &error),
    };
    if !is_of(log, &checkpoint).await? {
        tracing::warn!(
            table = name,
            "table `{name}` was folded from another log, and is not used"
        );
        return Ok(None);
    }
    match Folding::resume(kind, overlay, checkpoint) {
        Ok(folding) => Ok(Some(folding)),
        Err(error) => distrust(name, &error),
    }
}

/// Damage costs a rebuild; a disk that does not answer is no damage.
fn distrust(name: &str, error: &TableError) -> Result<Option<Folding>, StartError> {
    match error {
        TableError::Damaged { reason } => {
            tracing::warn!(
                table = name,
                "table `{name}` is damaged and not used: {reason}"
            );
            Ok(None)
        }
        other => Err(other.clone().into()),
    }
}

/// Whether the log has what the table was folded from. A log that was restored from an older copy, or
/// another one altogether, has not.
async fn is_of(log: &dyn EventLog, checkpoint: &Checkpoint) -> Result<bool, ReadError> {
    if checkpoint.position > log.head() {
        return Ok(false);
    }
    let Some((position, id)) = checkpoint.last else {
        return Ok(true);
    };
    let before = Position(position.0.saturating_sub(1));
    let page = log
        .read_all(before, &Filter::all(), PageLimit::events(1))
        .await?;
    let found = page.events.first();
    Ok(found.is_some_and(|event| event.position == position && event.id == id))
}
