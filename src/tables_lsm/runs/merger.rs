//! The thread that merges large runs.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use super::folder::Folder;
use super::set::RunSet;

/// How many tables may wait; one that is turned away comes again with its next batch.
const WAITING_MAX: usize = 64;

/// The thread that merges large runs, one table after the other.
pub(crate) struct Merger {
    folder: Arc<Folder>,
    tables: Option<SyncSender<Weak<RunSet>>>,
    thread: Option<JoinHandle<()>>,
}

impl Merger {
    pub(crate) fn start(folder: Arc<Folder>) -> io::Result<Self> {
        let (sender, tables) = mpsc::sync_channel::<Weak<RunSet>>(WAITING_MAX);
        let thread = thread::Builder::new()
            .name("tables-merge".into())
            .spawn(move || {
                for table in tables {
                    let Some(table) = table.upgrade() else {
                        continue;
                    };
                    // The runs are as they were; other tables are still to be merged.
                    if catch_unwind(AssertUnwindSafe(|| table.merge_large())).is_err() {
                        tracing::error!("a merge of tables has panicked");
                    }
                }
            })?;
        Ok(Self {
            folder,
            tables: Some(sender),
            thread: Some(thread),
        })
    }

    /// Lets the thread look at a table, soon.
    pub(crate) fn look_at(&self, table: &Arc<RunSet>) {
        if let Some(tables) = &self.tables {
            let _ = tables.try_send(Arc::downgrade(table));
        }
    }
}

impl Drop for Merger {
    /// Nothing of a merge is lost that is broken off: its runs are still there.
    fn drop(&mut self) {
        self.folder.stop();
        drop(self.tables.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that merges tables has panicked");
        }
    }
}
