//! Files that only the owner of the data directory may read, written whole or not at all.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

/// Puts a line into a file with the rights of its owner alone. After this it survives a power cut: what was
/// locked with a key must not outlive it.
///
/// # Errors
/// When it cannot be written or put in place.
pub(super) fn write(path: &Path, line: &SecretString) -> anyhow::Result<()> {
    let beside = path.with_added_extension("new");
    let _ = std::fs::remove_file(&beside);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .with_context(|| format!("{} cannot be made", beside.display()))?;
    writeln!(file, "{}", line.expose_secret())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
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
