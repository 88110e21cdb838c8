//! `tallyman context`: named servers.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::json;

use super::arguments::Global;
use super::client::{given, plain};
use super::contexts::{Contexts, Known, address};
use super::{Exit, Failure, output};
use crate::config::without_credentials;

#[derive(Debug, Subcommand)]
pub(super) enum Context {
    /// List contexts
    List,
    /// Create or change the context of the server --server; the first one is in use at once
    Set {
        /// The name
        name: String,
        /// Read its token from this file (- for standard input), not from the shell [default: --token]
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Use a context from now on
    Use {
        /// The name
        name: String,
    },
    /// Use no context: use the data directory from now on
    Leave,
    /// Delete a context
    Remove {
        /// The name
        name: String,
    },
}

const COLUMNS: [output::Column; 4] = [
    ("NAME", "/name"),
    ("IN USE", "/current"),
    ("SERVER", "/server"),
    ("TOKEN", "/token"),
];

/// The longest token that is read from a file.
const TOKEN_BYTES_MAX: u64 = 4096;

pub(super) fn run(global: &Global, verb: Context) -> Result<(), Failure> {
    let mut contexts = Contexts::read()?;
    match verb {
        Context::List => {
            let rows = contexts.contexts.iter().map(|(name, known)| {
                json!({
                    "name": name,
                    "current": contexts.current.as_ref() == Some(name),
                    "server": without_credentials(&known.server),
                    // Tokens are not printed.
                    "token": if known.token.is_some() { "kept" } else { "none" },
                })
            });
            return output::rows(global.output, &COLUMNS, &rows.collect::<Vec<_>>());
        }
        Context::Set { name, token_file } => {
            let token = match token_file {
                Some(path) => Some(token_in(&path)?),
                None => given(global)?.map(|token| token.expose_secret().to_owned()),
            };
            let before = contexts.contexts.get(&name);
            let server = global.server.clone();
            let server = server.or_else(|| before.map(|known| known.server.clone()));
            let server = server.ok_or_else(|| {
                Failure::message(
                    Exit::Usage,
                    "the server's address is missing: add --server URL",
                )
            })?;
            let known = Known {
                server: address(&server)?,
                token: token.or_else(|| before.and_then(|known| known.token.clone())),
            };
            contexts.contexts.insert(name.clone(), known);
            // The first one is meant.
            contexts.current.get_or_insert(name);
        }
        Context::Use { name } => {
            contexts.named(&name)?;
            contexts.current = Some(name);
        }
        Context::Leave => contexts.current = None,
        Context::Remove { name } => {
            contexts.named(&name)?;
            contexts.contexts.remove(&name);
            contexts.current = contexts.current.filter(|current| *current != name);
        }
    }
    contexts.write()
}

fn token_in(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .take(TOKEN_BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(TOKEN_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| {
        let reason = format!("{} cannot be read: {error}", path.display());
        Failure::message(Exit::Usage, reason)
    })?;
    let token = plain(&text)?;
    if token.is_empty() {
        let reason = format!("{} contains no token", path.display());
        return Err(Failure::message(Exit::Usage, reason));
    }
    Ok(token.to_owned())
}
