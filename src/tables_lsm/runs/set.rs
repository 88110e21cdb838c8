//! The runs of one table, and how they become more and fewer.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::{Condvar, Mutex, RwLock};

use super::filter::KindsRead;
use super::folder::Folder;
use super::run::Run;
use super::writer::Writer;
use super::{manifest, merge, policy, walk};
use tables::{Batch, Key, Range, TableError, Value};

/// Runs that together are smaller than this are merged by the call that added the last of them.
const MERGED_AT_ONCE_BYTES: u64 = if cfg!(test) { 1024 } else { 8 << 20 };

/// With so many runs a batch waits for the merge that is under way.
const RUNS_MAX: usize = 48;

/// Runs, the newest first.
type List = Arc<[Arc<Run>]>;

pub(crate) struct RunSet {
    folder: Arc<Folder>,
    runs: RwLock<Runs>,
    read_kinds: KindsRead,
    /// Held while a run is added and small ones are merged.
    writer: Mutex<()>,
    merging: Mutex<Merging>,
    merged: Condvar,
    stored: Mutex<Stored>,
}

struct Runs {
    /// None once the table was dropped.
    all: Option<List>,
    /// Merged into others, and still named by the manifest.
    obsolete: Vec<Arc<Run>>,
}

/// The merge of large runs.
#[derive(Default)]
struct Merging {
    /// The newest of the runs that are being merged: no other merge touches it or an older one.
    reserved: Option<u64>,
    /// Why the last one failed.
    failure: Option<TableError>,
}

/// What the engine holds.
#[derive(Default)]
struct Stored {
    /// The numbers of small runs that it has.
    small: BTreeSet<u64>,
    /// The numbers of all runs that the manifest names.
    named: Vec<u64>,
}

/// What is to be stored of one table, and what can go after that.
pub(crate) struct Change {
    /// None when the engine has it all.
    pub(crate) writes: Option<sled::Batch>,
    stored: Stored,
    obsolete: Vec<Arc<Run>>,
}

