//! Files that only the owner of the data directory may read, written whole or not at all.
//!
//! Events hold names of people and of machines, logs hold what jobs print: nothing in the data directory, and no copy
//! of it, is for others.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::Mode;
use secrecy::{ExposeSecret, SecretString};

/// How many entries of a data directory are looked at: enough for years, and soon done.
const ENTRIES_MAX: usize = 100_000;

/// From now on every file that this process makes is 0600 and every folder 0700, whatever the umask was: those of
/// libraries, exports and reports as well.
pub(crate) fn keep_new_files_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Warns of an open data directory that was made by hand or by an older version.
pub(super) fn warn_if_open_to_others(data_dir: &Path) {
    if is_open_to_others(data_dir).unwrap_or(false) {
        let dir = data_dir.display();
        tracing::warn!(
            "the data directory {dir} is open to other users: `chmod -R go= {dir}` closes it"
        );
    }
}

/// What is open to others in a data directory, the directory included: how many entries, and the first.
///
/// # Errors
/// When a folder cannot be listed.
pub(crate) fn open_to_others(data_dir: &Path) -> std::io::Result<(usize, Option<PathBuf>)> {
    let (mut waiting, mut found, mut first) = (vec![data_dir.to_owned()], 0, None);
    let mut looked_at = 0;
    while let Some(path) = waiting.pop() {
        // A file may go while we look.
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        looked_at += 1;
        // The mode of a link does not matter.
        if !metadata.is_symlink() && metadata.permissions().mode() & 0o077 != 0 {
            found += 1;
            first.get_or_insert_with(|| path.clone());
        }
        if metadata.is_dir() && looked_at + waiting.len() < ENTRIES_MAX {
            for entry in std::fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        }
    }
    Ok((found, first))
}

/// Puts a line into a file with the rights of its owner alone. After this it survives a power cut: what was
/// locked with a key must not outlive it.
///
/// # Errors
/// When it cannot be written or put in place.
pub(super) fn write(path: &Path, line: &SecretString) -> anyhow::Result<()> {
    let temporary = path.with_added_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("{} cannot be made", temporary.display()))?;
    writeln!(file, "{}", line.expose_secret())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
        .with_context(|| format!("{} cannot be put in place", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    Ok(())
}

/// Whether others than its owner may read or change a file.
///
/// # Errors
/// When it cannot be looked at.
pub(super) fn is_open_to_others(path: &Path) -> std::io::Result<bool> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}
