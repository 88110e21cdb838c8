//! Checks what is stored next to the log: file permissions, the key of sealed secrets, and bodies that
//! are too big for an event.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use eventlog::{EventLog, Position};
use futures::TryStreamExt;

use super::Findings;
use crate::app;
use crate::app::storage::{self, Wanted};
use crate::config::Config;

/// The most missing bodies that are named.
const MISSING_SHOWN_MAX: usize = 20;

/// Looks for files that other users may read.
pub(super) fn modes(dir: &Path, findings: &mut Findings) {
    for file in ["admin.token", "seal.key"] {
        private(dir, file, findings);
    }
    match app::open_to_others(dir) {
        Ok((0, _)) => findings.good("modes", "only their owner can access them"),
        Ok((open, first)) => findings.warn(
            "modes",
            format!(
                "{open} files or folders are open to other users, such as {}: `chmod -R go= {}`",
                first.unwrap_or_default().display(),
                dir.display()
            ),
        ),
        Err(error) => findings.warn("modes", format!("cannot be checked: {error}")),
    }
}

fn private(dir: &Path, file: &str, findings: &mut Findings) {
    let Ok(metadata) = std::fs::metadata(dir.join(file)) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        findings.good(file, "only its owner can read it");
        return;
    }
    let replace = match file {
        "admin.token" => ", then revoke it",
        _ => ", then give workers new secrets if others may have read it",
    };
    findings.bad(
        file,
        format!("other users can read it (mode {mode:o}): run `chmod 600`{replace}"),
    );
}

/// Checks the key of sealed secrets and the bodies that events refer to.
pub(super) async fn check(config: &Config, findings: &mut Findings) {
    // Damage is another check's.
    let Ok(log) = storage::read_log(&config.data, Wanted::ALL) else {
        return;
    };
    match seal_key(&config.data.dir, &*log).await {
        Ok(None) => {}
        Ok(Some(Ok(detail))) => findings.good("sealed secrets", detail),
        Ok(Some(Err(detail))) => findings.bad("sealed secrets", detail),
        Err(error) => findings.bad("sealed secrets", format!("{error:#}")),
    }
    match missing_blobs(config, &*log).await {
        Ok((named, missing)) if missing.is_empty() => {
            findings.good("blobs", format!("{named} in use by events, none missing"));
        }
        Ok((named, missing)) => {
            let shown: Vec<String> = missing
                .iter()
                .take(MISSING_SHOWN_MAX)
                .map(|(digest, position)| format!("{digest} (event at position {position})"))
                .collect();
            findings.bad(
                "blobs",
                format!(
                    "{} of {named} bodies are missing: {}; restore them from a backup, or send the same bodies again",
                    missing.len(),
                    shown.join(", ")
                ),
            );
        }
        Err(error) => {
            findings.bad(
                "blobs",
                format!("cannot be compared with the log: {error:#}"),
            );
        }
    }
}

/// The number of bodies that events refer to, and the missing ones. None is read: `replay verify`
/// does that.
async fn missing_blobs(
    config: &Config,
    log: &dyn EventLog,
) -> anyhow::Result<(usize, BTreeMap<String, Position>)> {
    // The log first: its head does not move, and a body is stored before its event.
    let mut missing = ::replay::named_blobs(log).await?;
    let named = missing.len();
    if named > 0 {
        let mut listed = app::open_blobs_to_read(config)?.list();
        while let Some(found) = listed.try_next().await? {
            missing.remove(&found.blob.digest.to_string());
        }
    }
    Ok((named, missing))
}

/// Whether the key fits the secrets of workers; none when there are no secrets.
async fn seal_key(
    dir: &Path,
    log: &dyn EventLog,
) -> anyhow::Result<Option<Result<String, String>>> {
    let keys = app::keys_of_sealed(log).await?;
    let Some(seal) = app::existing_seal(dir)? else {
        return Ok(keys.first_key_value().map(|(key, secrets)| {
            let file = dir.join("seal.key");
            Err(format!(
                "{} is missing, and {secrets} secrets were sealed with it (key {key}): put it back from a backup",
                file.display()
            ))
        }));
    };
    let others: usize = keys
        .iter()
        .filter(|(key, _)| *key != seal.key_name())
        .map(|(_, secrets)| secrets)
        .sum();
    let all: usize = keys.values().sum();
    if others > 0 {
        return Ok(Some(Err(format!(
            "{others} of {all} secrets were sealed with another key than seal.key ({}): put the right file back from a backup, or give these workers new secrets",
            seal.key_name()
        ))));
    }
    Ok((all > 0).then(|| Ok(format!("{all}, sealed with the key in seal.key"))))
}
