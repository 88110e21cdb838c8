//! The key that locks secrets: made at the first start, kept beside the data with the rights of its owner
//! alone. Without it, what it locked is lost, so a backup holds it too.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::{SecretSlice, SecretString, zeroize::Zeroize};
use web::{KEY_BYTES, Seal};

use super::private_file;

/// The file's name.
const FILE: &str = "seal.key";

/// The seal of a data directory, with a new key when there is none.
///
/// # Errors
/// When the file cannot be read or written, or holds no key. It is never replaced: what it locked would be
/// lost.
pub(super) fn ensure(data_dir: &Path) -> anyhow::Result<Seal> {
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            if private_file::is_open_to_others(&path)? {
                tracing::warn!(
                    "{} can be read by others than its owner; chmod 600 closes it",
                    path.display()
                );
            }
            read(text).with_context(|| {
                format!(
                    "{} holds no key ({KEY_BYTES} bytes in hexadecimal); put the right one back from a backup",
                    path.display()
                )
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = vec![0; KEY_BYTES];
            getrandom::fill(&mut bytes)?;
            let line = SecretString::from(hex::encode(&bytes));
            private_file::write(&path, &line)?;
            Ok(Seal::new(&SecretSlice::from(bytes))?)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
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
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = ensure(dir.path())
            .unwrap()
            .seal(&"verysecret".into())
            .unwrap();
        let opened = ensure(dir.path()).unwrap().open(&sealed).unwrap();
        assert_eq!(opened.expose_secret(), "verysecret");
        let mode = std::fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_holds_no_key_is_left_alone() {
        for text in ["", "\n", "zz", "abcd", &"0".repeat(66)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(FILE);
            std::fs::write(&path, text).unwrap();
            let error = format!("{:#}", ensure(dir.path()).unwrap_err());
            assert!(error.contains(FILE), "{text:?}: {error}");
            assert!(
                text.trim().is_empty() || !error.contains(text.trim()),
                "{error}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
