//! The key that encrypts secrets: made at the first start, stored in the data directory and
//! readable by its owner only. Without it the secrets are lost, so a backup needs it too.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};
use domain::jobs::worker::Worker;
use domain::{Aggregate, Sealed};
use eventlog::{EventLog, Filter, PageLimit, Position};
use people::{KEY_BYTES, Seal};
use secrecy::{SecretSlice, SecretString, zeroize::Zeroize};

use super::private_file;

/// The file's name.
const FILE: &str = "seal.key";

/// The category of the streams whose events hold sealed secrets.
const SEALED_IN: &str = Worker::CATEGORY;

/// How many events are read at once.
const PAGE_EVENTS: usize = 1000;

/// The seal of a data directory, with a new key when there is none and nothing was ever sealed.
///
/// # Errors
/// When the file cannot be read or written, holds no key, or is missing while the log has secrets that it sealed. It
/// is never replaced: what it locked would be lost.
pub(super) async fn ensure(data_dir: &Path, log: &dyn EventLog) -> anyhow::Result<Seal> {
    let path = data_dir.join(FILE);
    if let Some(seal) = existing(data_dir)? {
        if private_file::is_open_to_others(&path)? {
            tracing::warn!(
                "{} can be read by others than its owner; chmod 600 closes it",
                path.display()
            );
        }
        return Ok(seal);
    }
    let keys = keys_of_sealed(log).await?;
    if let Some((key, secrets)) = keys.first_key_value() {
        bail!(
            "{} is missing, and the log holds {secrets} secrets of workers that were sealed with it (key {key}): \
             put the file back from a backup; if there is none, see \"seal.key is lost\" in the runbook",
            path.display()
        );
    }
    let mut bytes = vec![0; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    let line = SecretString::from(hex::encode(&bytes));
    private_file::write(&path, &line)?;
    Ok(Seal::new(&SecretSlice::from(bytes))?)
}

/// The seal of a data directory, if it has a key.
///
/// # Errors
/// When the file cannot be read, or holds no key.
pub(crate) fn existing(data_dir: &Path) -> anyhow::Result<Option<Seal>> {
    let path = data_dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let seal = read(text).with_context(|| {
        format!(
            "{} holds no key ({KEY_BYTES} bytes in hexadecimal); put the right one back from a backup",
            path.display()
        )
    });
    seal.map(Some)
}

/// The names of the keys with which the newest secrets of workers were sealed, and of how many workers each.
///
/// # Errors
/// When the log cannot be read.
pub(crate) async fn keys_of_sealed(log: &dyn EventLog) -> anyhow::Result<BTreeMap<String, usize>> {
    let filter = Filter {
        categories: vec![SEALED_IN.to_owned()],
        ..Filter::all()
    };
    let mut newest: BTreeMap<String, String> = BTreeMap::new();
    let mut after = Position(0);
    loop {
        let page = log
            .read_all(after, &filter, PageLimit::events(PAGE_EVENTS))
            .await
            .context("the log cannot be searched for sealed secrets")?;
        for event in &page.events {
            if let Some(key) = key_in(&event.data) {
                newest.insert(event.stream.key().to_owned(), key);
            }
        }
        if page.end {
            break;
        }
        after = page.next;
    }
    let mut keys = BTreeMap::new();
    for key in newest.into_values() {
        *keys.entry(key).or_insert(0) += 1;
    }
    Ok(keys)
}

/// The name of the key in the sealed secret that an event holds, if it holds one.
fn key_in(data: &[u8]) -> Option<String> {
    let data: serde_json::Value = serde_json::from_slice(data).ok()?;
    let sealed = Sealed::new(data["secret"].as_str()?.to_owned()).ok()?;
    Seal::key_name_of(&sealed).map(str::to_owned)
}

fn read(mut text: String) -> anyhow::Result<Seal> {
    let bytes = hex::decode(text.trim());
    text.zeroize();
    let Ok(bytes) = bytes else {
        bail!("it is not hexadecimal");
    };
    Ok(Seal::new(&SecretSlice::from(bytes))?)
}

#[cfg(test)]
mod tests;
