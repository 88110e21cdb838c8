//! Files that are open for reading.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

/// The files that are open for reading, the latest used last, so that a log of any length needs
/// few.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    files: Mutex<VecDeque<(PathBuf, Arc<File>)>>,
    files_max: usize,
}

impl OpenFiles {
    pub(crate) fn new(files_max: usize) -> Self {
        Self {
            files: Mutex::default(),
            files_max: files_max.max(1),
        }
    }

    /// Opens a file for reading, if it is not open.
    pub(crate) fn open(&self, path: &Path) -> io::Result<Arc<File>> {
        let mut files = self.files.lock();
        if let Some(index) = files.iter().rposition(|(other, _)| other == path)
            && let Some(entry) = files.remove(index)
        {
            let file = entry.1.clone();
            files.push_back(entry);
            return Ok(file);
        }
        let file = Arc::new(File::open(path)?);
        if files.len() >= self.files_max {
            files.pop_front();
        }
        files.push_back((path.to_owned(), file.clone()));
        Ok(file)
    }

    /// Lets go of a file whose content is replaced.
    pub(crate) fn forget(&self, path: &Path) {
        self.files.lock().retain(|(other, _)| other != path);
    }
}
