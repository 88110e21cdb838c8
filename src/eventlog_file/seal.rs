//! Seals a segment: cuts off the reserved rest, and writes its sidecar.

use std::io;
use std::sync::Arc;

use crate::fault::Fault;
use crate::frames::FrameError;
use crate::segment::{Index, Segment, open_writable};
use crate::shared::Shared;
use crate::sidecar::{self, BuildError, Sidecar, SidecarError};

/// How many ids leave the window before others may look into it.
const FORGET_AT_ONCE: u64 = 4096;

/// Seals a segment to which nothing is written any more. When it fails, the segment is used as it
/// is, with its index in memory, and sealed when the log is opened again.
pub(crate) fn seal(shared: &Shared, segment: &Segment) {
    match try_seal(shared, segment) {
        Ok(()) => forget_ids(shared),
        Err(error) => tracing::error!(
            segment = %segment.path.display(),
            %error,
            "could not seal {}: {error}",
            segment.path.display()
        ),
    }
}

fn try_seal(shared: &Shared, segment: &Segment) -> io::Result<()> {
    let disk = &shared.disk;
    let file = Arc::new(open_writable(segment)?);
    let end = segment.end();
    if file.metadata()?.len() > end {
        disk.set_length(&file, &segment.path, end)?;
        disk.sync(&file, &segment.path)?;
    }
    let bytes = match sidecar::build(file, &segment.header, end) {
        Ok(bytes) => bytes,
        Err(BuildError::SameHash) => {
            return Err(io::Error::other("two of its streams have the same hash"));
        }
        Err(BuildError::Segment(FrameError::Io(error))) => return Err(error),
        Err(BuildError::Segment(FrameError::Damage(damage))) => {
            return Err(io::Error::other(Fault::new(&segment.path, damage)));
        }
    };
    let path = sidecar::path_of(&segment.path);
    let unnamed = path.with_extension("idx.new");
    let sidecar = disk.create(&unnamed)?;
    disk.write_at(&sidecar, &unnamed, &bytes, 0)?;
    disk.sync(&sidecar, &unnamed)?;
    disk.rename(&unnamed, &path, &shared.directory)?;
    // A file of this name that was of no use may still be open.
    shared.files.forget(&path);
    let sidecar = Sidecar::open(&path, &segment.header).map_err(|error| match error {
        SidecarError::Useless(reason) => io::Error::other(reason),
        SidecarError::Io(error) => error,
    })?;
    segment.set_index(Index::Sidecar(Arc::new(sidecar)));
    Ok(())
}

/// Lets ids go that a sidecar knows, or that are older than the window promises.
fn forget_ids(shared: &Shared) {
    let keep = shared.config.id_window;
    let waiting = shared
        .segments()
        .into_iter()
        .find(|segment| matches!(segment.index(), Index::Memory(_)));
    let up_to = waiting.map_or(0, |segment| segment.first());
    // In steps, because the writer waits meanwhile.
    let mut at = shared.ids.read().first();
    while at < up_to {
        at = (at + FORGET_AT_ONCE).min(up_to);
        shared.ids.write().forget(at, keep);
    }
    shared.ids.write().shrink();
}
