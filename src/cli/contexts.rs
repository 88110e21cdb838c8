//! The command line's file of contexts: addresses and tokens of servers by name.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{Exit, Failure};
use crate::config::without_credentials;

/// The environment variable that names another file, for scripts and tests.
const FILE_VARIABLE: &str = "TALLYMAN_CONTEXTS";

/// A server and its token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// Its base address.
    pub(super) server: String,
    /// The API token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
}

/// All contexts, and the one in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contexts {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<String>,
    /// By name.
    #[serde(default)]
    pub(super) contexts: BTreeMap<String, Known>,
}

impl Contexts {
    /// Reads the file; a missing one has no contexts.
    ///
    /// # Errors
    /// When it exists and cannot be read, or is not a file of contexts.
    pub(super) fn read() -> Result<Self, Failure> {
        let Some(path) = path() else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_yaml_ng::from_str(&text).map_err(|error| {
                // The parser's message may quote the line, and the line may be a token.
                let place = error.location().map_or_else(String::new, |place| {
                    format!(" at line {}, column {}", place.line(), place.column())
                });
                Failure::message(
                    Exit::Usage,
                    format!("{} is not a valid file of contexts{place}", path.display()),
                )
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::message(
                Exit::Failed,
                format!("{} cannot be read: {error}", path.display()),
            )),
        }
    }

    /// Writes the file, readable by its owner only: it contains tokens.
    ///
    /// # Errors
    /// When there is no place for it, or it cannot be written.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let path = path().ok_or_else(|| {
            let reason = format!("no home directory: set {FILE_VARIABLE}=FILE");
            Failure::message(Exit::Usage, reason)
        })?;
        self.write_to(&path)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(())
    }

    fn write_to(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        // Written next to it, then renamed: a full disk must not lose the tokens.
        let new = path.with_extension("new");
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(serde_yaml_ng::to_string(self)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        Ok(())
    }

    /// The context with this name.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn named(&self, name: &str) -> Result<&Known, Failure> {
        self.contexts.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            let known = match &known[..] {
                [] => "there are no contexts".to_owned(),
                known => format!("known contexts: {}", known.join(", ")),
            };
            Failure::message(
                Exit::NotFound,
                format!("context `{name}` not found: {known}"),
            )
        })
    }

    /// The named context, else the one in use.
    ///
    /// # Errors
    /// When it does not exist.
    pub(super) fn chosen(&self, name: Option<&str>) -> Result<Option<&Known>, Failure> {
        let name = name.or(self.current.as_deref());
        name.map(|name| self.named(name)).transpose()
    }
}

/// The base address of a server, if it is one.
///
/// # Errors
/// When it is something else, or holds credentials: a token is given as `--token`.
pub(super) fn address(server: &str) -> Result<String, Failure> {
    let url = reqwest::Url::parse(server).ok();
    let fits = url.is_some_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if !fits {
        let shown = if server.contains('@') {
            without_credentials(server)
        } else {
            server.to_owned()
        };
        let reason = format!(
            "`{shown}` is not the address of a server: expected http://HOST:PORT or https://HOST without user or password"
        );
        return Err(Failure::message(Exit::Usage, reason));
    }
    Ok(server.trim_end_matches('/').to_owned())
}

/// The path of the file, if there is a place for it.
fn path() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(file) = variable(FILE_VARIABLE) {
        return Some(file.into());
    }
    let base = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
    Some(base?.join("tallyman").join("contexts.yaml"))
}
