//! The token of operators with access to the data directory: made at the first start, stored there
//! and readable by its owner only.

use std::path::Path;

use anyhow::Context;
use domain::core::token::{Issued, Role, Token, TokenCommand};
use domain::{Actor, Metadata};
use secrecy::{ExposeSecret, SecretString};

use super::{Services, private_file};

/// The file's name.
const FILE: &str = "admin.token";

/// The token of a data directory, if there is one that we may read.
pub fn admin_token(data_dir: &Path) -> Option<SecretString> {
    let text = std::fs::read_to_string(data_dir.join(FILE)).ok()?;
    Some(SecretString::from(text.trim().to_owned()))
}

/// The token of a data directory, made and issued when there is none that the log knows.
///
/// # Errors
/// When the file cannot be written or the log does not take the event.
pub(super) async fn ensure(data_dir: &Path, services: &Services) -> anyhow::Result<SecretString> {
    if let Some(token) = known(data_dir, services).await? {
        return Ok(token);
    }
    let token = SecretString::from(people::secret::new_token()?);
    private_file::write(&data_dir.join(FILE), &token)?;
    let hash = people::secret::token_hash(token.expose_secret());
    let issued = Issued {
        name: "data directory".to_owned(),
        hash: hash.clone(),
        role: Role::Admin,
        scopes: Vec::new(),
        expires_at: None,
        at: services.commands.clock().now(),
    };
    let metadata = Metadata {
        actor: Some(Actor::system("house")),
        reason: Some("the data directory had no token that the log knows".to_owned()),
        ..Metadata::default()
    };
    services
        .commands
        .execute::<Token>(&id_of(&hash), TokenCommand::Issue(issued), &metadata)
        .await
        .context("the token of the data directory could not be issued")?;
    Ok(token)
}

/// The token of a data directory, if there is one that the log knows.
///
/// # Errors
/// When the log cannot be read.
pub(super) async fn known(
    data_dir: &Path,
    services: &Services,
) -> anyhow::Result<Option<SecretString>> {
    match admin_token(data_dir) {
        Some(token) if is_known(&token, services).await? => Ok(Some(token)),
        _ => Ok(None),
    }
}

async fn is_known(token: &SecretString, services: &Services) -> anyhow::Result<bool> {
    let id = id_of(&people::secret::token_hash(token.expose_secret()));
    let loaded = services.commands.load::<Token>(&id).await;
    let token = loaded.context("the tokens cannot be read")?;
    Ok(token.state.is_valid())
}

/// The token's id: the beginning of its hash, so that the file finds its event again.
fn id_of(hash: &str) -> String {
    hash[..16].to_owned()
}
