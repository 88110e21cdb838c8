//! Where a build is found: one entry per order, and one per field that lists are filtered by.

use domain::builds::build::BuildKey;
use tables::{Key, KeyBuilder, Value};

use super::BuildRow;
use crate::engine::Rows;

/// Every build in the order in which the log first told of it.
pub(super) const BY_SEEN: u8 = b's';
/// Every build in the order in which the log last told of it.
pub(super) const BY_UPDATED: u8 = b'u';
/// Every build that has ended, by when.
pub(super) const BY_FINISHED: u8 = b'f';
/// The builds that share a value, in the order in which the log first told of them: an entry moves only when
/// the value changes, not with every event.
const BY_FIELD: u8 = b'i';

/// A field that lists are filtered by. The numbers stand in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Source = 1,
    Status = 2,
    Ref = 3,
    Package = 4,
    Hostname = 5,
    Node = 6,
    Stage = 7,
    Collection = 8,
}

/// What the keys of a field's entries for one value begin with.
pub(super) fn field_prefix(field: Field, value: &str) -> KeyBuilder {
    KeyBuilder::new(BY_FIELD).u8(field as u8).str(value)
}

/// The keys of all entries of a build, in a fixed order with gaps where it has none.
pub(super) type Entries = [Option<Key>; 11];

/// Where a build is found.
pub(super) fn entries(row: &BuildRow) -> Entries {
    let seen = row.seen_place();
    let usage = row.usage.as_ref();
    let field =
        |field, value: Option<&str>| value.map(|value| seen.end_of(field_prefix(field, value)));
    let state = row
        .collection
        .as_ref()
        .map(|progress| progress.state.as_str());
    [
        Some(seen.end_of(KeyBuilder::new(BY_SEEN))),
        Some(row.updated_place().end_of(KeyBuilder::new(BY_UPDATED))),
        row.finished_place()
            .map(|place| place.end_of(KeyBuilder::new(BY_FINISHED))),
        field(Field::Source, own_index(row.key.source())),
        field(Field::Status, Some(&row.status)),
        field(Field::Ref, Some(&row.git_ref)),
        field(Field::Package, usage.map(|usage| usage.package.as_str())),
        field(
            Field::Hostname,
            usage.and_then(|usage| usage.hostname.as_deref()),
        ),
        field(Field::Node, usage.and_then(|usage| usage.node.as_deref())),
        field(Field::Stage, row.stage.as_deref()),
        field(Field::Collection, state),
    ]
}

/// The source that most builds belong to needs no index: nearly every build is one of its own.
pub(super) fn own_index(source: &str) -> Option<&str> {
    (source != BuildKey::DEFAULT_SOURCE).then_some(source)
}

/// Writes what differs between the entries before and after.
pub(super) fn move_entries(before: Entries, after: Entries, row_key: &Key, rows: &mut Rows<'_>) {
    // All entries of a build share the bytes of its key.
    let row_key = Value::copy_from_slice(row_key);
    for (before, after) in before.into_iter().zip(after) {
        if before == after {
            continue;
        }
        if let Some(before) = before {
            rows.delete(before);
        }
        if let Some(after) = after {
            rows.put_bytes(after, row_key.clone());
        }
    }
}
