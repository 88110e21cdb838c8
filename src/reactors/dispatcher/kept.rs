//! The small file in which run times are kept for the next start.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::run_times::Kept;

/// The longest file that is read.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What was kept; nothing when there is no such file, or it makes no sense: then runs have their
/// time again.
pub(super) async fn load(path: Option<PathBuf>) -> Kept {
    let Some(path) = path else {
        return Kept::default();
    };
    let read = move || {
        let is_small = std::fs::metadata(&path).ok()?.len() <= BYTES_MAX;
        let text = std::fs::read(&path).ok().filter(|_| is_small)?;
        serde_json::from_slice(&text).ok()
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.ok().flatten().unwrap_or_default()
}

/// Keeps run times. What is lost costs nothing but a later kill, so it is not flushed, and trouble
/// is not worth more than a line for who looks for it.
pub(super) async fn save(path: PathBuf, kept: Kept) {
    let written = tokio::task::spawn_blocking(move || write(&path, &kept)).await;
    if let Ok(Err(error)) = written {
        tracing::debug!(%error, "run times cannot be kept: {error}");
    }
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    std::fs::rename(&temporary, path)
}
