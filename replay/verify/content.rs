//! Whether events can be decoded.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Receiver;

use domain::{BlobRef, Event, Metadata};
use eventlog::{Position, StreamName};
use eventlog_file::{Frame, RecordRef};

use super::Fault;
use super::frames::{Portion, damage_in, fault_in};
use crate::blob_refs::may_be_gone;

const USE_ANOTHER: &str = "the frame is as it was written; a newer or another program wrote this event: \
                           use that one, or export what stands before the fault";

/// What is wanted besides that every event can be read.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The blobs that events name.
    pub blobs: bool,
}

/// A blob, and the first event that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub blob: BlobRef,
    pub position: Position,
}

/// Looks into every portion, or up to the first fault.
pub(super) fn look(
    portions: &Receiver<Portion>,
    wanted: Wanted,
) -> (Option<Fault>, BTreeMap<String, Blob>) {
    let mut blobs = BTreeMap::new();
    for Portion { segment, frames } in portions {
        for frame in &frames {
            if let Err(fault) = look_into(&segment, frame, wanted, &mut blobs) {
                return (Some(*fault), blobs);
            }
        }
    }
    (None, blobs)
}

/// The blobs that several have found, in the order of the log.
pub(super) fn merge(found: Vec<BTreeMap<String, Blob>>) -> Vec<Blob> {
    let mut merged: BTreeMap<String, Blob> = BTreeMap::new();
    for (digest, blob) in found.into_iter().flatten() {
        match merged.get_mut(&digest) {
            Some(known) if known.position <= blob.position => {}
            Some(known) => *known = blob,
            None => drop(merged.insert(digest, blob)),
        }
    }
    let mut blobs: Vec<Blob> = merged.into_values().collect();
    blobs.sort_by_key(|blob| blob.position);
    blobs
}

fn look_into(
    segment: &Path,
    frame: &Frame,
    wanted: Wanted,
    blobs: &mut BTreeMap<String, Blob>,
) -> Result<(), Box<Fault>> {
    for record in frame.records() {
        let record = record.map_err(|damage| Box::new(damage_in(segment, damage)))?;
        let event = read(&record)
            .map_err(|reason| Box::new(fault_in(segment, frame, &record, reason, USE_ANOTHER)))?;
        if wanted.blobs && !may_be_gone(&event) {
            for blob in event.blobs() {
                blobs.entry(blob.digest.clone()).or_insert_with(|| Blob {
                    blob: blob.clone(),
                    position: record.position,
                });
            }
        }
    }
    Ok(())
}

fn read(record: &RecordRef<'_>) -> Result<Event, String> {
    let stream = std::str::from_utf8(record.stream).map_err(|error| error.to_string())?;
    let event_type = std::str::from_utf8(record.event_type).map_err(|error| error.to_string())?;
    let stream = StreamName::parse(stream.to_owned()).map_err(|error| error.to_string())?;
    let event = Event::decode(event_type, record.version, record.data);
    let event = event.map_err(|fault| fault.to_string())?;
    if event.category() != stream.category() {
        return Err(format!("{event_type} does not belong in stream {stream}"));
    }
    let metadata = serde_json::from_slice::<Metadata>(record.metadata);
    metadata.map_err(|error| format!("the metadata cannot be read: {error}"))?;
    Ok(event)
}
