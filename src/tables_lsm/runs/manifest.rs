//! Which runs a table consists of, as sled stores it: one row that names them, and one for each
//! small run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::block::take_number;
use super::builder::put_number;
use super::folder;
use super::run::{Run, Source};
use tables::TableError;

const MANIFEST: &[u8] = b"manifest";

/// The version of the layout, with which every manifest begins.
const FORMAT: u8 = 1;

const IN_FILE: u64 = 0;
const IN_ENGINE: u64 = 1;

/// A run as a manifest names it.
struct Named {
    number: u64,
    bytes: u64,
    is_in_engine: bool,
}

/// The runs that the table's tree names, the newest first; none when the tree is empty.
pub(crate) fn load(
    tree: &sled::Tree,
    database: &Path,
) -> sled::Result<Result<Vec<Arc<Run>>, TableError>> {
    let Some(manifest) = tree.get(MANIFEST)? else {
        let is_empty = tree.first()?.is_none();
        return Ok(match is_empty {
            true => Ok(vec![]),
            false => Err(damaged(
                "it was written by another version or another program",
            )),
        });
    };
    let Some(named) = read(&manifest) else {
        return Ok(Err(damaged(
            "its manifest cannot be read, or has another version",
        )));
    };
    let folder = folder::path_in(database);
    let mut runs = Vec::with_capacity(named.len());
    for run in named {
        let opened = if run.is_in_engine {
            let Some(bytes) = tree.get(small_key(run.number))? else {
                return Ok(Err(damaged(&format!("run {} is missing", run.number))));
            };
            let source = Source::Memory(Bytes::copy_from_slice(&bytes));
            Run::open(run.number, source, run.bytes)
        } else {
            Run::open_file(&folder::file_in(&folder, run.number), run.number, run.bytes)
        };
        match opened {
            Ok(run) => runs.push(Arc::new(run)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(runs))
}

pub(crate) fn files(runs: &[Arc<Run>]) -> impl Iterator<Item = u64> {
    let in_files = runs.iter().filter(|run| run.is_in_file());
    in_files.map(|run| run.number)
}

/// What changes a tree that has these small runs so that it names the present ones. Returns which
/// small runs it has then.
pub(super) fn change(
    runs: &[Arc<Run>],
    stored: &BTreeSet<u64>,
    writes: &mut sled::Batch,
) -> BTreeSet<u64> {
    let mut manifest = vec![FORMAT];
    let mut small = BTreeSet::new();
    for run in runs {
        put_number(&mut manifest, run.number);
        put_number(&mut manifest, run.size.bytes);
        match &run.source {
            Source::Memory(bytes) => {
                put_number(&mut manifest, IN_ENGINE);
                small.insert(run.number);
                if !stored.contains(&run.number) {
                    writes.insert(small_key(run.number), &bytes[..]);
                }
            }
            Source::File(_) => put_number(&mut manifest, IN_FILE),
        }
    }
    for number in stored.difference(&small) {
        writes.remove(small_key(*number));
    }
    writes.insert(MANIFEST, manifest);
    small
}

fn read(manifest: &[u8]) -> Option<Vec<Named>> {
    let (format, mut rest) = manifest.split_first()?;
    let mut runs = Vec::new();
    while !rest.is_empty() {
        let mut number = || take_number(&mut rest).ok();
        runs.push(Named {
            number: number()?,
            bytes: number()?,
            is_in_engine: number()? == IN_ENGINE,
        });
    }
    (*format == FORMAT).then_some(runs)
}

fn small_key(number: u64) -> Vec<u8> {
    [b"run", &number.to_be_bytes()[..]].concat()
}

fn damaged(reason: &str) -> TableError {
    TableError::Damaged {
        reason: reason.to_owned(),
    }
}