impl RunSet {
    pub(crate) fn new(folder: Arc<Folder>, runs: Vec<Arc<Run>>) -> Self {
        let small = runs.iter().filter(|run| !run.is_in_file());
        let stored = Stored {
            small: small.map(|run| run.number).collect(),
            named: runs.iter().map(|run| run.number).collect(),
        };
        Self {
            folder,
            runs: RwLock::new(Runs {
                all: Some(runs.into()),
                obsolete: Vec::new(),
            }),
            read_kinds: KindsRead::default(),
            writer: Mutex::default(),
            merging: Mutex::default(),
            merged: Condvar::new(),
            stored: Mutex::new(stored),
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Result<Option<Value>, TableError>> {
        self.read_kinds.note(key);
        let runs = self.all()?;
        Some(walk::get(&runs, &self.folder.cache, key))
    }

    pub(crate) fn scan(&self, range: &Range<'_>) -> Option<Result<Vec<(Key, Value)>, TableError>> {
        let runs = self.all()?;
        Some(match range.bounds() {
            Some(bounds) => {
                let cache = &self.folder.cache;
                walk::scan(&runs, cache, bounds, range.reverse, range.limit)
            }
            None => Ok(vec![]),
        })
    }

    /// Writes the batch as a run of its own, and merges what is small. Whether larger runs are to
    /// be merged.
    pub(crate) fn apply(&self, batch: &Batch) -> Option<Result<bool, TableError>> {
        let _writer = self.writer.lock();
        self.all()?;
        Some(self.add(batch))
    }

    fn add(&self, batch: &Batch) -> Result<bool, TableError> {
        self.wait_for_merges()?;
        let mut writer = Writer::new(&self.folder, self.read_kinds.kinds());
        for (key, value) in batch.iter() {
            writer.push(key, value.map(|value| &value[..]))?;
        }
        self.replace(&[], writer.finish()?);
        while let Some((runs, due)) = self.due_at_once() {
            self.merge(&runs, due)?;
        }
        Ok(self.due().is_some())
    }

    /// The runs, and how many of the newest are to be merged by the call that added the last of
    /// them.
    fn due_at_once(&self) -> Option<(List, usize)> {
        let reserved = self.merging.lock().reserved;
        let runs = self.all()?;
        let free = runs.iter().take_while(|run| Some(run.number) != reserved);
        let small = free.scan(0, |sum, run| {
            *sum += run.size.bytes;
            (*sum <= MERGED_AT_ONCE_BYTES).then_some(run.size)
        });
        let due = policy::due(small)?;
        Some((runs, due))
    }

    /// The runs, and how many of the newest are to be merged.
    fn due(&self) -> Option<(List, usize)> {
        let runs = self.all()?;
        let due = policy::due(runs.iter().map(|run| run.size))?;
        Some((runs, due))
    }

    fn merge(&self, runs: &List, due: usize) -> Result<(), TableError> {
        let (newer, older) = runs.split_at(due);
        let merged = merge::merge(&self.folder, newer, older, self.read_kinds.kinds())?;
        self.replace(newer, merged);
        Ok(())
    }

    /// Merges what is due, large as it may be, while batches go on. One at a time does so.
    pub(crate) fn merge_large(&self) {
        while !self.folder.is_stopping()
            && let Some((runs, due)) = self.reserve()
        {
            let reservation = Reservation(self);
            let failure = self.merge(&runs, due).err();
            let has_failed = failure.is_some();
            self.merging.lock().failure = failure;
            drop(reservation);
            if has_failed {
                return;
            }
        }
    }

    /// Reserves the runs that are due: calls that add runs merge only later ones.
    fn reserve(&self) -> Option<(List, usize)> {
        let _writer = self.writer.lock();
        let (runs, due) = self.due()?;
        self.merging.lock().reserved = Some(runs[0].number);
        Some((runs, due))
    }

    /// Waits while there are too many runs; the error of the last merge, if it failed.
    fn wait_for_merges(&self) -> Result<(), TableError> {
        let mut merging = self.merging.lock();
        while merging.reserved.is_some() && self.all().is_some_and(|runs| runs.len() >= RUNS_MAX) {
            self.merged.wait(&mut merging);
        }
        match merging.failure.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Replaces these adjacent runs by one; without any, adds it as the newest.
    fn replace(&self, old: &[Arc<Run>], new: Option<Run>) {
        let new = new.map(Arc::new);
        let mut runs = self.runs.write();
        let Some(all) = &runs.all else {
            drop(runs);
            // The table was dropped meanwhile.
            self.remove(new.as_slice());
            return;
        };
        let begin = old.first().map_or(Some(0), |first| {
            all.iter().position(|run| run.number == first.number)
        });
        let begin = begin.expect("only one at a time takes a run away");
        let (before, after) = (&all[..begin], &all[begin + old.len()..]);
        let all: List = before.iter().chain(&new).chain(after).cloned().collect();
        runs.all = Some(all);
        let (named, unnamed): (Vec<_>, Vec<_>) = old
            .iter()
            .cloned()
            .partition(|run| run.named.load(Ordering::Acquire));
        runs.obsolete.extend(named);
        drop(runs);
        self.remove(&unnamed);
    }

    /// Removes the files of runs that no manifest names. Reads under way keep them open.
    fn remove(&self, runs: &[Arc<Run>]) {
        for number in manifest::files(runs) {
            self.folder.remove(number);
        }
    }

    /// Answers nothing from now on. The files are removed once that has been persisted.
    pub(crate) fn close(&self) -> Vec<u64> {
        let mut runs = self.runs.write();
        let mut all = std::mem::take(&mut runs.obsolete);
        all.extend(runs.all.take().into_iter().flat_map(|all| all.to_vec()));
        manifest::files(&all).collect()
    }

    /// What is to be stored so that the present runs are found again; everything that it names
    /// would survive a power cut. None when the table was dropped.
    pub(crate) fn change(&self) -> io::Result<Option<Change>> {
        let (all, obsolete) = {
            let mut runs = self.runs.write();
            let Some(all) = runs.all.clone() else {
                return Ok(None);
            };
            for run in all.iter() {
                run.named.store(true, Ordering::Release);
            }
            (all, std::mem::take(&mut runs.obsolete))
        };
        let mut is_changed = false;
        for run in all.iter() {
            is_changed |= run.sync()?;
        }
        if is_changed {
            self.folder.sync()?;
        }
        let stored = self.stored.lock();
        let named: Vec<u64> = all.iter().map(|run| run.number).collect();
        let mut writes = None;
        let mut small = stored.small.clone();
        if named != stored.named {
            let mut batch = sled::Batch::default();
            small = manifest::change(&all, &stored.small, &mut batch);
            writes = Some(batch);
        }
        Ok(Some(Change {
            writes,
            stored: Stored { small, named },
            obsolete,
        }))
    }

    /// The change is stored: what it does not name is of no use.
    pub(crate) fn changed(&self, change: Change) {
        *self.stored.lock() = change.stored;
        self.remove(&change.obsolete);
    }

    /// How large each run is, the newest first.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> Vec<u64> {
        let runs = self.all().expect("the table was not dropped");
        runs.iter().map(|run| run.size.bytes).collect()
    }

    fn all(&self) -> Option<List> {
        self.runs.read().all.clone()
    }
}

/// Runs that are set apart for as long as it lives.
struct Reservation<'s>(&'s RunSet);

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.0.merging.lock().reserved = None;
        self.0.merged.notify_all();
    }
}
