//! Parts of measurements: a server as a process of its own, a load generator, a folder, a line of results. Shared by
//! `tallyman bench` and the crate `bench`, which measures what only developers ask about.

mod load;
mod memory;
mod served;

use std::fs::File;
use std::path::{Path, PathBuf};

use allocation::UsageSample;

pub use load::{Load, load};
pub use memory::resident;
pub use served::{Served, TOKEN};

pub use crate::app::{admin_token, fill_with, fill_with_sample};
use crate::evaluate::{HistoryError, rows};
pub use crate::sample::runs;
pub use crate::sample::{SampleBuild, builds};

/// A folder for one measurement that is removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder in the current one, on the disk that the data directory would be on: the system's
    /// temporary folder may be memory.
    ///
    /// # Errors
    /// When the current folder cannot be written.
    pub fn create() -> std::io::Result<Self> {
        let path = std::env::current_dir()?.join(format!(".tallyman-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!(
                "cannot remove the folder {}: {error}; remove it by hand",
                self.0.display()
            );
        }
    }
}

/// Prints one line of a result: what, how much, and against what.
pub fn line(what: &str, figure: &str, against: &str) {
    println!("{what:<44} {figure:>20}   {against}");
}

/// A runtime with one worker thread, for a load generator that leaves the other cores to the server.
///
/// # Errors
/// When the system gives no thread.
pub fn one_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
}

/// The usage history in a file (columns: `src/evaluate/rows.rs`).
///
/// # Errors
/// When the file cannot be read or a row is refused.
pub fn usage_history(path: &Path) -> anyhow::Result<Vec<UsageSample>> {
    let mut history = Vec::new();
    let name = path.display().to_string();
    rows::read(&name, File::open(path)?, &mut |row| {
        let mut sample = row.map_err(HistoryError::Refused)?;
        // Positions of a log begin at 1.
        sample.position += 1;
        history.push(sample);
        Ok(())
    })?;
    Ok(history)
}
